"""What must not stand in a trace, which is made to be sent to strangers.

Of oned's documents only the elements that this driver and a replay need are kept: an attribute with an unknown name may
hold anything. Of everything else goes what is called a secret, and every value that was called one anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from domain.masking import HIDDEN, SHORTEST, is_number, is_secret, known_secrets, masked_url
from entrypoints.sandbox.replay.payload import document_in, with_document

REMOVED = HIDDEN
_KEPT = """
    ALLOW_ORPHANS BASE_PATH BRIDGE_LIST CLONE CLONING_ID DATASTORE_ID DATE DEPLOY_ID DISK_ID DISK_TYPE DRIVER
    DS_ID DS_MAD FORMAT FS FSTYPE FS_FREEZE HOSTNAME ID IMAGE_ID INCREMENTAL_BACKUP_ID LAST_INCREMENT_ID
    LCM_STATE LIMIT_TRANSFER_BW LINSTOR_CA_FILE LINSTOR_CERT_FILE LINSTOR_AUTO_PLACE LINSTOR_CLONE_MODE
    LINSTOR_CLONE_TIMEOUT LINSTOR_CONNECT_TIMEOUT LINSTOR_CONTROLLERS LINSTOR_DEPLOYMENT_NODES
    LINSTOR_DEVICE_TIMEOUT LINSTOR_NODE_MAP LINSTOR_PREFER_LOCAL LINSTOR_RESOURCE_GROUP LINSTOR_SSH_TIMEOUT
    LINSTOR_STORAGE_POOL LINSTOR_TIMEOUT MD5 MODE NAME NO_DECOMPRESS OID ORIGINAL_SIZE PARENT PATH PERSISTENT
    PREV_STATE PREV_LCM_STATE READONLY RESTRICTED_DIRS SAFE_DIRS SAVE SEQ SHA1 SHAREABLE SHARED SIZE SOURCE
    STAGING_DIR STATE TARGET TARGET_SNAPSHOT TM_MAD TM_MAD_SYSTEM TYPE VMID VM_MAD
"""
KEPT = frozenset(_KEPT.split())
"""Elements of oned's documents whose text is kept."""
_NUMBERS = """
    CLONING_ID DATASTORE_ID DATE DISK_ID DS_ID ID IMAGE_ID INCREMENTAL_BACKUP_ID LAST_INCREMENT_ID LCM_STATE
    LINSTOR_CLONE_TIMEOUT LINSTOR_CONNECT_TIMEOUT LINSTOR_DEVICE_TIMEOUT LINSTOR_SSH_TIMEOUT LINSTOR_TIMEOUT OID
    ORIGINAL_SIZE PREV_LCM_STATE PREV_STATE SEQ SIZE STATE TARGET_SNAPSHOT VMID
"""
NUMBERS = frozenset(_NUMBERS.split())
"""Those of them that hold numbers; a slip may put a secret there."""
_KIND = re.compile(r"[A-Za-z_]*")
"""The type of a disk; that of a datastore is a number."""
KEPT_PROPERTIES = ("Aux/OpenNebula/", "DrbdOptions/", "StorDriver/", "StorPoolName", "DrbdPrimarySetOn", "Cloned")
_NO_SECRET = frozenset({"token_file", "password_file", "key_file"})
_ENCODED = re.compile(r"[A-Za-z0-9+/=_\s-]{200,}")
"""Nobody can tell what is in such a text."""
_USER_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")
_QUERY_OF_URL = re.compile(r"(?<=://)((?:(?!://)[^\s\"'<>?])*)\?[^\s\"'<>]*")


class Secrets:
    """Learns what is secret, then cleans. What the order itself learns to keep is known at once."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def values(self) -> set[str]:
        """Every value that is known to be secret by now."""
        return self._values.union(known_secrets())

    def learn(self, found: Any, name: str = "") -> None:
        """Remember every value in *found* that is called a secret there."""
        if isinstance(found, Mapping):
            for key, value in found.items():
                self.learn(value, str(key))
        elif isinstance(found, list | tuple):
            for each in found:
                self.learn(each, name)
        elif isinstance(found, str):
            self._learn_text(found, name)

    def _learn_text(self, text: str, name: str) -> None:
        if _is_secret(name) and len(text) >= SHORTEST:
            self._values.add(text)
        for element in _elements(document_in(_bytes(text))):
            if _is_secret(str(element.tag)) and len((element.text or "").strip()) >= SHORTEST:
                self._values.add((element.text or "").strip())

    def cleaned(self, found: Any, name: str = "") -> Any:
        """*found*, JSON's own types only, without secrets; *name* is the member that it is."""
        if _is_secret(name) and found not in (None, "", False, True):
            return REMOVED
        if isinstance(found, Mapping):
            return {self._text(str(key)): self._member(value, str(key), name) for key, value in found.items()}
        if isinstance(found, list | tuple):
            return [self.cleaned(each, name) for each in found]
        return self.text(found) if isinstance(found, str) else found

    def _member(self, value: Any, key: str, inside: str) -> Any:
        unknown = inside == "attributes" and not _keeps(key, str(value))
        foreign = inside.endswith("props") and not key.startswith(KEPT_PROPERTIES)
        return REMOVED if (unknown or foreign) and value else self.cleaned(value, key)

    def text(self, text: str) -> str:
        """*text* without secrets; a document in it, plain or in base64, with those elements alone that are kept."""
        if document_in(_bytes(text)):
            return with_document(_bytes(text), self._document).decode("utf-8", "replace")
        return REMOVED if _ENCODED.fullmatch(text) else self._text(text)

    def stdin(self, data: bytes) -> bytes:
        """What was on standard input, without secrets; nothing of what is no document."""
        return with_document(data, self._document) if document_in(data) else b""

    def _text(self, text: str) -> str:
        text = _QUERY_OF_URL.sub(rf"\1?{REMOVED}", _USER_IN_URL.sub(f"{REMOVED}@", text))
        for value in sorted(self.values(), key=len, reverse=True):
            text = text.replace(value, REMOVED)
        return text

    def _document(self, text: str) -> str:
        elements = _elements(text)
        for element in elements:
            element.attrib.clear()
            element.tail = None
            told = (element.text or "").strip()
            told = masked_url(told) if element.tag == "PATH" else told
            known = _keeps(str(element.tag), told) and not _is_secret(str(element.tag))
            element.text = self._text(told) if known else REMOVED if told else None
        return etree.tostring(elements[0], encoding="unicode") if elements else "<REMOVED/>"


def _bytes(text: str) -> bytes:
    """*text* may have what stands for bytes of another encoding, or half a character out of LINSTOR's JSON."""
    return text.encode("utf-8", "replace")


def _keeps(name: str, text: str) -> bool:
    """Whether *text* may stand in an element or an attribute of that name."""
    if name == "TYPE" and not _KIND.fullmatch(text):
        return is_number(text)
    return name in KEPT and (name not in NUMBERS or is_number(text))


def _is_secret(name: str) -> bool:
    return is_secret(name) and name.lower() not in _NO_SECRET


def _elements(text: str) -> list[etree._Element]:
    """All elements of a document, the root first; none where it is not well-formed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return list(etree.fromstring(_bytes(text), parser).iter("*")) if text else []
    except (etree.XMLSyntaxError, ValueError):
        return []
