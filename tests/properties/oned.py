"""oned's part: its operations as lists of orders, each of which may be given again (opennebula.md 3.4, 3.5)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.properties.guests import MemoryHypervisor, plain
from tests.properties.oned_backups import Backups
from tests.properties.oned_images import CDROM, SHAREABLE, ImageCloud
from tests.properties.world import FRONT_END, World

from domain.errors import ScriptFailed
from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR, SYSTEM_TM, ImageRecord, OrderFailed
from entrypoints.sandbox.documents import Record, VmDocument

VOLATILE: dict[str, dict[str, object]] = {"swap": {"FORMAT": "swap"}, "fs": {"FORMAT": "raw", "FS": "ext4"}}


class PropertyCloud(ImageCloud):
    """Operations on VMs. *neglected*: how often oned looked away from a delete that failed."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.hypervisor = MemoryHypervisor(world.memory_hosts, world.guests, world.outages.silent)
        self._dates = 100
        self._deleting_on: dict[int, str] = {}
        self.undeployed: set[int] = set()
        self.moving: dict[int, tuple[str, ...]] = {}
        self.neglected = 0
        self.backups = Backups(self)
        world.scripts.install("tm/ssh/context", self._make_context)

    # -- what there is --------------------------------------------------------------------------

    def _make_context(self, argv: object, _stdin: bytes) -> str:
        host, path = list(argv)[-3].split(":", 1)
        if self.world.outages.silent(host):
            raise ScriptFailed("tm/ssh/context", f"{host} does not answer")
        here = self.world.memory_hosts.host(host)
        here.make_directory(plain(path).rsplit("/", 1)[0])
        here.put(plain(path), b"context")
        return ""

    def volume(self, vm: int, disk: int) -> str:
        """The volume behind a disk."""
        values = self.vms[vm].disks[disk]
        if "IMAGE_ID" not in values:
            return f"OpenNebula-Volatile-vm{vm}-disk{disk}"
        return f"{values['SOURCE']}-vm{vm}-disk{disk}" if values["CLONE"] == "YES" else str(values["SOURCE"])

    def owned(self) -> dict[str, str]:
        """The volumes that oned has an owner for, and who that is."""
        found = {record.source: f"image {identity}" for identity, record in self.images.items()}
        for vm, document in self.vms.items():
            found |= {self.volume(vm, disk): f"vm {vm} disk {disk}" for disk in document.disks}
        return found

    def _disk(self, image: int, vm: int) -> dict[str, object]:
        """See the base class (opennebula.md 4.2)."""
        values = super()._disk(image, vm)
        if self.kinds.get(image) == CDROM:
            return {**values, "CLONE": "NO", "SAVE": "NO", "READONLY": "YES", "TYPE": "CDROM"}
        return {**values, "SHAREABLE": "YES"} if self.kinds.get(image) == SHAREABLE else values

    def _went(self, volume: str) -> None:
        """See the base class."""
        super()._went(volume)
        self.backups.forget(volume)

    def told(self, vm: int) -> None:
        """Let oned know the VM as it is now."""
        self._tell(vm)

    # -- a VM begins and ends -------------------------------------------------------------------

    def start(self, vm: int, host: str, images: list[int], *, volatile: str = "") -> None:
        """`onevm deploy`; given again it is `recover --retry`: the same record, every order once more."""
        if vm not in self.vms:
            self.vms[vm] = VmDocument(vm, [Record(host, SYSTEM_LINSTOR, SYSTEM_TM[SYSTEM_LINSTOR])], context_disk=9)
            self.vms[vm].disks.update({disk: self._disk(image, vm) for disk, image in enumerate(images)})
            if volatile:
                self.vms[vm].disks[len(images)] = self._volatile(vm, VOLATILE[volatile])
        self._tell(vm)
        self.bring_all(vm)

    def bring_all(self, vm: int) -> None:
        """Prolog and boot."""
        for disk in self.vms[vm].disks:
            self.bring(vm, disk)
        self.boot(vm)

    def boot(self, vm: int) -> None:
        """Context, and the guest starts and writes. Raises OSError, too."""
        self._context(vm)
        self.hypervisor.deploy(self.vms[vm], self.directory(vm))
        self.world.guests.write_all(vm, 2)

    def _volatile(self, vm: int, made: dict[str, object]) -> dict[str, object]:
        tm = self.vms[vm].now.tm
        values = {"SIZE": 2, "TYPE": "fs", "CLONE": "YES", "SAVE": "NO", **made}
        return {**values, "TM_MAD": tm, "DATASTORE_ID": self.vms[vm].now.datastore}

    def bring(self, vm: int, disk: int) -> None:
        """Clone, ln or mkimage of one disk."""
        values = self.vms[vm].disks[disk]
        volume = self.volume(vm, disk)
        if "IMAGE_ID" in values:
            if values["CLONE"] == "YES":
                self._went(volume)
            self._bring(vm, disk)
            blocks = self.must_hold[str(values["SOURCE"])]
        else:
            self._went(volume)
            datastore = self.vms[vm].now.datastore
            where = (self._place(vm, disk), vm, datastore)
            if values["FORMAT"] == "swap":
                self.call("tm", "linstor", "mkswap", values["SIZE"], *where)
            else:
                self.call("tm", "linstor", "mkimage", values["SIZE"], values["FORMAT"], *where)
            blocks = {}
        if values["CLONE"] == "YES":
            self._came(volume, blocks, int(str(values["SIZE"])))

    def _datastore_of(self, vm: int, disk: int) -> object:
        return self.vms[vm].disks[disk]["DATASTORE_ID"]

    def end_disk(self, vm: int, disk: int, *, force: bool = False) -> None:
        """Mvds where the disk is to be saved, delete where not; *force*: delete whatever it is."""
        values = self.vms[vm].disks[disk]
        datastore = self._datastore_of(vm, disk)
        self.backups.bases.pop(self.volume(vm, disk), None)
        if values["CLONE"] == "YES":
            self._went(self.volume(vm, disk))
        if values["SAVE"] == "YES" and not force:
            argv = (self._place(vm, disk), values["SOURCE"], vm, datastore)
            self.call("tm", "linstor", self._suffixed(vm, "mvds"), *argv)
        else:
            self.call("tm", "linstor", self._suffixed(vm, "delete"), self._place(vm, disk), vm, datastore)

    def finish(self, vm: int) -> None:
        """`onevm terminate`; once all is gone oned forgets the VM."""
        self.world.guests.stop(vm)
        for disk in self.vms[vm].disks:
            self.end_disk(vm, disk)
        self._delete_directory(vm)
        self.forget(vm)

    def forget(self, vm: int) -> None:
        """The VM is DONE."""
        self.undeployed.discard(vm)
        self.moving.pop(vm, None)
        self.world.guests.forget(vm)
        self.world.oned.forget("vm", vm)
        del self.vms[vm]

    def _delete_directory(self, vm: int, host: str = "") -> None:
        now = self.vms[vm].now
        self.call("tm", now.tm, "delete", f"{host or self.place_of(vm)}:{self.directory(vm)}", vm, now.datastore)

    def place_of(self, vm: int) -> str:
        """Where the VM's files are: its host, or the front-end while it is undeployed."""
        return FRONT_END if vm in self.undeployed else self.vms[vm].now.host

    def _place(self, vm: int, disk: int) -> str:
        return f"{self._deleting_on.get(vm) or self.place_of(vm)}:{self.directory(vm)}/disk.{disk}"

    def recover_delete(self, vm: int) -> None:
        """`recover --delete`: delete for everything, on both hosts of a move; how that ends is not looked at."""
        self.world.guests.stop(vm)
        for host in self.moving.get(vm, (self.place_of(vm),)):
            self._deleting_on[vm] = host
            for disk in self.vms[vm].disks:
                with self._neglecting():
                    self.end_disk(vm, disk, force=True)
            del self._deleting_on[vm]
            with self._neglecting():
                self._delete_directory(vm, host)

    @contextmanager
    def _neglecting(self) -> Iterator[None]:
        """How an order ends is not looked at."""
        try:
            yield
        except OrderFailed:
            self.neglected += 1

    def recreate(self, vm: int, host: str) -> None:
        """`recover --recreate`, and the next record, on *host*; the disks are to be made anew."""
        self.recover_delete(vm)
        now = self.vms[vm].now
        self.vms[vm].history.append(Record(host, now.datastore, now.tm))
        self.vms[vm].lcm_state = 3
        self.moving.pop(vm, None)
        self.undeployed.discard(vm)
        if vm in self.world.guests.guests:
            self.world.guests.guests[vm].written.clear()
        self._tell(vm)

    def attach_disk(self, vm: int, disk: int, image: int) -> None:
        """`onevm disk-attach`; given again it is a new attempt."""
        if disk not in self.vms[vm].disks:
            self.vms[vm].disks[disk] = self._disk(image, vm)
        self._tell(vm)
        self.bring(vm, disk)
        guest = self.world.guests.guests[vm]
        readonly = self.vms[vm].disks[disk]["READONLY"] == "YES"
        if disk not in guest.open:
            self.world.guests.attach(vm, disk, readonly=readonly)
        if not readonly:
            self.world.guests.write(vm, disk, 2)

    def detach_disk(self, vm: int, disk: int) -> None:
        """`onevm disk-detach`."""
        self.world.guests.detach(vm, disk)
        self.end_disk(vm, disk)
        del self.vms[vm].disks[disk]
        self._tell(vm)

    # -- a VM moves -----------------------------------------------------------------------------

    def migrate_live(self, vm: int, target: str) -> None:
        """`onevm migrate --live`: where premigrate fails, the VM stays; how postmigrate ends is not looked at."""
        try:
            self.prepare_migration(vm, target)
            self.hypervisor.migrate(self.vms[vm], self.vms[vm].history[-2].host, self.directory(vm))
        except (OrderFailed, OSError):
            with suppress(OrderFailed):
                self._migration_script(vm, "failmigrate")
            self.stay(vm)
            raise
        self.finish_migration(vm)

    def fail_migration(self, vm: int, target: str) -> None:
        """The hypervisor gives the move up after the target has opened everything, where it gets that far."""
        try:
            self.prepare_migration(vm, target)
            with suppress(OSError):
                self.world.guests.begin_migration(vm, target, self.directory(vm))
                self.world.guests.cancel_migration(vm)
        finally:
            try:
                self._migration_script(vm, "failmigrate")
            finally:
                self.stay(vm)

    def stay(self, vm: int) -> None:
        """Oned gives the move up."""
        self.vms[vm].history.pop()
        self._tell(vm)

    def _move(self, vm: int, old: str, new: str, lcm_state: int) -> None:
        """Every disk and then the directory, from host to host; *lcm_state*: opennebula.md 4.6."""
        directory, now = self.directory(vm), self.vms[vm].now
        self.vms[vm].state, self.vms[vm].lcm_state = 3, lcm_state
        self._tell(vm)
        self.moving[vm] = (old, new)
        for disk in self.vms[vm].disks:
            places = (f"{host}:{directory}/disk.{disk}" for host in (old, new))
            self.call("tm", "linstor", self._suffixed(vm, "mv"), *places, vm, self._datastore_of(vm, disk))
        self.call("tm", now.tm, "mv", f"{old}:{directory}", f"{new}:{directory}", vm, now.datastore)
        del self.moving[vm]
        self.vms[vm].lcm_state = 3
        self._tell(vm)

    def undeploy(self, vm: int) -> None:
        """`onevm undeploy`: everything goes to the front-end."""
        self.world.guests.stop(vm)
        self._move(vm, self.vms[vm].now.host, FRONT_END, 30)
        self.undeployed.add(vm)
        self.vms[vm].state, self.vms[vm].lcm_state = 9, 0
        self._tell(vm)

    def resume(self, vm: int, host: str) -> None:
        """`onevm resume` of an undeployed VM on *host*."""
        self._next_record(vm, host)
        self._move(vm, FRONT_END, host, 9)
        self.undeployed.discard(vm)
        self.boot(vm)

    def migrate_cold(self, vm: int, host: str, *, off: bool = False) -> None:
        """`onevm migrate --poff`; *off*: the VM is powered off already."""
        self.world.guests.stop(vm)
        self._next_record(vm, host)
        self._move(vm, self.vms[vm].history[-2].host, host, 43 if off else 8)
        self.boot(vm)

    def migrate_lost(self, vm: int, host: str) -> None:
        """`onevm migrate` of a VM in UNKNOWN, whose host is dead."""
        self.world.guests.stop(vm)
        self._next_record(vm, host)
        self._move(vm, self.vms[vm].history[-2].host, host, 60)
        self.boot(vm)

    def _next_record(self, vm: int, host: str) -> None:
        """A new history record, unless this operation wrote it already."""
        now = self.vms[vm].now
        if len(self.vms[vm].history) == 1 or now.host != host:
            self.vms[vm].history.append(Record(host, now.datastore, now.tm))
            self._tell(vm)

    # -- a disk changes -------------------------------------------------------------------------

    def _about_disk(self, vm: int, disk: int, action: str, *words: object) -> None:
        argv = (self._place(vm, disk), *words, vm, self._datastore_of(vm, disk))
        self.call("tm", "linstor", self._suffixed(vm, action), *argv)

    def resize(self, vm: int, disk: int, size_mib: int) -> None:
        """`onevm disk-resize`."""
        self._about_disk(vm, disk, "resize", size_mib)
        self.vms[vm].disks[disk]["SIZE"] = size_mib
        self.sizes[self.volume(vm, disk)] = size_mib
        self._tell(vm)

    def snapshot(self, vm: int, disk: int, number: int, *, live: bool = False) -> None:
        """`onevm disk-snapshot-create`; the record is there before the order is given."""
        self._dates += 1
        self.vms[vm].snapshots.setdefault(disk, {}).setdefault(number, self._dates)
        self._tell(vm)
        try:
            self._about_disk(vm, disk, "snap_create_live" if live else "snap_create", number)
        except OrderFailed:
            del self.vms[vm].snapshots[disk][number]
            raise
        volume = self.volume(vm, disk)
        self.snapshots[volume, number] = dict(self.must_hold[volume])

    def revert(self, vm: int, disk: int, number: int) -> None:
        """`onevm disk-snapshot-revert` of a VM that is off; the data of before is given up."""
        volume = self.volume(vm, disk)
        self.must_hold[volume] = {}
        self._about_disk(vm, disk, "snap_revert", number)
        self.must_hold[volume] = dict(self.snapshots[volume, number])
        guest = self.world.guests.guests.get(vm)
        if guest is not None:
            guest.written.pop(disk, None)

    def drop_snapshot(self, vm: int, disk: int, number: int) -> None:
        """`onevm disk-snapshot-delete`."""
        self.snapshots.pop((self.volume(vm, disk), number), None)
        self._about_disk(vm, disk, "snap_delete", number)
        self.vms[vm].snapshots.get(disk, {}).pop(number, None)
        self._tell(vm)

    def save_as(self, vm: int, disk: int, identity: int, number: int = -1) -> None:
        """`onevm disk-saveas`: mkfs gives the name, cpds makes the image."""
        size = int(str(self.vms[vm].disks[disk]["SIZE"]))
        document = documents.image(identity, "saved", size, {"SOURCE": "", "FORMAT": "raw", "FS": "save_as"})
        source = self._about_image("mkfs", identity, document).split()[0]
        self.images[identity] = ImageRecord(source, size, persistent=False)
        volume = self.volume(vm, disk)
        now = self.must_hold[volume] if number < 0 else self.snapshots[volume, number]
        # a copy that an earlier try began is the disk of that moment
        blocks = self._kept.setdefault((source, number), dict(now))
        self._about_disk(vm, disk, "cpds", f"{FRONT_END}:{source}", number)
        self._came(source, blocks, size)

    def monitor(self, kind: str = "datastore") -> None:
        """A datastore is asked for its space."""
        data = base64.b64encode(documents.action_data(self._image_datastore))
        said = self.call(kind, "linstor", "monitor", IMAGES, stdin=data).stdout
        assert re.fullmatch(r"USED_MB=\d+\nTOTAL_MB=\d+\nFREE_MB=\d+\n", said)
