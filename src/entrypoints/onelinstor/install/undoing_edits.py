"""Take an edit out of a text that others have changed since."""

from __future__ import annotations

from difflib import SequenceMatcher


def undone(before: bytes, after: bytes, now: bytes) -> bytes:
    """*now* without what made *after* of *before*, as far as these lines are found again, and only once.

    *after* and *before* themselves give *before*, byte for byte.
    """
    if now in (before, after):
        return before
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = now.splitlines(keepends=True)
    for kind, low, high, first, last in reversed(SequenceMatcher(None, old, new, autojunk=False).get_opcodes()):
        if kind == "equal":
            continue
        at = _only_place(lines, new[first:last]) if last > first else None
        if at is not None:
            lines[at : at + last - first] = old[low:high]
    return b"".join(lines)


def _only_place(lines: list[bytes], wanted: list[bytes]) -> int | None:
    size = len(wanted)
    found = [at for at in range(len(lines) - size + 1) if lines[at : at + size] == wanted]
    return found[0] if len(found) == 1 else None
