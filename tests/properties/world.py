"""A whole cloud in one process: the real container and parser over the ports in memory."""

from __future__ import annotations

import io
import itertools
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from dependency_injector import providers
from tests.properties.faults import Fault, Killed, OneCluster, Process, Watched
from tests.properties.guests import MemoryGuests, plain
from tests.properties.interleaving import Batons
from tests.properties.outages import Outages
from tests.properties.overhearing import Overheard
from tests.properties.wires import Wires

from adapters.memory.backup_stores import MemoryBackupStores
from adapters.memory.clock import MemoryClock
from adapters.memory.cluster import MemoryCluster
from adapters.memory.exports import MemoryExports
from adapters.memory.hosts import MemoryHosts
from adapters.memory.inventory import MemoryInventories
from adapters.memory.linstor import LinstorModel
from adapters.memory.locks import MemoryLocks
from adapters.memory.model_devices import ModelDevices
from adapters.memory.oned import MemoryOned
from adapters.memory.parallel import MemoryParallel
from adapters.memory.pools import MemoryPools
from adapters.memory.scripts import MemoryScripts
from adapters.memory.sources import MemorySources
from adapters.opennebula.xml import parse_datastore, parse_vm
from domain.clearing import Asked, Done
from domain.names import HostName
from domain.opennebula import Image
from domain.ports import Oned
from entrypoints.container import Container
from entrypoints.remotes.main import run
from entrypoints.remotes.parser import Call

HOSTS = ("alpha", "beta", "gamma", "delta")
FRONT_END = "one-fe"
_ROOT = tempfile.TemporaryDirectory(prefix="properties-")


class Documents:
    """oned's documents, told to the port as the port knows them."""

    def __init__(self, port: MemoryOned, wires: Wires | None) -> None:
        self.port = port
        self._wires = wires
        self._documents: dict[tuple[str, int], str] = {}

    def put(self, kind: str, identity: int, document: str) -> None:
        """Know an object."""
        self._documents[kind, identity] = document
        if self._wires is not None:
            self._wires.told.put(kind, identity, document)
        parse = {"vm": parse_vm, "datastore": parse_datastore}.get(kind)
        if parse is not None:
            self.port.put(parse(document.encode()))

    def get(self, kind: str, identity: int) -> str | None:
        """The document as oned has it."""
        return self._documents.get((kind, identity))

    def forget(self, kind: str, identity: int) -> None:
        """Know it no more."""
        self._documents.pop((kind, identity), None)
        self.port.vms.pop(identity, None)
        if self._wires is not None:
            self._wires.told.forget(kind, identity)


@dataclass(frozen=True)
class Ended:
    """How an executable ended; 137 is a kill."""

    exit_code: int
    stdout: str
    stderr: str
    process: Process


@dataclass
class HostNames:
    """What the cloud asks the sandbox's hosts."""

    front_end: str = FRONT_END
    names: tuple[str, ...] = (*HOSTS, FRONT_END)
    shared: list[int] = field(default_factory=list)

    def share(self, datastore: int) -> None:
        """Let a datastore lie on a shared file system; here the hosts have that from the start."""
        self.shared.append(datastore)


