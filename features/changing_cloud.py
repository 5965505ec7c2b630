"""Disks and images that change: sizes, snapshots, save-as (opennebula.md 3.4)."""

from __future__ import annotations

from moving_cloud import MovingCloud

from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import IMAGES, ImageRecord, OrderFailed
from entrypoints.sandbox.documents import RUNNING

FIRST_DATE = 1_790_000_000
RESIZE, SAVE_AS, SNAPSHOT = (62, 63), (26, 27), (57, 51)
"""The LCM states: of a VM that runs, and of one that does not."""


class ChangingCloud(MovingCloud):
    """What oned asks for about disk 0 of a VM, or about an image that no VM uses."""

    def _about_disk(self, vm: int, states: tuple[int, int], host: str, action: str, *words: object) -> None:
        """One order; the VM runs afterwards if it did before."""
        before = self.vms[vm].lcm_state
        self._in_state(vm, states[before != RUNNING])
        place = f"{host}:{self.directory(vm)}/disk.0"
        try:
            self.call("tm", "linstor", self._suffixed(vm, action), place, *words, vm, IMAGES)
        finally:
            self._in_state(vm, before)

    def resize(self, vm: int, size_mib: int) -> None:
        """`onevm disk-resize`: the document has the new size already, and the old one again where that fails."""
        disk = self.vms[vm].disks[0]
        old, disk["SIZE"] = disk["SIZE"], size_mib
        try:
            self._about_disk(vm, RESIZE, self.vms[vm].now.host, "resize", size_mib)
        except OrderFailed:
            disk["SIZE"] = old
            raise

    def take_snapshot(self, vm: int, number: int, date: int) -> None:
        """`onevm disk-snapshot-create`: the record, with its *date*, is there before the order is given."""
        taken = self.vms[vm].snapshots.setdefault(0, {})
        taken[number] = FIRST_DATE + date
        try:
            self.take_again(vm, number)
        except OrderFailed:
            del taken[number]
            raise

    def take_again(self, vm: int, number: int) -> None:
        """The same request once more."""
        action = "snap_create_live" if self.vms[vm].lcm_state == RUNNING else "snap_create"
        self._about_disk(vm, SNAPSHOT, self.vms[vm].now.host, action, number)

    def change_snapshot(self, vm: int, action: str, number: int) -> None:
        """`onevm disk-snapshot-revert` and `-delete`."""
        self._about_disk(vm, SNAPSHOT, self.vms[vm].now.host, action, number)

    def save_as(self, vm: int, identity: int, number: int = -1) -> None:
        """`onevm disk-saveas`: mkfs tells the name, cpds makes the image."""
        size = int(str(self.vms[vm].disks[0]["SIZE"]))
        document = documents.image(identity, "saved", size, {"SOURCE": "", "FORMAT": "save_as"})
        source = self._about_image("mkfs", identity, document).split()[0]
        self.images[identity] = ImageRecord(source, size, persistent=False)
        self.save_again(vm, identity, number)

    def save_again(self, vm: int, identity: int, number: int = -1) -> None:
        """Its last step, which `onevm recover --retry` gives again."""
        target = f"{self.sandbox.hosts.front_end}:{self.images[identity].source}"
        self._about_disk(vm, SAVE_AS, self.place_of(vm), "cpds", target, number)

    def change_image_snapshot(self, identity: int, action: str, number: int) -> None:
        """`oneimage snapshot-delete`, `-revert` and `-flatten`."""
        image = self.images[identity]
        values = {"SOURCE": image.source, "TARGET_SNAPSHOT": number}
        self._about_image(action, identity, documents.image(identity, "", image.size_mib, values))
