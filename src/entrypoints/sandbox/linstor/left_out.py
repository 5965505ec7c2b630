"""What `compare` leaves out on purpose, with the reason for each."""

from __future__ import annotations

import re
from typing import Any

LEFT_OUT: tuple[tuple[str, str, str], ...] = ()
"""Method, pattern of the path, reason."""


def is_left_out(request: dict[str, Any]) -> bool:
    """Whether a difference in this exchange is meant."""
    return any(
        request["method"] == method and re.fullmatch(pattern, request["path"]) for method, pattern, _ in LEFT_OUT
    )
