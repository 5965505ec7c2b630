"""Which datastores still have what oned.conf said when they were made (opennebula.md 6.3)."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from adapters.opennebula.rpc import Rpc
from domain.errors import OnedError
from entrypoints.onelinstor.install.oned_conf import parse
from entrypoints.onelinstor.install.registration import DRIVER

SECONDS = "5"
COPIED = {
    "0": ("LN_TARGET", "CLONE_TARGET", "TM_MAD_SYSTEM"),
    "1": ("SHARED", "DS_MIGRATE"),
}
"""TYPE of a datastore (image, system) -> what it copies; the `_SSH` and `_SHARED` ones come with TM_MAD_SYSTEM."""


def pool(environment: Mapping[str, str]) -> bytes | None:
    """What oned knows of all datastores; None where it cannot be asked."""
    try:
        return Rpc({"ONE_XMLRPC_TIMEOUT": SECONDS, **environment}).document("one.datastorepool.info").encode()
    except OnedError:
        return None


def to_update(document: bytes, oned_conf: str) -> list[str]:
    """`ID (NAME)` of every datastore of this driver whose copy is not what *oned_conf* says now."""
    section = next(each for each in parse(oned_conf) if each.name == "TM_MAD_CONF" and each.says("NAME") == DRIVER)
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False))
    ours = [each for each in root.iter("DATASTORE") if each.findtext("TM_MAD") == DRIVER]
    return [
        f"{each.findtext('ID')} ({each.findtext('NAME')})"
        for each in ours
        if any(
            (each.findtext(f"TEMPLATE/{key}") or "").upper() != section.says(key).upper()
            for key in COPIED.get(each.findtext("TYPE") or "", ())
        )
    ]
