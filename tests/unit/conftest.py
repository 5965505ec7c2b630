"""The whole driver on in-memory ports: an order goes in as oned gives it, and comes out as text and exit code."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from dependency_injector import providers

from adapters.memory.backup_stores import MemoryBackupStores
from adapters.memory.clock import MemoryClock
from adapters.memory.cluster import MemoryCluster
from adapters.memory.exports import MemoryExports
from adapters.memory.file_tree import Link
from adapters.memory.hosts import MemoryHosts
from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.devices import Handle
from adapters.memory.linstor.objects import Definition
from adapters.memory.locks import MemoryLocks
from adapters.memory.model_devices import ModelDevices
from adapters.memory.oned import MemoryOned
from adapters.memory.parallel import MemoryParallel
from adapters.memory.scripts import MemoryScripts
from adapters.memory.sources import MemorySources
from domain.names import GroupName, HostName, VolumeName
from domain.opennebula import Datastore, Disk, History, Vm
from domain.settings import StorageSettings
from domain.volumes import Deployment, Role
from entrypoints.container import Container
from entrypoints.remotes import main
from entrypoints.remotes.parser import Call
from entrypoints.sandbox import documents
from entrypoints.wrapping import WrappedPort

HOSTS = ("host-a", "host-b", "host-c", "host-d")
FRONT_END = "front-end"
IMAGES, SYSTEM = 100, 101
SIZE_MIB = 64


class OneLinstor:
    """Every datastore names the same LINSTOR."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster

    def of(self, _: StorageSettings) -> Any:
        """The one."""
        return self._cluster


@dataclass(frozen=True)
class Ended:
    """How an executable ended."""

    code: int
    out: str
    err: str


