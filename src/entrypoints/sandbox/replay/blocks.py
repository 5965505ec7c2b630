"""Blocks that can be told apart: what guests and images are filled with, so that lost or mixed data is seen."""

from __future__ import annotations

import hashlib

BLOCK = 4096
"""Bytes of a block; offsets are multiples of it."""

ZEROS = bytes(BLOCK)


def block(stamp: str) -> bytes:
    """The block that *stamp* stands for: the stamp itself, readable, then bytes that follow from it."""
    head = f"{stamp}\n".encode()
    seed = hashlib.sha256(head).digest()
    return (head + seed * (BLOCK // len(seed)))[:BLOCK]


def stamp_of(data: bytes) -> str:
    """What a block says it is, for a person to read: its stamp, "zeros", or "something else"."""
    if data == ZEROS:
        return "zeros"
    head, newline, _ = data.partition(b"\n")
    text = head.decode("ascii", "replace")
    return text if newline and block(text) == data else "something else"
