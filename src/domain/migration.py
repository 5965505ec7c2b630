"""Live migration: two hosts have the volumes for its seconds, then one has (opennebula.md 3.7, linstor.md 2.18)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from domain import marks as marking
from domain.attachment import Attachment, require_good_replica, wanted_here
from domain.debts import Debts
from domain.disks import link_steps
from domain.errors import DriverError, Expired, HostUnreachable, VolumeInUse, raise_together
from domain.healing import Healing, connection
from domain.local_volumes import require_data_for
from domain.locality import bring_near
from domain.moving import Moving, lock_limit, moving_disks, refuse_third_user
from domain.names import HostName, VolumeName, same_host
from domain.orders import Migrate, Place
from domain.ports import Clock, Locks, Parallel
from domain.steps import Step
from domain.storage import Storages
from domain.undoing import Undo, undoing
from domain.vm_directory import VmDirectory
from domain.volumes import Role
from domain.waiting import wait_for


class Migration:
    """Pre-, post- and failmigrate for the disks of this driver."""

    def __init__(
        self,
        storages: Storages,
        locks: Locks,
        parallel: Parallel,
        clock: Clock,
        attachment: Attachment,
        healing: Healing,
        debts: Debts,
        directory: VmDirectory,
    ) -> None:
        self._storages = storages
        self._locks = locks
        self._parallel = parallel
        self._clock = clock
        self._attachment = attachment
        self._healing = healing
        self._debts = debts
        self._directory = directory

    def prepare(self, order: Migrate) -> None:
        """Make every disk usable on the target, and writable for both hosts of this migration alone.

        On an error, also of another driver of the VM's disks, everything is taken back: the VM stays where it is.
        """
        moving = moving_disks(order, self._storages)
        with self._locks.hold([each.volume for each in moving], lock_limit(moving)), undoing() as undo:
            if not same_host(order.source, order.target):
                self._directory.refuse_neighbours(order, moving)
                self._parallel.map(lambda each: self._open_up(order, each, undo), moving)
            self._directory.arrive(order, self._links(order, moving), undo)
            self._directory.pass_on("premigrate", order)

    def _open_up(self, order: Migrate, moving: Moving, undo: Undo) -> None:
        """Attach one disk to the target and let both hosts write. Raises NoUsableReplica, NotPossible, VolumeInUse."""
        cluster, volume = moving.storage.cluster, moving.volume
        refuse_third_user(moving, order)
        require_data_for(volume, moving.seen, order.target)
        self._debts.settle(moving.storage, moving.definition, Place(order.target, moving.path))
        self._healing.heal(moving.storage, moving.definition, [order.source, order.target])
        require_good_replica(volume, moving.seen)
        here = moving.on(order.target)
        if here is None or not wanted_here(here, moving.seen):
            cluster.attach(volume, order.target)
            if here is None or here.role is Role.WITNESS:
                undo.add(lambda: cluster.detach(volume, order.target))
        if moving.written and moving.on(order.source) is not None:
            self._allow_both(order, moving, undo)

    @staticmethod
    def _allow_both(order: Migrate, moving: Moving, undo: Undo) -> None:
        """The mark comes first: whatever is killed after it, the next order knows what to take back."""
        pair = (order.source, order.target)
        cluster, volume = moving.storage.cluster, moving.volume
        where = connection(pair, moving.seen)
        cluster.mark(volume, marking.migration(*pair, common=moving.disk.common))
        undo.add(lambda: cluster.mark(volume, {}, [marking.MIGRATION]))
        undo.add(lambda: cluster.forbid_two_writers(volume, where))
        cluster.allow_two_writers(volume, where)

    def _links(self, order: Migrate, moving: Sequence[Moving]) -> list[Step]:
        """What makes the volumes disks on the target, once LINSTOR shows all of them usable there."""
        steps: list[Step] = []
        by_cluster: dict[int, list[Moving]] = {}
        for each in moving:
            by_cluster.setdefault(id(each.storage.cluster), []).append(each)
        for group in by_cluster.values():
            storage = group[0].storage
            here = self._attachment.read_back_all(storage, [each.volume for each in group], order.target)
            for each in group:
                place = Place(order.target, each.path)
                steps += link_steps(here[each.volume], place, 0, storage.settings.limits.device)
        return steps

    def finish(self, order: Migrate) -> None:
        """The VM runs on the target: one writer again, and nothing of it is left on the source."""
        same = same_host(order.source, order.target)
        settle = self._directory.leave_old if same else partial(self._settle, leave=order.source, stay=order.target)
        self._settle_and_pass_on("postmigrate", order, settle)

    def fail(self, order: Migrate) -> None:
        """The VM stayed on the source: one writer again, and nothing of it is left on the target.

        On one host nothing tells which of two directories the VM uses now, so both stay.
        """
        same = same_host(order.source, order.target)
        settle = _nothing if same else partial(self._settle, leave=order.target, stay=order.source)
        self._settle_and_pass_on("failmigrate", order, settle)

    def _settle_and_pass_on(self, action: str, order: Migrate, settle: Callable[[Migrate], None]) -> None:
        """The VM's place is decided: the disks of other drivers must not pay for what is wrong with ours."""
        failed: list[DriverError] = []
        for work in (settle, partial(self._directory.pass_on, action)):
            try:
                work(order)
            except DriverError as error:
                failed.append(error)
        raise_together(failed)

    def _settle(self, order: Migrate, *, leave: HostName, stay: HostName) -> None:
        """End the migration of every disk; errors are collected, so that one does not spoil the other disks."""
        moving = moving_disks(order, self._storages, gone_is_fine=True)
        failed: list[DriverError] = []
        with self._locks.hold([each.volume for each in moving], lock_limit(moving)):
            shared = self._left(order, leave, stay, moving, failed)
            try:
                self._parallel.map(lambda each: self._close_down(order, each, leave, shared), moving)
            except DriverError as error:
                failed.append(error)
        raise_together(failed)

    def _left(
        self, order: Migrate, leave: HostName, stay: HostName, moving: Sequence[Moving], failed: list[DriverError]
    ) -> frozenset[VolumeName]:
        """The volumes that others on *leave* use; where it was not asked, every one that others may use."""
        try:
            return self._directory.leave(order, leave, stay, moving)
        except HostUnreachable as error:
            if not same_host(error.host, leave):
                failed.append(error)
            elif not order.caller:
                self._owe_links(leave, moving)
        except DriverError as error:
            failed.append(error)
        return frozenset(each.volume for each in moving if each.disk.common)

    def _owe_links(self, leave: HostName, moving: Sequence[Moving]) -> None:
        """A host that is down does not block; the links that stay there are removed later."""
        for each in moving:
            self._debts.write_down(each.storage, each.volume, Place(leave, each.path))

    def _close_down(self, order: Migrate, moving: Moving, leave: HostName, shared: frozenset[VolumeName]) -> None:
        """One disk: wait until the side that is left has closed it, forbid, detach, and only then forget."""
        self._wait_closed(moving, leave)
        pair = marking.migration_pair(moving.definition.marks) or (order.source, order.target)
        marked = marking.MIGRATION in moving.definition.marks
        if marked or moving.written or moving.definition.two_writers:
            self._healing.forbid(moving.storage, moving.definition, pair, moving.seen)
        here = moving.on(leave)
        if here is not None and moving.volume not in shared:
            self._attachment.end(moving.storage, here)
        if marked or moving.written:
            self._healing.forget(moving.storage, moving.definition)
        if same_host(leave, order.source):
            bring_near(moving.storage, moving.volume, order.target)

    def _wait_closed(self, moving: Moving, leave: HostName) -> None:
        """Until *leave* has closed the device: before that the kernel keeps the permission (linstor.md 2.18)."""
        known = moving.on(leave)
        if known is None or not known.in_use:
            return

        def closed() -> bool | None:
            return None if self._attachment.in_use(moving.storage, moving.volume, leave) else True

        try:
            wait_for(f"the end of {moving.volume}", closed, self._clock, moving.storage.settings.limits.close)
        except Expired as expired:
            raise VolumeInUse(moving.volume, f"on host {leave}, which the VM has left") from expired


def _nothing(_: Migrate) -> None:
    return
