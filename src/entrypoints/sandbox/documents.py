"""oned's documents for a sandbox that is not a replay: datastores, images, VMs (opennebula.md 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

Values = Mapping[str, object]
ACTIVE, RUNNING = 3, 3


def _added(parent: etree._Element, values: Values) -> etree._Element:
    for name, value in values.items():
        etree.SubElement(parent, name).text = str(value)
    return parent


def _template(parent: etree._Element, values: Values, name: str = "TEMPLATE") -> etree._Element:
    """A child whose values are CDATA, as those of templates are."""
    template = etree.SubElement(parent, name)
    for key, value in values.items():
        etree.SubElement(template, key).text = etree.CDATA(str(value))
    return template


def _text(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode")


def datastore(identity: int, name: str, drivers: tuple[str, str], template: Values, *, kind: int, base: str) -> str:
    """A `<DATASTORE>`. *drivers*: DS_MAD, "-" for none, and TM_MAD. *kind* 0 holds images, 1 is a system datastore."""
    root = etree.Element("DATASTORE")
    ds_mad, tm_mad = drivers
    _added(root, {"ID": identity, "NAME": name, "DS_MAD": ds_mad, "TM_MAD": tm_mad, "BASE_PATH": base, "TYPE": kind})
    _template(root, template)
    return _text(root)


def image(identity: int, name: str, size_mib: int, values: Values, template: Values | None = None) -> str:
    """An `<IMAGE>`; *values* are its own elements (PATH, SOURCE, FORMAT, FS, PERSISTENT, ...)."""
    root = etree.Element("IMAGE")
    _added(root, {"ID": identity, "NAME": name, "SIZE": size_mib, **values})
    _template(root, template or {})
    return _text(root)


def host(identity: int, name: str) -> str:
    """A `<HOST>`."""
    return _text(_added(etree.Element("HOST"), {"ID": identity, "NAME": name, "STATE": 2}))


def action_data(*documents: str) -> bytes:
    """The document of a datastore action: an image, a datastore, or both."""
    return f"<DS_DRIVER_ACTION_DATA>{''.join(documents)}</DS_DRIVER_ACTION_DATA>".encode()


@dataclass(frozen=True)
class Record:
    """One history record: where a VM is or was. *tm* is the driver of the system datastore."""

    host: str
    datastore: int
    tm: str


@dataclass
class VmDocument:
    """A VM that changes: `xml()` is what oned would say now.

    *disks*: id -> attributes of the DISK. *snapshots*: disk -> snapshot -> when it was asked for, in seconds.
    *lcm_state*: what oned does with it (opennebula.md 4.6). *attributes*: what the user added to its template.
    *backup*: its BACKUP_CONFIG (opennebula.md 5.2), *backup_ids*: the images of its backups.
    """

    identity: int
    history: list[Record]
    disks: dict[int, dict[str, object]] = field(default_factory=dict)
    context_disk: int | None = None
    snapshots: dict[int, dict[int, int]] = field(default_factory=dict)
    state: int = ACTIVE
    lcm_state: int = RUNNING
    attributes: dict[str, str] = field(default_factory=dict)
    backup: dict[str, object] = field(default_factory=dict)
    backup_ids: list[int] = field(default_factory=list)

    @property
    def now(self) -> Record:
        """Where it is."""
        return self.history[-1]

    def xml(self, *, current_only: bool = False) -> str:
        """The `<VM>`; the drivers of a migration only get the current history record (opennebula.md 3.7)."""
        root = etree.Element("VM")
        states = {"STATE": self.state, "LCM_STATE": self.lcm_state}
        _added(root, {"ID": self.identity, **states, "DEPLOY_ID": f"one-{self.identity}"})
        template = etree.SubElement(root, "TEMPLATE")
        for disk, values in self.disks.items():
            _template(template, {"DISK_ID": disk, **values}, "DISK")
        if self.context_disk is not None:
            _template(template, {"DISK_ID": self.context_disk}, "CONTEXT")
        _template(root, self.attributes, "USER_TEMPLATE")
        for disk, taken in self.snapshots.items():
            _snapshots(root, disk, taken)
        _backups(root, self.backup, self.backup_ids)
        records = list(enumerate(self.history))
        _history(etree.SubElement(root, "HISTORY_RECORDS"), records[-1:] if current_only else records)
        return _text(root)


def _snapshots(parent: etree._Element, disk: int, taken: Mapping[int, int]) -> None:
    found = _added(etree.SubElement(parent, "SNAPSHOTS"), {"DISK_ID": disk})
    for snapshot, date in taken.items():
        _added(etree.SubElement(found, "SNAPSHOT"), {"ID": snapshot, "DATE": date})


def _backups(parent: etree._Element, config: Values, identities: Sequence[int]) -> None:
    found = etree.SubElement(parent, "BACKUPS")
    _template(found, config, "BACKUP_CONFIG")
    kept = etree.SubElement(found, "BACKUP_IDS")
    for each in identities:
        etree.SubElement(kept, "ID").text = str(each)


def _history(parent: etree._Element, records: Sequence[tuple[int, Record]]) -> None:
    for seq, record in records:
        values = {"SEQ": seq, "HOSTNAME": record.host, "DS_ID": record.datastore, "TM_MAD": record.tm}
        _added(etree.SubElement(parent, "HISTORY"), values)