class Driver:
    """The driver, and a world of four hosts, two replicas for each volume, and a front-end without LINSTOR.

    *attributes* are those of both datastores; they may be changed before an order.
    """

    def __init__(self, *, kind: str = "LVM_THIN", shared: tuple[str, ...] = (), group: str = "two") -> None:
        self.model = LinstorModel.simple(HOSTS, groups={"two": 2}, kind=kind)
        self.cluster = MemoryCluster(self.model)
        self.clock = MemoryClock()
        self.locks = MemoryLocks(self.clock)
        self.oned = MemoryOned()
        self.devices = ModelDevices(self.model)
        self.hosts = MemoryHosts(self.devices, (*HOSTS, FRONT_END), shared=shared, clock=self.clock)
        self.scripts = MemoryScripts()
        self.backup_stores = MemoryBackupStores()
        self.sources = MemorySources(self.hosts)
        self.exports = MemoryExports(self.hosts, {"/var/tmp"})
        self.attributes = {"LINSTOR_RESOURCE_GROUP": group}
        self._faults: dict[tuple[str, str], tuple[Exception, int]] = {}
        self._calls: dict[tuple[str, str], int] = {}

    # -- orders ----------------------------------------------------------------------------------

    def tm(self, action: str, *argv: object) -> Ended:
        """What oned runs for a disk or a VM; the VM is asked of oned."""
        return self._run(Call("tm", action, tuple(str(word) for word in argv)))

    def datastore(self, action: str, image: int | None = None, *, size_mib: int = 0, **values: object) -> Ended:
        """What oned runs for an image; *values* are elements of the IMAGE."""
        given = {name.upper(): value for name, value in values.items()}
        parts = [] if image is None else [documents.image(image, f"image {image}", size_mib, given)]
        parts.append(documents.datastore(IMAGES, "images", ("linstor", "linstor"), self.attributes, kind=0, base="/x"))
        return self._run(Call("datastore", action, (), base64.b64encode(documents.action_data(*parts))))

    def _run(self, call: Call) -> Ended:
        for each in (IMAGES, SYSTEM):
            self.oned.put(Datastore(each, attributes=self.attributes))
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(main, "Container", self._container)
            code = main.run(call, {"ONE_LOCATION": "/nowhere"}, out, err)
        return Ended(code, out.getvalue(), err.getvalue())

    def _container(self, **given: Any) -> Container:
        container = Container(**given)
        ports = {
            "clusters": OneLinstor(self._port("cluster", self.cluster)),
            "clock": self.clock,
            "locks": self.locks,
            "parallel": MemoryParallel(),
            "front_end": HostName(FRONT_END),
        }
        ports |= {
            name: self._port(name, getattr(self, name))
            for name in ("oned", "hosts", "scripts", "sources", "backup_stores")
        }
        ports["exports"] = self._port("exports", self.exports)
        for name, port in ports.items():
            getattr(container, name).override(providers.Object(port))
        return container

    # -- faults ----------------------------------------------------------------------------------

    def refuse(self, port: str, method: str, error: Exception, *, times: int = 10**6) -> None:
        """Let that call of a port fail from now on, or so many times."""
        self._faults[port, method] = (error, times)

    def mend(self) -> None:
        """Nothing fails any more."""
        self._faults.clear()

    def calls(self, port: str, method: str) -> int:
        """How often the rules called that."""
        return self._calls.get((port, method), 0)

    def _port(self, name: str, port: Any) -> Any:
        return WrappedPort(name, port, self._around)

    def _around(self, port: str, method: str, call: Callable[[], Any]) -> Any:
        key = (port, method)
        self._calls[key] = self._calls.get(key, 0) + 1
        error, left = self._faults.get(key, (None, 0))
        if error is not None and left > 0:
            self._faults[key] = (error, left - 1)
            raise error
        return call()

    # -- the world -------------------------------------------------------------------------------

    def volume(self, name: str, size_kib: int = SIZE_MIB * 1024, **marks: str) -> VolumeName:
        """A new volume."""
        assert self.cluster.create(VolumeName(name), size_kib, GroupName("two"), marks)
        return VolumeName(name)

    def vm(self, *disks: Disk, on: tuple[str, ...] = ("host-a",), tm_mad: str = "linstor", **more: Any) -> Vm:
        """VM 7 with *disks*, after it was on these hosts one after the other."""
        history = tuple(History(seq, host, SYSTEM, tm_mad) for seq, host in enumerate(on))
        vm = replace(Vm(7, disks=disks, history=history, deploy_id="one-7"), **more)
        self.oned.put(vm)
        return vm

    def seen(self, volume: str) -> tuple[Deployment, ...]:
        """Where LINSTOR has the volume."""
        return self.cluster.deployments([VolumeName(volume)])[VolumeName(volume)]

    def replicas(self, volume: str) -> list[HostName]:
        """The hosts that hold its data."""
        return [each.host for each in self.seen(volume) if each.role is Role.REPLICA]

    def strangers(self, volume: str) -> list[HostName]:
        """The hosts that hold none of it."""
        return [HostName(host) for host in HOSTS if host not in self.replicas(volume)]

    def attached(self, volume: str) -> list[HostName]:
        """The hosts that use it over the network."""
        return [each.host for each in self.seen(volume) if each.role is Role.ATTACHMENT]

    def definition(self, volume: str) -> Definition:
        """What LINSTOR has on record."""
        return self.model.state.definitions[volume]

    @property
    def volumes(self) -> list[str]:
        """Every volume that LINSTOR has."""
        return sorted(self.model.state.definitions)

    def open(self, volume: str, host: str, *, write: bool = True) -> Handle:
        """A guest on that host opens its disk."""
        return self.model.devices.open(host, volume, write=write, label="guest")

    def write(self, volume: str, data: bytes, offset: int = 0) -> None:
        """Put *data* into the volume, through one of its replicas."""
        here = next(each for each in self.seen(volume) if each.role is Role.REPLICA)
        self.devices.write(here.host, str(here.device), offset, data)

    def read(self, volume: str, length: int, offset: int = 0) -> bytes:
        """What the volume holds, by its first good replica."""
        here = next(each for each in self.seen(volume) if each.good_replica)
        return self.devices.read(here.host, str(here.device), offset, length)

    def link(self, host: str, path: str) -> str | None:
        """Where the link at *path* leads; None where there is none."""
        found = self.hosts.host(host).get(path)
        return found.target if isinstance(found, Link) else None

    def put(self, host: str, path: str, entry: bytes | Link) -> None:
        """Put a file or a link on a host, with its directory."""
        self.hosts.host(host).make_directory(path.rpartition("/")[0])
        self.hosts.host(host).put(path, entry)


@pytest.fixture
def driver() -> Driver:
    """A fresh world."""
    return Driver()


@pytest.fixture
def make_driver() -> type[Driver]:
    """For worlds of another kind: thick pools, shared directories, another group."""
    return Driver
