"""Hosts as directories: what ssh reaches, and the devices that LINSTOR makes on them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.objects import Definition, Resource
from entrypoints.sandbox.devices import Device, HostDevices, devices_of, named

DEVICE_PROGRAMS = (
    "dd",
    "head",
    "cmp",
    "qemu-img",
    "fuser",
    "mkswap",
    "mkfs.ext2",
    "mkfs.ext3",
    "mkfs.ext4",
    "mkfs.xfs",
    "mkfs.btrfs",
)
"""Programs of a host that open a device: the sandbox is asked first."""


class SandboxHosts:
    """The hosts of a sandbox, the front-end among them. *nodes*: LINSTOR's names of hosts, where they are others."""

    def __init__(self, root: Path, names: Sequence[str], front_end: str, nodes: Mapping[str, str]) -> None:
        self._root = root
        self.names = tuple(dict.fromkeys([*names, front_end]))
        self.front_end = front_end
        self.nodes = {host: nodes.get(host, host) for host in self.names}
        self._hosts = {node: host for host, node in self.nodes.items()}
        self._devices = {host: HostDevices(self.home(host)) for host in self.names}
        self._down: set[str] = set()
        self._shared: set[str] = set()
        self._late: dict[str, list[Device]] = {}
        self._door = 0
        for host in self.names:
            (self.home(host) / "var/tmp").mkdir(parents=True, exist_ok=True)
        (root / "log").mkdir(exist_ok=True)
        self._install_programs()
        self._tell()

    def home(self, host: str) -> Path:
        """The directory that is the host's root."""
        return self._root / "hosts" / host

    def _install_programs(self) -> None:
        for directory in ("bin", "host-bin"):
            (self._root / directory).mkdir(exist_ok=True)
        self._program("ssh", self._root / "bin" / "ssh")
        for name in ("device", "virsh"):
            self._program(name, self._root / "host-bin" / name)
        for name in DEVICE_PROGRAMS:
            link = self._root / "host-bin" / name
            link.unlink(missing_ok=True)
            link.symlink_to("device")

    def _program(self, name: str, path: Path) -> None:
        text = (resources.files("entrypoints.sandbox") / "bin" / name).read_text(encoding="utf-8")
        path.write_text(text.replace("@PYTHON@", sys.executable).replace("@ROOT@", str(self._root)), encoding="utf-8")
        path.chmod(0o755)

    def _tell(self) -> None:
        """What the stand-in programs read, written in one step."""
        state = {"front_end": self.front_end, "hosts": list(self.names), "down": sorted(self._down), "door": self._door}
        new = self._root / "hosts.json.new"
        new.write_text(json.dumps(state), encoding="utf-8")
        new.replace(self._root / "hosts.json")

    # -- switches -------------------------------------------------------------------------------

    def answer_at(self, port: int) -> None:
        """Programs of the hosts find the model behind this port of the loopback address."""
        self._door = port
        self._tell()

    def down(self, host: str) -> None:
        """Ssh finds no route to the host."""
        self._down.add(host)
        self._tell()

    def up(self, host: str) -> None:
        """Ssh reaches the host again."""
        self._down.discard(host)
        self._tell()

    def share(self, datastore_id: int) -> None:
        """The system datastore lies on a file system that all hosts and the front-end mount."""
        self._shared.add(str(datastore_id))
        own = self._datastores / str(datastore_id)
        own.mkdir(parents=True, exist_ok=True)
        for host in self.names:
            mounted = self.home(host) / str(own).lstrip("/")
            if host != self.front_end and not mounted.is_symlink():
                mounted.parent.mkdir(parents=True, exist_ok=True)
                mounted.symlink_to(own)

    # -- places ---------------------------------------------------------------------------------

    @property
    def _datastores(self) -> Path:
        return self._root / "one" / "var" / "datastores"

    def path(self, host: str, path: str) -> Path:
        """Where a path of a host is in the sandbox."""
        plain = Path(re.sub(r"/{2,}", "/", path))
        if plain.is_relative_to(self._datastores):
            below = plain.relative_to(self._datastores).parts
            if host == self.front_end or (below and below[0] in self._shared):
                return plain
        return self.home(host) / str(plain).lstrip("/")

    def plain(self, path: Path) -> str:
        """What the hosts call a path that a link of theirs names."""
        return named(path) or str(path)

    # -- devices --------------------------------------------------------------------------------

    def follow(self, model: LinstorModel) -> None:
        """Let devices appear and vanish with the model."""
        model.listen(lambda what, definition, resource: self._changed(model, what, definition, resource))

    def _changed(self, model: LinstorModel, what: str, definition: Definition, resource: Resource) -> None:
        host = self._hosts.get(resource.node)
        if host is None:
            return
        for device in devices_of(model, definition, resource):
            if what == "vanished":
                self._vanish(host, device)
            elif host in self._late:
                self._late[host].append(device)
            else:
                self._devices[host].put(device)

    def _vanish(self, host: str, device: Device) -> None:
        if host in self._late:
            self._late[host] = [each for each in self._late[host] if each.path != device.path]
        self._devices[host].remove(device)

    def hold_back(self, host: str) -> None:
        """Devices are late on the host: a new or changed one does not show before `show`."""
        self._late.setdefault(host, [])

    def show(self, host: str) -> None:
        """The devices that were held back appear."""
        for device in self._late.pop(host, []):
            self._devices[host].put(device)

    def devices(self, host: str) -> dict[str, int]:
        """The devices of a host by name, and their sizes in bytes."""
        return self._devices[host].listing()

    def resource_of(self, model: LinstorModel, host: str, path: str) -> str | None:
        """The resource whose device on *host* is *path*, or what *path* links to; None where it has no such device."""
        name = named(Path(path))
        with model.state.lock:
            for definition in model.state.definitions.values() if name else ():
                resource = definition.resources.get(self.nodes[host])
                if resource and any(
                    name in (each.path, each.alias) for each in devices_of(model, definition, resource)
                ):
                    return definition.name
        return None
