"""Request bodies: strict about names, lax about types (linstor.md 2.1)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from adapters.memory.linstor import Refused, Reply

PARSE_ERROR = -3458764513820540931


def parse_error(details: str) -> Refused:
    """API_CALL_PARSE_ERROR: bad JSON, or a member that this version does not know."""
    return Refused(Reply(PARSE_ERROR, "Unable to parse input json.", details=details))


def body_of(data: bytes, members: Iterable[str], *, optional: bool = False) -> dict[str, Any]:
    """The members of a JSON object. Raises Refused 32765; an empty body only where *optional*."""
    if not data.strip():
        if optional:
            return {}
        raise parse_error("No content to map due to end-of-input")
    try:
        given = json.loads(data)
    except ValueError as error:
        raise parse_error(str(error)) from error
    if not isinstance(given, dict):
        raise parse_error("Cannot deserialize a list or a word as an object")
    if unknown := sorted(set(given) - set(members)):
        raise parse_error(f'Unrecognized field "{unknown[0]}"')
    return {key: value for key, value in given.items() if value is not None}


def number(value: Any, what: str) -> int:
    """A number, also as text or with a fraction, which is cut. Raises Refused 32765."""
    try:
        return int(float(value)) if not isinstance(value, (dict, list)) else int(str(value))
    except (TypeError, ValueError) as error:
        raise parse_error(f"Cannot deserialize {what}") from error


def truth(value: Any) -> bool:
    """A boolean, also as text."""
    return str(value).lower() == "true" if value is not None else False


def text_map(value: Any) -> dict[str, str]:
    """Properties: numbers become text. Raises Refused 32765."""
    if not isinstance(value or {}, dict):
        raise parse_error("Cannot deserialize a map")
    return {str(key): each if isinstance(each, str) else json.dumps(each) for key, each in (value or {}).items()}
