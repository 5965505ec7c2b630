"""oned's part with images, and what it was told of every volume."""

from __future__ import annotations

import re

from tests.properties.world import World

from domain.opennebula import Image
from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import Cloud, ImageRecord
from entrypoints.sandbox.documents import VmDocument
from entrypoints.sandbox.guests import BLOCK

Blocks = dict[int, bytes]
CDROM, SHAREABLE = "CDROM", "SHAREABLE"


class ImageCloud(Cloud):
    """A cloud in one process that knows what every volume must hold. Operations may be repeated as oned repeats them.

    *must_hold*: volume -> offset -> block; *snapshots*: the same of (volume, id); *sizes*: MiB that were told.
    """

    vms: dict[int, VmDocument]

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.world = world
        self.must_hold = world.guests.must_hold
        self.snapshots: dict[tuple[str, int], Blocks] = {}
        self.sizes: dict[str, int] = {}
        self.kinds: dict[int, str] = {}
        self._kept: dict[tuple[str, int], Blocks] = {}
        world.scripts.install("datastore/fs/stat", lambda argv, stdin: "2")

    def _came(self, volume: str, blocks: Blocks, size_mib: int) -> None:
        """A volume is new, and oned was told that it is complete."""
        self.must_hold[volume] = dict(blocks)
        self.sizes[volume] = size_mib

    def _went(self, volume: str) -> None:
        self.must_hold.pop(volume, None)
        self.sizes.pop(volume, None)
        self.forget_snapshots(volume)

    def forget_snapshots(self, volume: str) -> None:
        """Oned has none of them any more."""
        self.snapshots = {key: value for key, value in self.snapshots.items() if key[0] != volume}

    # -- images ---------------------------------------------------------------------------------

    def add_image(self, identity: int, *, persistent: bool = False, kind: str = "") -> None:
        """`oneimage create --path` of two MiB whose first and last block name the image; *kind*: CDROM, SHAREABLE."""
        self.kinds[identity] = kind
        path = str(self.sources / f"image-{identity}")
        first = f"image {identity}".encode().ljust(BLOCK, b"+")
        self.world.sources.files[path] = first + bytes((2 << 20) - 2 * BLOCK) + first
        source = self.import_image(identity, f"image-{identity}", path, persistent=persistent)
        self._came(source, {0: first, (2 << 20) - BLOCK: first}, 2)
        if kind == SHAREABLE:
            self.world.guests.common.add(source)

    def add_empty(self, identity: int, fs: str = "ext4") -> None:
        """`oneimage create --type datablock`."""
        self._came(self.make_image(identity, f"image-{identity}", 2, fs=fs), {}, 2)

    def clone_image(self, identity: int, origin: int) -> None:
        """`oneimage clone`."""
        record = self.images[origin]
        document = documents.image(identity, "copy", record.size_mib, {"PATH": record.source, "SOURCE": ""})
        source = self._about_image("clone", identity, document).split()[0]
        self.images[identity] = ImageRecord(source, record.size_mib, persistent=False)
        self._came(source, self.must_hold[record.source], record.size_mib)

    def drop_image(self, identity: int) -> None:
        """`oneimage delete`."""
        self._went(self.images[identity].source)
        self.remove_image(identity)

    def export(self, identity: int) -> None:
        """The marketplace takes an image, and disposes of the file; one of a call that died goes a day later."""
        image = self.images[identity]
        told = self._about_image(
            "export", identity, documents.image(identity, "", image.size_mib, {"SOURCE": image.source})
        )
        path = re.search(r"<IMPORT_SOURCE><!\[CDATA\[(.*?)\]\]>", told)
        assert path is not None
        data = self.world.exports.files.pop(path[1])
        assert all(data[offset : offset + BLOCK] == block for offset, block in self.must_hold[image.source].items())

    def image_snapshot(self, identity: int, action: str, number: int) -> None:
        """`oneimage snapshot-delete`, `-revert`, `-flatten` of an image that no VM uses."""
        image = self.images[identity]
        values = {"SOURCE": image.source, "TARGET_SNAPSHOT": number}
        wanted = self._kept.setdefault((image.source, number), dict(self.snapshots.get((image.source, number), {})))
        if action != "snap_delete":
            self.must_hold[image.source] = {}
        if action != "snap_revert":
            gone = (number,) if action == "snap_delete" else (0, 1)
            self.snapshots = {key: each for key, each in self.snapshots.items() if key[1] not in gone}
        self._about_image(action, identity, documents.image(identity, "", image.size_mib, values))
        if action != "snap_delete":
            self.must_hold[image.source] = wanted

    def common_volumes(self) -> set[str]:
        """Volumes that several VMs may use at a time."""
        return {record.source for image, record in self.images.items() if self.kinds.get(image)}

    def clear_orphans(self) -> list[str]:
        """`onelinstor orphans --delete`; what it could not take away."""
        images = {
            identity: Image(identity, record.source, state=1, snapshots=self._numbers(record.source))
            for identity, record in self.images.items()
        }
        done = self.world.clear_orphans(images)
        return [f"{each.finding.key}: {each.error}{each.left}" for each in done if each.error or each.left]

    def _numbers(self, volume: str) -> tuple[int, ...]:
        return tuple(number for name, number in self.snapshots if name == volume)
