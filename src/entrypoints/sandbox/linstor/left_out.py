"""What `compare` leaves out on purpose, as the table beside this package says with a reason for each row."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent.parent / "left_out.md"
_ROW = re.compile(r"^\| (?P<method>\S+) \| (?P<path>/\S+) \| (?P<why>.+) \|$", re.MULTILINE)


@cache
def rows() -> tuple[tuple[str, str, str], ...]:
    """Method, pattern of the path, reason."""
    found = _ROW.finditer(TABLE.read_text(encoding="utf-8"))
    return tuple((each["method"], each["path"].replace("\\|", "|"), each["why"]) for each in found)


def why_left_out(method: str, path: str) -> str:
    """The reason, "" where the request is compared."""
    matching = (why for by, pattern, why in rows() if re.fullmatch(by, method) and re.fullmatch(pattern, path))
    return next(matching, "")
