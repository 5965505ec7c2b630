"""Take an edit out of a text that others have changed since."""

from __future__ import annotations

from difflib import SequenceMatcher


def undone(before: bytes, after: bytes, now: bytes) -> tuple[bytes, int]:
    """*now* without what made *after* of *before*, and how many places of it were not found again, or twice.

    *after* and *before* themselves give *before*, byte for byte. Lines are compared as a whole.
    """
    if now in (before, after):
        return before, 0
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines, stuck = now.splitlines(keepends=True), 0
    for kind, low, high, first, last in reversed(SequenceMatcher(None, old, new, autojunk=False).get_opcodes()):
        if kind == "equal":
            continue
        at = _only_place(lines, new[first:last]) if last > first else None
        if at is None:
            stuck += 1
        else:
            lines[at : at + last - first] = old[low:high]
    return b"".join(lines), stuck


def _only_place(lines: list[bytes], wanted: list[bytes]) -> int | None:
    size = len(wanted)
    found = [at for at in range(len(lines) - size + 1) if lines[at : at + size] == wanted]
    return found[0] if len(found) == 1 else None
