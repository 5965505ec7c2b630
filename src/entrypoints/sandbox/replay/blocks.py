"""Blocks that can be told apart: what images are filled with, so that lost or mixed data is seen."""

from __future__ import annotations

import hashlib
import re

BLOCK = 4096
"""Bytes of a block; offsets are multiples of it."""

_READABLE = re.compile(rb"[ -~]{3,60}")


def block(stamp: str) -> bytes:
    """The block that *stamp* stands for: the stamp itself, readable, then bytes that follow from it."""
    head = f"{stamp}\n".encode()
    seed = hashlib.sha256(head).digest()
    return (head + seed * (BLOCK // len(seed)))[:BLOCK]


def described(data: bytes) -> str:
    """What a block says it is, for a person to read: its first words, "zeros", or "something else"."""
    if not any(data):
        return "zeros"
    match = _READABLE.match(data)
    return repr(match[0].decode("ascii")) if match else "something else"
