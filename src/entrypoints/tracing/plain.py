"""What passes through ports, as JSON's own types: records become objects, bytes become their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

LONGEST = 20_000
"""Characters of one text; what is longer is cut."""


def plain(value: Any) -> Any:
    """*value* in JSON's own types."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Enum):
        return plain(value.value)
    return _many(value)


def _many(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {"is": type(value).__name__, **{each.name: plain(getattr(value, each.name)) for each in fields(value)}}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {"is": type(value).__name__, **{name: plain(each) for name, each in value._asdict().items()}}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return f"a {type(value).__name__}"


def shortened(value: Any) -> Any:
    """*value*, of JSON's own types, with its long texts cut. Secrets are gone before: half a document hides them."""
    if isinstance(value, dict):
        return {key: shortened(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shortened(each) for each in value]
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}... ({len(value)} characters)"
    return value
