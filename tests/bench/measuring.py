"""One life of images and a VM in a sandbox, and what every executable of it took."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

from tests.bench.programs import Traced

from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.objects import Definition, Resource, VolumeDefinition
from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR, Cloud
from entrypoints.sandbox.world import Completed, Sandbox

OS_IMAGE, DATA_IMAGE, VM = 0, 1, 7
SECOND = "datastore rm (second)"
DATA_DISK, VOLATILE_DISK = 2, 3  # disk 1 is the context
MIB = 16
FOREIGN_PORT, FOREIGN_MINOR = 20000, 200000


@dataclass(frozen=True)
class Measured:
    """What one executable took; *own_seconds* is without the time in LINSTOR and on hosts.

    *ssh* counts its own sessions per host, *other_ssh* those of OpenNebula's scripts that it called.
    *requests* and *bytes*, which are answered ones, are without *polls*.
    """

    requests: tuple[str, ...]
    polls: int
    oned: int
    ssh: dict[str, int]
    other_ssh: int
    bytes: int
    seconds: float
    own_seconds: float

    @classmethod
    def of(cls, ended: Completed, poll_bytes: int) -> Measured:
        """The figures of an executable that ended; questions for the state of a clone are polls."""
        requests = tuple(each for each in ended.linstor_requests if not is_poll(each))
        polls = len(ended.linstor_requests) - len(requests)
        ours = Counter(each.host for each in ended.ssh_sessions if each.ours)
        return cls(
            requests,
            polls,
            len(ended.oned_requests),
            dict(ours),
            len(ended.ssh_sessions) - ours.total(),
            ended.linstor_bytes - poll_bytes,
            ended.seconds,
            ended.seconds - ended.waited,
        )

    @property
    def versions(self) -> int:
        """How often the controller was asked for its version."""
        return sum(each.partition("?")[0].endswith("/controller/version") for each in self.requests)


def is_poll(request: str) -> bool:
    """Whether a request asks for the state of a clone."""
    return request.startswith("GET ") and "/clone/" in request


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


class Life:
    """What happens to two images and a VM; `play` carries it out and yields the action of each call that ran."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._cloud = Cloud(sandbox)

    def play(self) -> Iterator[tuple[str, Completed]]:
        """Every call of ours, by action."""
        steps = (self._images, self._volatile, self._monitor, self._migrate, self._end)
        for step in steps:
            begun = len(self._cloud.calls)
            names = step()
            calls = self._cloud.calls[begun:]
            yield from zip(names, (ended for _, ended in calls), strict=True)

    def _images(self) -> list[str]:
        path = self._cloud.sources / "os.raw"
        path.write_bytes(b"benchmark" * 512 + bytes(MIB * 1024 * 1024 - 4608))
        self._cloud.import_image(OS_IMAGE, "os", str(path))
        self._cloud.make_image(DATA_IMAGE, "data", MIB, persistent=True)
        self._cloud.deploy(VM, "host-a", [OS_IMAGE], system=SYSTEM_LINSTOR)
        self._cloud.attach(VM, DATA_DISK, DATA_IMAGE)
        return ["datastore stat", "datastore cp", "datastore mkfs", "tm clone", "tm context", "tm ln"]

    def _volatile(self) -> list[str]:
        """A disk that is made and deleted while the VM runs."""
        document = self._cloud.vms[VM]
        values = {"TYPE": "fs", "FORMAT": "raw", "SIZE": MIB, "TM_MAD": "linstor", "SAVE": "NO"}
        document.disks[VOLATILE_DISK] = dict(values)
        self._sandbox.oned.put("vm", VM, document.xml())
        place = f"host-a:{self._cloud.directory(VM)}/disk.{VOLATILE_DISK}"
        self._cloud.call("tm", "linstor", "mkimage", MIB, "raw", place, VM, SYSTEM_LINSTOR)
        self._cloud.call("tm", "linstor", "delete", place, VM, SYSTEM_LINSTOR)
        del document.disks[VOLATILE_DISK]
        self._sandbox.oned.put("vm", VM, document.xml())
        return ["tm mkimage", "tm delete (volatile)"]

    def _monitor(self) -> list[str]:
        for kind, identity in (("datastore", IMAGES), ("tm", SYSTEM_LINSTOR)):
            document = self._sandbox.oned.get("datastore", identity) or ""
            data = base64.b64encode(documents.action_data(document))
            self._cloud.call(kind, "linstor", "monitor", identity, stdin=data)
        return ["datastore monitor", "tm monitor"]

    def _migrate(self) -> list[str]:
        self._cloud.prepare_migration(VM, "host-c")
        self._cloud.migrate_guest(VM)
        self._cloud.finish_migration(VM)
        return ["tm premigrate", "tm postmigrate"]

    def _end(self) -> list[str]:
        self._cloud.terminate(VM)
        self._cloud.remove_image(OS_IMAGE)
        self._cloud.remove_image(DATA_IMAGE)
        return ["tm delete", "tm mvds", "tm delete (directory)", "datastore rm", SECOND]


def life(foreign: int) -> dict[str, Measured]:
    """The figures of one life beside *foreign* definitions, by action."""
    with Sandbox() as sandbox:
        add_foreign(sandbox.linstor, foreign)
        calls = list(Life(sandbox).play())
        log = iter(sandbox.server.requests)
        measured = {}
        for name, ended in calls:
            logged = islice(log, len(ended.linstor_requests))
            polls = sum(each.bytes_out for each in logged if is_poll(f"{each.method} {each.path}"))
            measured[name] = Measured.of(ended, polls)
    del measured[SECOND]
    return measured


def programs() -> dict[str, int]:
    """How many programs each action starts on the front-end; nothing where there is no strace."""
    if shutil.which("strace") is None:
        return {}
    sandbox = Traced()
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
