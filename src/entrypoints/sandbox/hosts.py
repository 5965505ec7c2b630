"""Hosts as directories: what ssh reaches, and the devices that LINSTOR makes on them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from adapters.memory.linstor.model import LinstorModel
from adapters.memory.linstor.objects import Definition, Resource

DEVICE_PROGRAMS = ("dd", "mkfs.ext2", "mkfs.ext3", "mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "mkswap", "fuser")


class SandboxHosts:
    """The hosts of a sandbox, the front-end among them."""

    def __init__(self, root: Path, names: Sequence[str], front_end: str, nodes: Mapping[str, str]) -> None:
        self._root = root
        self.names = tuple(dict.fromkeys([*names, front_end]))
        self.front_end = front_end
        self._hosts = {nodes.get(host, host): host for host in self.names}
        self.nodes = {host: node for node, host in self._hosts.items()}
        self._down: set[str] = set()
        self._shared: set[str] = set()
        for name in self.names:
            for directory in ("dev/drbd/by-res", "sys/class/block", "var/tmp"):
                (root / "hosts" / name / directory).mkdir(parents=True, exist_ok=True)
        (root / "log").mkdir(exist_ok=True)
        self._install_programs()
        self._tell()

    def _install_programs(self) -> None:
        for directory in ("bin", "host-bin"):
            (self._root / directory).mkdir(exist_ok=True)
        self._program("ssh", self._root / "bin" / "ssh")
        self._program("device", self._root / "host-bin" / "device")
        for name in DEVICE_PROGRAMS:
            (self._root / "host-bin" / name).symlink_to("device")

    def _program(self, name: str, path: Path) -> None:
        text = (resources.files("entrypoints.sandbox") / "bin" / name).read_text(encoding="utf-8")
        path.write_text(text.replace("@PYTHON@", sys.executable).replace("@ROOT@", str(self._root)), encoding="utf-8")
        path.chmod(0o755)

    def _tell(self) -> None:
        state = {"front_end": self.front_end, "hosts": list(self.names)}
        state |= {"down": sorted(self._down), "shared": sorted(self._shared)}
        new = self._root / "hosts.json.new"
        new.write_text(json.dumps(state), encoding="utf-8")
        new.replace(self._root / "hosts.json")

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
        self._tell()

    def path(self, host: str, path: str) -> Path:
        """Where a path of a host is in the sandbox."""
        one = str(self._root / "one" / "var" / "datastores")
        plain = path.replace("//", "/")
        if plain.startswith(one):
            datastore = plain.removeprefix(one).strip("/").split("/")[0]
            if host == self.front_end or datastore in self._shared:
                return Path(plain)
        return self._root / "hosts" / host / plain.lstrip("/")

    # -- devices --------------------------------------------------------------------------------

    def follow(self, model: LinstorModel) -> None:
        """Let devices appear and vanish with the model."""
        model.listen(lambda what, definition, resource: self._device(what, definition, resource))

    def _device(self, what: str, definition: Definition, resource: Resource) -> None:
        host = self._hosts.get(resource.node)
        if host is None:
            return
        for volume in definition.volumes.values():
            name = f"drbd{volume.minor}"
            device = self._root / "hosts" / host / "dev" / name
            link = self._root / "hosts" / host / "dev" / "drbd" / "by-res" / definition.name
            size = self._root / "hosts" / host / "sys" / "class" / "block" / name
            if what == "vanished" or volume.content is None or volume.content.path is None:
                device.unlink(missing_ok=True)
                shutil.rmtree(link, ignore_errors=True)
                shutil.rmtree(size, ignore_errors=True)
                continue
            if not device.exists():
                os.link(volume.content.path, device)
            link.mkdir(parents=True, exist_ok=True)
            if not (link / "0").is_symlink():
                (link / "0").symlink_to(device)
            size.mkdir(exist_ok=True)
            (size / "size").write_text(f"{volume.content.size // 512}\n", encoding="utf-8")

    def resource_of(self, model: LinstorModel, host: str, path: str) -> str | None:
        """The resource behind a device path of *host*, links followed."""
        name = Path(os.path.realpath(path)).name
        for definition in model.state.definitions.values():
            if any(f"drbd{volume.minor}" == name for volume in definition.volumes.values()):
                return definition.name if self.nodes[host] in definition.resources else None
        return None