class World:
    """Stands in the place of the sandbox for `Cloud`. *plan*: action (`tm/clone`) -> the fault of its next start.

    *wired*: LINSTOR and oned are behind real protocols. *told*: each call of a port with what came of it, where wanted.
    *meanwhile* happens before each call of a port. *still*: guests that an order left standing still, though every host
    answered it.
    """

    def __init__(self, shared: Sequence[int] = (), *, wired: bool = False) -> None:
        self.root = Path(_ROOT.name)
        self.one = self.root / "one"
        self.controller = "memory"
        self.batons = Batons()
        self.clock = MemoryClock(passed=lambda _seconds: self.batons.pause(waiting=True))
        ticks = itertools.count(1_700_000_000)
        groups = {"OpenNebula-Default": 2, "OpenNebula-System": 2}
        self.linstor = LinstorModel.simple(HOSTS, diskless=[FRONT_END], groups=groups, now=lambda: float(next(ticks)))
        self._wires = Wires(self.linstor, self.root) if wired else None
        devices = ModelDevices(self.linstor)
        common = [plain(self.one / "var" / "datastores" / str(each)) for each in shared]
        self.memory_hosts = MemoryHosts(devices, (*HOSTS, FRONT_END), shared=common, clock=self.clock)
        self.hosts = HostNames()
        self.oned = Documents(MemoryOned(), self._wires)
        self.sources = MemorySources(self.memory_hosts)
        self.backup_stores = MemoryBackupStores()
        self.exports = MemoryExports(self.memory_hosts, {"/var/tmp"})
        self.scripts = MemoryScripts()
        self.guests = MemoryGuests(self.linstor, self.memory_hosts)
        self.plan: dict[str, Fault] = {}
        self.ended: list[tuple[str, Ended]] = []
        self.told: list[str] | None = None
        self.outages = Outages(self.linstor, self.memory_hosts, self.guests)
        self.meanwhile: Callable[[], object] = lambda: None
        self.still: set[str] = set()
        self._running = threading.local()
        self._locks = MemoryLocks(self.clock)

    def close(self) -> None:
        """End what listens on sockets."""
        if self._wires is not None:
            self._wires.close()

    def _watched(self, name: str, port: object) -> Watched:
        return Watched(name, port, self._step) if self.told is None else Overheard(name, port, self._step, self.told)

    def _cluster(self) -> Any:
        cluster = MemoryCluster(self.linstor) if self._wires is None else self._wires.cluster
        return self.outages.reached(cluster)

    def _oned(self) -> Oned:
        return self.oned.port if self._wires is None else self._wires.oned

    def _step(self) -> Process:
        """The process of this thread, which is about to make a call; another order may come first."""
        self.batons.pause()
        process: Process = self._running.process
        return process

    @contextmanager
    def _wired(self) -> Iterator[None]:
        """The real container with the ports in memory."""
        cluster = self._watched("cluster", self._cluster())
        ports = {
            "installation": SimpleNamespace(version=(7, 4, 0), remotes=self.one / "var" / "remotes"),
            "front_end": HostName(FRONT_END),
            "clusters": OneCluster(cluster),
            "oned": self._watched("oned", self._oned()),
            "hosts": self._watched("hosts", self.memory_hosts),
            "sources": self._watched("sources", self.sources),
            "exports": self._watched("exports", self.exports),
            "backup_stores": self._watched("backup_stores", self.backup_stores),
            "scripts": self._watched("scripts", self.scripts),
            "locks": self._locks,
            "parallel": MemoryParallel(),
            "clock": self.clock,
        }
        with ExitStack() as overridden:
            for name, port in ports.items():
                overridden.enter_context(getattr(Container, name).override(providers.Object(port)))
            yield

    def run(self, kind: str, driver: str, action: str, argv: Sequence[str], stdin: bytes = b"") -> Ended:
        """Start an executable of ours, or play one of OpenNebula's own."""
        if driver != "linstor":
            return Ended(0, self.scripts.run(kind, driver, action, list(argv), stdin), "", Process())
        name = f"{kind}/{action.partition('.')[0]}"
        process = self._running.process = Process(self.plan.pop(name, None), self.clock.sleep, self._before)
        out, err = io.StringIO(), io.StringIO()
        try:
            with self._wired():
                code = run(Call(kind, action, tuple(argv), stdin), {}, out, err)
        except Killed:
            code = 137
        self.outages.order_ended()
        ended = Ended(code, out.getvalue(), err.getvalue(), process)
        self.ended.append((name, ended))
        if not (self.outages.any or process.broke("hosts.run")):
            self.still |= self.memory_hosts.frozen
        # the watchdog on the host thaws what a killed order has frozen
        self.memory_hosts.frozen.clear()
        return ended

    def _before(self, number: int) -> None:
        """Call number *number* of an order is about to be made."""
        self.outages.due(number)
        self.meanwhile()

    def clear_orphans(self, images: dict[int, Image]) -> list[Done]:
        """`onelinstor orphans --delete`, when no order is running; *images* are those that oned has."""
        self._running.process = Process()
        pools = MemoryPools(self.oned.port)
        pools.image_list, pools.host_list = images, [HostName(host) for host in HOSTS]
        # the administrator knows that there is no other OpenNebula
        asked = Asked(now=2_000_000_000, older=0, hosts=[HostName(FRONT_END)], trusting=True)
        with self._wired():
            container = Container()
            container.pools.override(pools)
            container.inventories.override(MemoryInventories(lambda _settings: MemoryCluster(self.linstor)))
            rule = container.orphans()
            return list(rule.clear(rule.find(asked), asked))

    def hosts_share(self, path: str) -> bool:
        """Whether all hosts see one file at *path*."""
        trees = {id(self.memory_hosts.host(host).tree(path)) for host in HOSTS}
        return len(trees) == 1
