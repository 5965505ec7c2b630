"""What oned says while each recorded call runs: derived from the calls, corrected by every recorded document.

A document is recorded at the end of its operation, if at all; a driver asks in the middle. So the calls are followed,
as oned's own steps: a disk is known from the first, a move begins a history record, a resize shows the new size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from lxml import etree

from entrypoints.sandbox.replay.datastores import datastores_of
from entrypoints.sandbox.replay.disk_templates import DiskTemplates
from entrypoints.sandbox.replay.recording import Call, Operation, Recording
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.subject import LINSTOR, Subject, subject
from entrypoints.sandbox.replay.vm_document import ACTIVE, STATES, VmDocument, state_after

_MAKES_DISK = ("clone", "ln", "mkimage", "mkswap")
_MIGRATES = ("premigrate", "postmigrate", "failmigrate")
_ENDS_DISK = ("delete", "mvds")


class Oned(Protocol):
    """Where the documents go."""

    def put(self, kind: str, identity: int, document: str) -> None:
        """Answer `one.<kind>.info` for *identity* with *document*."""


class Knowledge:
    """Keeps oned's documents in step with the calls."""

    def __init__(self, recording: Recording, rewriting: Rewriting, oned: Oned, front_end: str) -> None:
        self._rewriting = rewriting
        self._oned = oned
        self._front_end = front_end
        self._vms: dict[int, VmDocument] = {}
        self._templates = DiskTemplates(recording, rewriting)
        self._drivers: dict[int, str] = {}
        self._datastores: dict[int, str] = {}
        self._operation = Operation("")
        self._ended: list[tuple[int, int]] = []
        self._new_life: set[int] = set()
        self._size_before = ""
        self._tell_datastores(recording)

    def _tell_datastores(self, recording: Recording) -> None:
        for number, each in datastores_of(recording, self._rewriting).items():
            self._datastores[number] = str(etree.tostring(each, encoding="unicode"))
            self._oned.put("datastore", number, self._datastores[number])
            self._drivers[number] = each.findtext("TM_MAD") or ""

    # -- an operation -----------------------------------------------------------------------------

    def begin(self, operation: Operation) -> None:
        """An operation begins: VMs that it is the first about are made, with all their disks."""
        self._operation = operation
        self._ended = []
        for call in operation.calls:
            about = subject(call)
            if about.vm is not None and about.vm not in self._vms:
                self._vms[about.vm] = self._new_vm(about.vm, operation)

    def _new_vm(self, vm_id: int, operation: Operation) -> VmDocument:
        vm = VmDocument(vm_id, self._templates.vm_without_history(vm_id, operation))
        for call in operation.calls:
            about = subject(call)
            if about.vm == vm_id and call.plain_action in _MAKES_DISK:
                vm.put_disk(self._templates.disk(call, about, operation))
        return vm

    def end(self, operation: Operation) -> None:
        """An operation is over: what oned said then is taken over; else the states that the index tells."""
        documents = {each.number: each for each in operation.documents if each.kind == "vm"}
        self._forget_ended(operation)
        for text in operation.states:
            found = state_after(text)
            if found is not None and found[0] in self._vms and found[0] not in documents:
                self._vms[found[0]].set_state(found[1], found[2])
        for number, document in documents.items():
            if number in self._vms:
                self._vms[number].replace(self._rewriting.tree(document.xml))
        for vm in self._involved(operation):
            self._oned.put("vm", vm.vm_id, vm.render())

    def _involved(self, operation: Operation) -> Iterator[VmDocument]:
        for vm_id in dict.fromkeys(subject(call).vm for call in operation.calls):
            if vm_id is not None and vm_id in self._vms:
                yield self._vms[vm_id]

    def _forget_ended(self, operation: Operation) -> None:
        """Disks that went while the VM stays are detached; a VM that went keeps its disks in its document."""
        gone = {
            subject(call).vm
            for call in operation.calls
            if call.plain_action == "delete" and subject(call).whole_directory and not call.exit_code
        }
        for vm_id, disk_id in self._ended:
            if vm_id not in gone:
                self._vms[vm_id].drop_disk(disk_id)
                self._vms[vm_id].drop_snapshots(disk_id)

    # -- a call -----------------------------------------------------------------------------------

    def before(self, call: Call) -> None:
        """A call begins: oned's document says what it says by then."""
        about = subject(call)
        if about.vm is None or call.kind != "tm":
            return
        vm = self._vms[about.vm]
        step = self._steps().get(call.plain_action)
        if step is not None:
            step(vm, call, about)
        self._oned.put("vm", vm.vm_id, vm.render())

    def after(self, call: Call) -> None:
        """A call has ended as recorded."""
        about = subject(call)
        if about.vm is None:
            return
        vm = self._vms[about.vm]
        if call.kind == "vmm":
            self._after_hypervisor(vm, call, about)
        elif call.plain_action in _ENDS_DISK:
            self._after_end(call, about)
        elif call.plain_action == "snap_delete" and not call.exit_code:
            vm.drop_snapshot(about.disk or 0, about.snapshot or 0)
        elif call.exit_code:
            self._after_failure(vm, call, about)
        self._oned.put("vm", vm.vm_id, vm.render())

    def _after_failure(self, vm: VmDocument, call: Call, about: Subject) -> None:
        """What oned takes back: the size, the snapshot, the disk that was to be attached, the host of a migration."""
        if call.plain_action == "resize":
            vm.set_disk(about.disk or 0, "SIZE", self._size_before)
        elif call.plain_action.startswith("snap_create"):
            vm.drop_snapshot(about.disk or 0, about.snapshot or 0)
        elif call.plain_action in _MAKES_DISK and vm.running:
            self._ended.append((vm.vm_id, about.disk or 0))
        elif call.plain_action == "premigrate" and not about.caller:
            self._back_again(vm, about)

    @staticmethod
    def _back_again(vm: VmDocument, about: Subject) -> None:
        """A live migration failed: the VM goes on where it was, in a record of its own."""
        records = vm.history()
        if about.origin is not None and records and records[-1][1] != about.origin.host:
            vm.begin_record(records[-1][0] + 1, about.origin.host, records[-1][2], vm.record_driver())

    def vm(self, vm_id: int) -> VmDocument:
        """The document of a VM that a call was about."""
        return self._vms[vm_id]

    def vms(self) -> list[VmDocument]:
        """The documents of all VMs that calls were about."""
        return list(self._vms.values())

    def images(self, operation: Operation) -> list[etree._Element]:
        """The images of our datastores that were recorded when *operation* was over."""
        documents = [self._rewriting.tree(each.xml) for each in operation.documents if each.kind == "image"]
        return [each for each in documents if self.driver_of(int(each.findtext("DATASTORE_ID") or -1)) == LINSTOR]

    def driver_of(self, datastore: int) -> str:
        """TM_MAD of a datastore, "" where it is not known."""
        return self._drivers.get(datastore, "")

    def datastore(self, number: int) -> str:
        """The document of a datastore, "" where it is not known."""
        return self._datastores.get(number, "")

    def backed_up(self, vm_id: int, image: int, increment: int | None, document: str) -> None:
        """A backup of a VM is in the store, in an image with this *document*; a whole one is no *increment*."""
        self._oned.put("image", image, document)
        if increment is not None:
            self._vms[vm_id].set_increment(increment, image)

    def _after_end(self, call: Call, about: Subject) -> None:
        if call.exit_code or about.vm is None:
            return
        if about.whole_directory:
            self._new_life.add(about.vm)
        elif about.disk is not None:
            self._ended.append((about.vm, about.disk))

    def _after_hypervisor(self, vm: VmDocument, call: Call, about: Subject) -> None:
        if call.exit_code:
            if call.action == "migrate":
                self._back_again(vm, about)
            return
        if call.action in ("deploy", "restore"):
            vm.set_state(ACTIVE, 3)
            vm.set_deploy_id(f"one-{vm.vm_id}")
        elif call.action in ("shutdown", "cancel"):
            vm.set_state(STATES["POWEROFF"])
        elif call.action == "save":
            vm.set_state(STATES["SUSPENDED"])

    def _steps(self) -> dict[str, Callable[[VmDocument, Call, Subject], None]]:
        made = dict.fromkeys(_MAKES_DISK, self._making_disk)
        migrating = dict.fromkeys(_MIGRATES, self._migrating)
        return {
            **made,
            **migrating,
            "mv": self._moving,
            "resize": self._resizing,
            "snap_create": self._taking_snapshot,
            "snap_create_live": self._taking_snapshot,
        }

    def _making_disk(self, vm: VmDocument, call: Call, about: Subject) -> None:
        self._be_at(vm, about, call)
        if not vm.history() or vm.state not in (ACTIVE, STATES["POWEROFF"], STATES["SUSPENDED"]):
            vm.set_state(ACTIVE, 1)
        if vm.disk(about.disk if about.disk is not None else -1) is None:
            vm.put_disk(self._templates.disk(call, about, self._operation))

    def _moving(self, vm: VmDocument, call: Call, about: Subject) -> None:
        """`mv`: to the front-end at the end of a life on a host, from it at the next, else between hosts."""
        if about.place is None or about.origin is None:
            return
        saved = vm.state in (STATES["SUSPENDED"], STATES["STOPPED"]) or self._has_checkpoint(call)
        if about.place.host == self._front_end:
            vm.set_state(ACTIVE, 10 if saved else 30)
            return
        self._be_at(vm, about, call)
        if about.origin.host == self._front_end:
            vm.set_state(ACTIVE, 9 if saved else 31)
        else:
            vm.set_state(ACTIVE, 45 if saved else 43)

    def _has_checkpoint(self, call: Call) -> bool:
        """Whether this operation saved the guest's memory, or restores it."""
        return any(each.kind == "vmm" and each.action in ("save", "restore") for each in self._operation.calls)

    def _migrating(self, vm: VmDocument, call: Call, about: Subject) -> None:
        if call.plain_action == "premigrate":
            self._be_at(vm, about, call)
        vm.set_state(ACTIVE, 4)

    def _be_at(self, vm: VmDocument, about: Subject, call: Call) -> None:
        """The current history record is about this host and system datastore; a new one begins where it is not."""
        if about.place is None:
            return
        datastore = about.datastore if call.plain_action in _MIGRATES else about.place.datastore
        where = (about.place.host, datastore if datastore is not None else -1)
        seq = self._seq(vm, call, where)
        vm.begin_record(seq, *where, self._drivers.get(where[1], ""))
        self._new_life.discard(vm.vm_id)

    def _seq(self, vm: VmDocument, call: Call, where: tuple[str, int]) -> int:
        """The number of the record: the one that the next start in this operation names, or one more per place."""
        known = vm.history()
        for later in self._operation.calls:
            about = subject(later)
            if later.seq > call.seq and about.vm == vm.vm_id and about.seq is not None:
                return about.seq
        if not known:
            return 0
        seq, host, datastore = known[-1]
        same = (host, datastore) == where and vm.vm_id not in self._new_life
        return seq if same else seq + 1

    def _resizing(self, vm: VmDocument, _call: Call, about: Subject) -> None:
        self._size_before = vm.value(about.disk or 0, "SIZE")
        vm.set_disk(about.disk or 0, "SIZE", str(about.size_mib))

    def _taking_snapshot(self, vm: VmDocument, call: Call, about: Subject) -> None:
        disk, number = about.disk or 0, about.snapshot or 0
        date = self._templates.snapshot_date(vm.vm_id, disk, number, self._operation)
        size = vm.value(disk, "SIZE") or "0"
        values = {"DATE": date or str(int(call.time) or call.seq), "SIZE": size, "PARENT": "-1"}
        vm.put_snapshot(disk, number, values)
