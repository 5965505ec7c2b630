"""Devices of hosts as files: they appear, change size and vanish with the model (linstor.md 1.4).

A device is a hard link to the sparse file of its volume. Its size stands in `sys/class/block/NAME/size`, in sectors of
512 bytes, and a DRBD device has udev's name `drbd/by-res/RESOURCE/VOLUME` beside it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.objects import Definition, Resource

SECTOR = 512
MOST_LINKS = 8
_DEVICE = re.compile(r"(?:/proc/[^/]+/fd/199|.*/hosts/[^/]+)?(/dev/.+)")
"""A device as its host names it, as a session on the host does (`bin/ssh`), or as a file of the sandbox."""


@dataclass(frozen=True)
class Device:
    """The device of one volume: *path* and *alias* as its host names them, *file* behind it; *alias* may be ""."""

    path: str
    alias: str
    file: Path
    size_bytes: int

    @property
    def size_file(self) -> str:
        """Where the kernel tells its size."""
        return f"/sys/class/block/{Path(self.path).name}/size"


def devices_of(model: LinstorModel, definition: Definition, resource: Resource) -> Iterator[Device]:
    """The devices that *resource* has, or had, on its node; none for a replica whose contents are not files."""
    for volume in definition.volumes.values():
        content = volume.content
        if content is None or content.path is None:
            continue
        if definition.drbd:
            path, alias = f"/dev/drbd{volume.minor}", f"/dev/drbd/by-res/{definition.name}/{volume.number}"
        else:
            path, alias = _backing(model, definition, resource, volume.number), ""
        yield Device(path, alias, content.path, content.size)


def _backing(model: LinstorModel, definition: Definition, resource: Resource, number: int) -> str:
    """A logical volume, or a volume of ZFS, named by its pool (linstor.md 1.4)."""
    pool = model.state.nodes[resource.node].pools[resource.pool]
    group = pool.props.get("StorDriver/StorPoolName", pool.name).split("/")[0]
    directory = f"zvol/{group}" if pool.kind.startswith("ZFS") else group
    return f"/dev/{directory}/{definition.name}_{number:05d}"


class HostDevices:
    """The files that stand for the devices of one host, below its directory *home*."""

    def __init__(self, home: Path) -> None:
        self._home = home
        for directory in ("dev/drbd/by-res", "sys/class/block"):
            (home / directory).mkdir(parents=True, exist_ok=True)

    def _place(self, path: str) -> Path:
        return self._home / path.lstrip("/")

    def put(self, device: Device) -> None:
        """The device appears, or has another size or file now."""
        place, size = self._place(device.path), self._place(device.size_file)
        for each in (place, size):
            each.parent.mkdir(parents=True, exist_ok=True)
        if not (place.exists() and place.samefile(device.file)):
            place.unlink(missing_ok=True)
            os.link(device.file, place)
        size.write_text(f"{device.size_bytes // SECTOR}\n", encoding="ascii")
        if device.alias:
            self._put_alias(device)

    def _put_alias(self, device: Device) -> None:
        alias = self._place(device.alias)
        alias.parent.mkdir(parents=True, exist_ok=True)
        alias.unlink(missing_ok=True)
        alias.symlink_to(os.path.relpath(self._place(device.path), alias.parent))

    def remove(self, device: Device) -> None:
        """The device vanishes, and udev's name with it."""
        for path in filter(None, (device.path, device.alias, device.size_file)):
            self._place(path).unlink(missing_ok=True)
        for path in filter(None, (device.alias, device.size_file)):
            directory = self._place(path).parent
            if directory.is_dir() and not any(directory.iterdir()):
                directory.rmdir()

    def listing(self) -> dict[str, int]:
        """The devices there are now, and their sizes in bytes."""
        sizes = (self._home / "sys/class/block").glob("*/size")
        return {each.parent.name: int(each.read_text(encoding="ascii")) * SECTOR for each in sizes}


def named(path: Path) -> str:
    """The name, beginning with `/dev/`, of the device that *path* is or links to; "" for anything else.

    Links are followed by their text, so that one whose device is gone still tells which it was.
    """
    for _ in range(MOST_LINKS):
        if match := _DEVICE.fullmatch(str(path)):
            return match[1]
        if not path.is_symlink():
            return ""
        path = path.parent / path.readlink()
    return ""
