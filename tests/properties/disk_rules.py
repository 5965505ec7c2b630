"""Operations on the disks of VMs, as rules of the machine."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.properties.living import OFF, RUNNING, UNDEPLOYED, Living, Trouble, picks, remembered, troubles
from tests.properties.scenarios import COMMON, DISC, IMAGE


class DiskRules(Living):
    """Attach and detach, resize, snapshots, save-as."""

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks, image=st.sampled_from((IMAGE, DISC, COMMON)), trouble=troubles)
    @remembered
    def attach(self, pick: int, image: int, trouble: Trouble) -> None:
        """`onevm disk-attach`."""
        vm = self._one(pick, RUNNING)
        disk = max(self.cloud.vms[vm].disks) + 1
        if disk < 6 and self._usable(image, self.cloud.vms[vm].now.host, vm):
            action = "tm/clone" if image == IMAGE else "tm/ln"
            self._about_vm(vm, lambda: self.cloud.attach_disk(vm, disk, image), action, trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks, trouble=troubles)
    @remembered
    def detach(self, pick: int, trouble: Trouble) -> None:
        """`onevm disk-detach` of the last disk."""
        vm = self._one(pick, RUNNING)
        disk = max(self.cloud.vms[vm].disks)
        if disk > 2 and not self._numbered(vm, disk):
            self._about_vm(vm, lambda: self.cloud.detach_disk(vm, disk), "tm/delete", trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, which=picks, more=st.integers(1, 3), trouble=troubles)
    @remembered
    def resize(self, pick: int, which: int, more: int, trouble: Trouble) -> None:
        """`onevm disk-resize`."""
        vm = self._one(pick, RUNNING, OFF)
        disk = self._disk(vm, which)
        if not self._numbered(vm, disk):
            size = int(str(self.cloud.vms[vm].disks[disk]["SIZE"])) + more
            self._about_vm(vm, lambda: self.cloud.resize(vm, disk, size), "tm/resize", trouble, self.phase[vm])

    def _numbered(self, vm: int, disk: int) -> list[int]:
        """The snapshots that oned has of a disk; those of a persistent image outlive its VM."""
        name = self.cloud.volume(vm, disk)
        return sorted(number for volume, number in self.cloud.snapshots if volume == name)

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, which=picks, trouble=troubles)
    @remembered
    def snapshot(self, pick: int, which: int, trouble: Trouble) -> None:
        """`onevm disk-snapshot-create`: a failure leaves no record, and the number may come again."""
        vm = self._one(pick, RUNNING, OFF)
        disk, live = self._disk(vm, which), self.phase[vm] == RUNNING
        number = max([-1, *self._numbered(vm, disk)]) + 1
        action = "tm/snap_create_live" if live else "tm/snap_create"
        operate = lambda: self.cloud.snapshot(vm, disk, number, live=live)  # noqa: E731 - one expression
        self._about_vm(vm, operate, action, trouble, self.phase[vm])

    @precondition(lambda self: self._vms(OFF))
    @rule(pick=picks, which=picks, number=picks, trouble=troubles)
    @remembered
    def revert(self, pick: int, which: int, number: int, trouble: Trouble) -> None:
        """`onevm disk-snapshot-revert`."""
        vm = self._one(pick, OFF)
        disk = self._disk(vm, which)
        if found := self._numbered(vm, disk):
            chosen = found[number % len(found)]
            self._about_vm(vm, lambda: self.cloud.revert(vm, disk, chosen), "tm/snap_revert", trouble, OFF)

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, which=picks, number=picks, trouble=troubles)
    @remembered
    def drop_snapshot(self, pick: int, which: int, number: int, trouble: Trouble) -> None:
        """`onevm disk-snapshot-delete`."""
        vm = self._one(pick, RUNNING, OFF)
        disk = self._disk(vm, which)
        if found := self._numbered(vm, disk):
            chosen = found[number % len(found)]
            if self.cloud.vms[vm].disks[disk]["CLONE"] == "NO":
                trouble = Trouble(trouble.fault, "retry")  # the image would keep it, and oned its record
            operate = lambda: self.cloud.drop_snapshot(vm, disk, chosen)  # noqa: E731 - one expression
            self._about_vm(vm, operate, "tm/snap_delete", trouble, self.phase[vm])

    @precondition(lambda self: self._vms(RUNNING, OFF, UNDEPLOYED) and len(self.cloud.images) < 7)
    @rule(pick=picks, which=picks, number=picks, trouble=troubles)
    @remembered
    def save_as(self, pick: int, which: int, number: int, trouble: Trouble) -> None:
        """`onevm disk-saveas`, of the disk or of a snapshot; an image in ERROR is deleted."""
        vm, image = self._one(pick, RUNNING, OFF, UNDEPLOYED), self._next()
        disk = self._disk(vm, which)
        chosen = [-1, *self._numbered(vm, disk)][number % (1 + len(self._numbered(vm, disk)))]
        if not self._try(lambda: self.cloud.save_as(vm, disk, image, chosen), "tm/cpds", trouble):
            self._repeat(image, lambda: self.cloud.drop_image(image))
