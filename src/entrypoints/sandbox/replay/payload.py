"""The XML documents that oned hands to a script: on standard input or as an argument, plain or in base64.

Where they stand changed with the versions (opennebula.md 2.1, 3.1), so it is read off the bytes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

LONGEST_PLAIN_WORD = 64
"""No other argument of oned is a base64 text of this length."""


def document_in(data: bytes) -> str:
    """The XML text in *data*, decoded from base64 where it is; "" where there is none."""
    text = data.strip()
    if text.startswith(b"<"):
        return text.decode("utf-8", "replace")
    try:
        decoded = base64.b64decode(text, validate=True).strip()
    except (binascii.Error, ValueError):
        return ""
    return decoded.decode("utf-8", "replace") if decoded.startswith(b"<") else ""


def with_document(data: bytes, change: Callable[[str], str]) -> bytes:
    """*data* with its document changed, encoded as it was; *data* itself where it holds none."""
    found = document_in(data)
    if not found:
        return data
    changed = change(found).encode()
    return changed if data.lstrip().startswith(b"<") else base64.b64encode(changed)


def is_document(word: str) -> bool:
    """Whether an argument is an XML document in base64."""
    return len(word) > LONGEST_PLAIN_WORD and bool(document_in(word.encode()))


def base64_of(document: bytes) -> bytes:
    """A document as oned puts it on standard input."""
    return base64.b64encode(document)
