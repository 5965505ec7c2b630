"""Sizes and ages as a person reads them."""

from __future__ import annotations

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")
_SPANS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def size(kib: int) -> str:
    """KiB in the unit that needs no more than four digits."""
    value, unit = float(kib), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if value >= 100 or value == int(value) else f"{value:.1f} {_UNITS[unit]}"


def age(since: int, now: int) -> str:
    """How long ago that was, both in seconds since 1970; "unknown" for 0."""
    if not since:
        return "unknown"
    seconds = max(0, now - since)
    length, word = next((span for span in _SPANS if seconds >= span[0]), _SPANS[-1])
    count = seconds // length
    return f"{count} {word}" + ("" if count == 1 else "s")
