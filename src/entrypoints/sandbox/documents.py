"""oned's documents for a sandbox that is not a replay: datastores, images, VMs (opennebula.md 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree
from lxml.builder import E

Values = Mapping[str, object]


def _elements(values: Values) -> list[etree._Element]:
    return [E(name, etree.CDATA(str(value))) for name, value in values.items()]


def datastore(
    identity: int, name: str, tm_mad: str, template: Values, *, ds_mad: str = "-", kind: int = 0, base: str = ""
) -> str:
    """A `<DATASTORE>`; *kind* 0 holds images, 1 is a system datastore."""
    document = E.DATASTORE(
        E.ID(str(identity)),
        E.NAME(name),
        E.DS_MAD(ds_mad),
        E.TM_MAD(tm_mad),
        E.BASE_PATH(base),
        E.TYPE(str(kind)),
        E.TEMPLATE(*_elements(template)),
    )
    return etree.tostring(document, encoding="unicode")


def image(identity: int, name: str, size_mib: int, values: Values, template: Values) -> str:
    """An `<IMAGE>`; *values* are its own elements (PATH, SOURCE, FORMAT, FS, PERSISTENT, ...)."""
    own = [E(key, str(value)) for key, value in values.items()]
    document = E.IMAGE(E.ID(str(identity)), E.NAME(name), E.SIZE(str(size_mib)), *own, E.TEMPLATE(*_elements(template)))
    return etree.tostring(document, encoding="unicode")


def action_data(*documents: str) -> bytes:
    """The document of a datastore action: an image, a datastore, or both."""
    return f"<DS_DRIVER_ACTION_DATA>{''.join(documents)}</DS_DRIVER_ACTION_DATA>".encode()


@dataclass
class VmDocument:
    """A VM that changes: `xml()` is what oned would say now. *history*: host, datastore, transfer driver."""

    identity: int
    disks: dict[int, dict[str, object]] = field(default_factory=dict)
    history: list[tuple[str, int, str]] = field(default_factory=list)
    context_disk: int | None = None
    state: int = 3
    lcm_state: int = 3

    def xml(self, *, current_only: bool = False) -> str:
        """The `<VM>`; the drivers of a migration only get the current history record."""
        template = [E.DISK(*_elements({"DISK_ID": disk, **values})) for disk, values in self.disks.items()]
        if self.context_disk is not None:
            template.append(E.CONTEXT(*_elements({"DISK_ID": self.context_disk})))
        records = list(enumerate(self.history))
        document = E.VM(
            E.ID(str(self.identity)),
            E.STATE(str(self.state)),
            E.LCM_STATE(str(self.lcm_state)),
            E.DEPLOY_ID(f"one-{self.identity}"),
            E.TEMPLATE(*template),
            E.HISTORY_RECORDS(*_history(records[-1:] if current_only else records)),
        )
        return etree.tostring(document, encoding="unicode")


def _history(records: Sequence[tuple[int, tuple[str, int, str]]]) -> list[etree._Element]:
    return [
        E.HISTORY(E.SEQ(str(seq)), E.HOSTNAME(host), E.DS_ID(str(datastore)), E.TM_MAD(tm))
        for seq, (host, datastore, tm) in records
    ]
