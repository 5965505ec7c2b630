"""One VM as oned describes it: an XML document that is kept up to date (opennebula.md 4.1-4.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy

from lxml import etree

from entrypoints.sandbox.replay.rewriting import set_text

STATES = {
    "INIT": 0,
    "PENDING": 1,
    "HOLD": 2,
    "ACTIVE": 3,
    "STOPPED": 4,
    "SUSPENDED": 5,
    "DONE": 6,
    "POWEROFF": 8,
    "UNDEPLOYED": 9,
}
ACTIVE, RUNNING = STATES["ACTIVE"], 3
LCM_STATES = {
    "RUNNING": RUNNING,
    "BOOT_FAILURE": 36,
    "PROLOG_MIGRATE_FAILURE": 38,
    "PROLOG_FAILURE": 39,
    "EPILOG_FAILURE": 40,
    "EPILOG_STOP_FAILURE": 41,
    "EPILOG_UNDEPLOY_FAILURE": 42,
}
_STATE = re.compile(r"VM (\d+) (\w+)(?:/(\w+))?")


class VmDocument:
    """The document of one VM."""

    def __init__(self, vm_id: int, tree: etree._Element | None = None) -> None:
        self.vm_id = vm_id
        self._tree = deepcopy(tree) if tree is not None else _skeleton(vm_id)

    def render(self) -> str:
        """The XML text."""
        return str(etree.tostring(self._tree, encoding="unicode"))

    def replace(self, tree: etree._Element) -> None:
        """Take over what oned said itself."""
        self._tree = deepcopy(tree)

    # -- states -----------------------------------------------------------------------------------

    @property
    def state(self) -> int:
        """The number of the state."""
        return int(self._tree.findtext("STATE") or 0)

    @property
    def running(self) -> bool:
        """Whether a guest runs, as far as oned knows."""
        return self.state == ACTIVE and (self._tree.findtext("LCM_STATE") or "") == str(RUNNING)

    def set_state(self, state: int, lcm_state: int = 0) -> None:
        """Go to a state; the one before is kept as PREV_."""
        for name, value in (("STATE", state), ("LCM_STATE", lcm_state)):
            set_text(self._tree, f"PREV_{name}", self._tree.findtext(name) or "0")
            set_text(self._tree, name, str(value))

    def set_deploy_id(self, deploy_id: str) -> None:
        """The name of the domain at the hypervisor."""
        set_text(self._tree, "DEPLOY_ID", deploy_id)

    def set_increment(self, increment: int, image: int) -> None:
        """The last backup was that increment of an image (opennebula.md 5.2)."""
        config = self._tree.find("BACKUPS/BACKUP_CONFIG")
        if config is not None:
            set_text(config, "LAST_INCREMENT_ID", str(increment))
            set_text(config, "INCREMENTAL_BACKUP_ID", str(image))

    # -- disks ------------------------------------------------------------------------------------

    def disk(self, disk_id: int) -> etree._Element | None:
        """The DISK of that id."""
        return find_disk(self._tree, disk_id)

    def disks(self) -> list[int]:
        """The ids of all DISKs."""
        return [int(each.findtext("DISK_ID") or -1) for each in self._tree.findall("TEMPLATE/DISK")]

    def put_disk(self, disk: etree._Element) -> None:
        """Add a DISK, in place of one with the same id."""
        self.drop_disk(int(disk.findtext("DISK_ID") or -1))
        self._child("TEMPLATE").append(deepcopy(disk))

    def drop_disk(self, disk_id: int) -> None:
        """Remove a DISK."""
        found = self.disk(disk_id)
        if found is not None:
            self._child("TEMPLATE").remove(found)

    def set_disk(self, disk_id: int, name: str, value: str) -> None:
        """Set one attribute of a disk."""
        found = self.disk(disk_id)
        if found is not None:
            set_text(found, name, value)

    def value(self, disk_id: int, name: str) -> str:
        """One attribute of a disk, "" where it has none."""
        found = self.disk(disk_id)
        return (found.findtext(name) or "").strip() if found is not None else ""

    # -- history ----------------------------------------------------------------------------------

    def history(self) -> list[tuple[int, str, int]]:
        """(SEQ, HOSTNAME, DS_ID) of each record, oldest first."""
        return [
            (int(each.findtext("SEQ") or 0), each.findtext("HOSTNAME") or "", int(each.findtext("DS_ID") or -1))
            for each in self._tree.findall("HISTORY_RECORDS/HISTORY")
        ]

    def host(self) -> str:
        """HOSTNAME of the last history record, "" before the first."""
        return self.history()[-1][1] if self.history() else ""

    def record_driver(self) -> str:
        """TM_MAD of the last history record."""
        records = self._tree.findall("HISTORY_RECORDS/HISTORY")
        return (records[-1].findtext("TM_MAD") or "") if records else ""

    def begin_record(self, seq: int, host: str, datastore: int, tm_mad: str) -> None:
        """Add a history record, unless the last one has that number already."""
        if self.history() and self.history()[-1][0] == seq:
            return
        record = etree.SubElement(self._child("HISTORY_RECORDS"), "HISTORY")
        values = {
            "OID": self.vm_id,
            "SEQ": seq,
            "HOSTNAME": host,
            "VM_MAD": "kvm",
            "TM_MAD": tm_mad,
            "DS_ID": datastore,
            "ACTION": 0,
        }
        for name, value in values.items():
            set_text(record, name, str(value))

    # -- snapshots --------------------------------------------------------------------------------

    def put_snapshot(self, disk_id: int, snapshot_id: int, values: Mapping[str, str]) -> None:
        """Write down a snapshot of a disk, unless it is there."""
        own = snapshots_of(self._tree, disk_id)
        if own is None:
            own = etree.SubElement(self._tree, "SNAPSHOTS")
            set_text(own, "DISK_ID", str(disk_id))
        if find_snapshot(own, snapshot_id) is None:
            record = etree.SubElement(own, "SNAPSHOT")
            for name, value in {"ID": str(snapshot_id), **values}.items():
                set_text(record, name, value)

    def snapshots(self, disk_id: int) -> set[int]:
        """The ids of the snapshots of a disk."""
        own = snapshots_of(self._tree, disk_id)
        return {int(each.findtext("ID") or -1) for each in own.findall("SNAPSHOT")} if own is not None else set()

    def drop_snapshot(self, disk_id: int, snapshot_id: int) -> None:
        """Forget a snapshot of a disk."""
        own = snapshots_of(self._tree, disk_id)
        record = find_snapshot(own, snapshot_id) if own is not None else None
        if own is not None and record is not None:
            own.remove(record)

    def drop_snapshots(self, disk_id: int) -> None:
        """Forget all snapshots of a disk."""
        own = snapshots_of(self._tree, disk_id)
        if own is not None:
            self._tree.remove(own)

    def _child(self, name: str) -> etree._Element:
        found = self._tree.find(name)
        return found if found is not None else etree.SubElement(self._tree, name)


def find_disk(tree: etree._Element, disk_id: int) -> etree._Element | None:
    """The DISK of that id in a VM document."""
    for disk in tree.findall("TEMPLATE/DISK"):
        if (disk.findtext("DISK_ID") or "").strip() == str(disk_id):
            return disk
    return None


def snapshots_of(tree: etree._Element, disk_id: int) -> etree._Element | None:
    """The SNAPSHOTS of a disk in a VM document."""
    return next((each for each in tree.findall("SNAPSHOTS") if each.findtext("DISK_ID") == str(disk_id)), None)


def find_snapshot(snapshots: etree._Element, snapshot_id: int) -> etree._Element | None:
    """The SNAPSHOT of that id."""
    return next((each for each in snapshots.findall("SNAPSHOT") if each.findtext("ID") == str(snapshot_id)), None)


def disk_element(values: Mapping[str, object]) -> etree._Element:
    """A DISK with these attributes; empty ones are left out, as oned does."""
    disk = etree.Element("DISK")
    for name, value in values.items():
        if value not in ("", None):
            set_text(disk, name, str(value))
    return disk


def state_after(text: str) -> tuple[int, int, int] | None:
    """`VM 0 ACTIVE/RUNNING` -> VM id, state, LCM state; None for what is no state that is known here."""
    match = _STATE.fullmatch(text)
    if match is None or match[2] not in STATES:
        return None
    return int(match[1]), STATES[match[2]], LCM_STATES.get(match[3] or "", 0)


def _skeleton(vm_id: int) -> etree._Element:
    root = etree.Element("VM")
    values = {"ID": vm_id, "UID": 0, "GID": 0, "UNAME": "oneadmin", "GNAME": "oneadmin", "NAME": f"vm-{vm_id}"}
    for name, value in values.items():
        set_text(root, name, str(value))
    for name in ("STATE", "LCM_STATE", "PREV_STATE", "PREV_LCM_STATE"):
        set_text(root, name, "0")
    for name in ("DEPLOY_ID", "TEMPLATE", "USER_TEMPLATE", "HISTORY_RECORDS"):
        set_text(root, name, "")
    return root
