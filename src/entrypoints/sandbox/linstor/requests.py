"""Request bodies: strict about names, lax about types (linstor.md 2.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.memory.linstor import Refused, Reply

PARSE_ERROR = -3458764513820540931


@dataclass(frozen=True)
class Members:
    """What a body may hold. *since*: members by the REST version that brought them; *inner*: members of members."""

    always: tuple[str, ...] = ()
    since: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inner: Mapping[str, Members] = field(default_factory=dict)

    def known(self, version: str) -> set[str]:
        """All names that a server of REST *version* knows."""
        newer = (names for each, names in self.since.items() if at_least(version, each))
        return {*self.always, *self.inner, *(name for names in newer for name in names)}


def at_least(version: str, wanted: str) -> bool:
    """Whether REST *version* is *wanted* or later."""
    return _numbers(version) >= _numbers(wanted)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def parse_error(details: str) -> Refused:
    """API_CALL_PARSE_ERROR: bad JSON, or a member that this version does not know."""
    return Refused(Reply(PARSE_ERROR, "Unable to parse input json.", details=details))


def parsed(data: bytes) -> Any:
    """The JSON of a body. Raises Refused 32765."""
    if not data.strip():
        raise parse_error("No content to map due to end-of-input")
    try:
        return json.loads(data)
    except ValueError as error:
        raise parse_error(str(error)) from error


def checked(given: Any, members: Members, version: str) -> dict[str, Any]:
    """An object without unknown members, down to its inner objects, and without nulls. Raises Refused 32765."""
    if not isinstance(given, dict):
        raise parse_error("Cannot deserialize a list or a word as an object")
    if unknown := sorted(set(given) - members.known(version)):
        raise parse_error(f'Unrecognized field "{unknown[0]}"')
    found = {key: value for key, value in given.items() if value is not None}
    for key in found.keys() & members.inner.keys():
        found[key] = _inner(found[key], members.inner[key], version)
    return found


def _inner(given: Any, members: Members, version: str) -> Any:
    if isinstance(given, list):
        return [checked(each, members, version) for each in given]
    return checked(given, members, version)


def number(value: Any, what: str) -> int:
    """A number, also as text or with a fraction, which is cut. Raises Refused 32765."""
    try:
        return int(float(value)) if not isinstance(value, (dict, list)) else int(str(value))
    except (TypeError, ValueError) as error:
        raise parse_error(f"Cannot deserialize {what}") from error


def truth(value: Any) -> bool:
    """A boolean, also as text."""
    return str(value).lower() == "true" if value is not None else False


def text_map(value: Any) -> dict[str, str | None]:
    """Properties: numbers become text; null stays, for the operation to refuse. Raises Refused 32765."""
    if not isinstance(value or {}, dict):
        raise parse_error("Cannot deserialize a map")
    return {str(key): _text(each) for key, each in (value or {}).items()}


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
