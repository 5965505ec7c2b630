"""What every executable took in one life of images and a VM, and how long a VM with many disks takes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

from tests.bench.life import FILLING, HOSTS, MIB, Life
from tests.bench.programs import Traced

from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.objects import Definition, Resource, VolumeDefinition
from entrypoints.sandbox.cloud import SYSTEM_LINSTOR, Cloud
from entrypoints.sandbox.linstor.faults import Fault
from entrypoints.sandbox.world import Completed, Sandbox

FOREIGN_PORT, FOREIGN_MINOR = 20000, 200000
VIEW = "GET /v1/view/resources"
MANY_VM = 8
LATENCY = 0.05
"""Seconds that each request takes longer while many disks are looked at."""
DELAYS = 500
"""More than the requests that come then: each delay happens once."""


@dataclass(frozen=True)
class Measured:
    """What one executable took; *own_seconds* is without the time in LINSTOR and on hosts.

    *ssh* counts its own sessions per host, *other_ssh* those of OpenNebula's scripts that it called.
    *requests* and *bytes*, which are answered ones, are without *polls*. *moved* are the bytes through ssh, both ways.
    """

    requests: tuple[str, ...]
    polls: int
    oned: int
    ssh: dict[str, int]
    other_ssh: int
    bytes: int
    moved: int
    seconds: float
    own_seconds: float

    @classmethod
    def of(cls, ended: Completed, poll_bytes: int) -> Measured:
        """The figures of an executable that ended."""
        waits = polls_of(ended.linstor_requests)
        requests = tuple(each for each, waiting in zip(ended.linstor_requests, waits, strict=True) if not waiting)
        polls = len(ended.linstor_requests) - len(requests)
        ours = Counter(each.host for each in ended.ssh_sessions if each.ours)
        return cls(
            requests,
            polls,
            len(ended.oned_requests),
            dict(ours),
            len(ended.ssh_sessions) - ours.total(),
            ended.linstor_bytes - poll_bytes,
            sum(each.bytes_in + each.bytes_out for each in ended.ssh_sessions),
            ended.seconds,
            ended.seconds - ended.waited,
        )

    @property
    def versions(self) -> int:
        """How often the controller was asked for its version."""
        return sum(each.partition("?")[0].endswith("/controller/version") for each in self.requests)


def polls_of(requests: Sequence[str]) -> list[bool]:
    """Which of the *requests* of an order wait for what it has asked for to come about.

    They ask for the state of a clone, or look again at where volumes are after a change (docs/decisions/0004).
    """
    changed, polls = False, []
    for each in requests:
        looks = each.startswith("GET ")
        polls.append(looks and ("/clone/" in each or (changed and each.startswith(VIEW))))
        changed = changed or not looks
    return polls


def add_foreign(model: LinstorModel, count: int) -> None:
    """Put *count* definitions of others into the cluster."""
    add_volumes(model, [f"foreign-{number:05d}" for number in range(count)])


def add_volumes(model: LinstorModel, names: Sequence[str]) -> None:
    """Put definitions into the cluster, each with two replicas and no contents."""
    nodes = [name for name, node in model.state.nodes.items() if "data" in node.pools]
    for number, name in enumerate(names):
        definition = Definition(name, "OpenNebula-Second", ["DRBD", "STORAGE"])
        definition.port, definition.layers_known = FOREIGN_PORT + number, True
        definition.volumes[0] = VolumeDefinition(0, MIB * 1024, FOREIGN_MINOR + number)
        for node_id in range(2):
            node = nodes[(number + node_id) % len(nodes)]
            definition.resources[node] = Resource(node, node_id=node_id, pool="data")
        with model.state.lock:
            model.state.add(definition)


def life(foreign: int) -> dict[str, Measured]:
    """The figures of one life beside *foreign* definitions, by action."""
    with Sandbox(hosts=HOSTS) as sandbox:
        add_foreign(sandbox.linstor, foreign)
        calls = list(Life(sandbox).play())
        log = iter(sandbox.server.requests)
        measured = {}
        for name, ended in calls:
            logged = list(islice(log, len(ended.linstor_requests)))
            waits = polls_of([f"{each.method} {each.path}" for each in logged])
            polls = sum(each.bytes_out for each, waiting in zip(logged, waits, strict=True) if waiting)
            measured[name] = Measured.of(ended, polls)
    del measured[FILLING]
    return measured


def many_disks(count: int) -> dict[str, float]:
    """Seconds of both ends of a live migration of a VM with *count* disks, each request to LINSTOR taking a while."""
    with Sandbox() as sandbox:
        cloud = Cloud(sandbox)
        for image in range(count):
            cloud.make_image(image, f"disk-{image}", 1, persistent=True)
        cloud.deploy(MANY_VM, "host-a", list(range(count)), system=SYSTEM_LINSTOR)
        begun = len(cloud.calls)
        for _ in range(DELAYS):
            sandbox.server.fault(Fault(lambda *_: True, how="delay", delay=LATENCY))
        cloud.prepare_migration(MANY_VM, "host-c")
        cloud.migrate_guest(MANY_VM)
        cloud.finish_migration(MANY_VM)
        return {name.replace("/linstor/", " "): ended.seconds for name, ended in cloud.calls[begun:]}


def programs() -> dict[str, int]:
    """How many programs each action starts on the front-end; nothing where there is no strace."""
    if shutil.which("strace") is None:
        return {}
    sandbox = Traced(hosts=HOSTS)
    with sandbox:
        names = [name for name, _ in Life(sandbox).play()]
        return dict(zip(names, sandbox.programs, strict=True))


def import_seconds() -> float:
    """How long a Python takes to start, import python-linstor, and end."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-I", "-c", "import linstor"], check=True)
    return time.monotonic() - began


def timed(foreign: int, runs: int) -> tuple[dict[str, Measured], dict[str, float], float]:
    """The figures of one life, the median own seconds per action, the median of the import; both interleaved."""
    lives, imports = [], []
    for _ in range(runs):
        imports.append(import_seconds())
        lives.append(life(foreign))
        imports.append(import_seconds())
    own = {name: median(each[name].own_seconds for each in lives) for name in lives[0]}
    return lives[0], own, median(imports)
