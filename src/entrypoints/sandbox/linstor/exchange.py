"""What a route gets and gives: a call, an answer, and where the route is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from adapters.memory.linstor import Reply
from adapters.memory.linstor.model import LinstorModel
from entrypoints.sandbox.linstor import shapes
from entrypoints.sandbox.linstor.requests import Members, at_least, checked, number, parse_error, parsed

RD = "/v1/resource-definitions/<rd>"


@dataclass(frozen=True)
class Call:
    """A request: the model, the parts of the path, the query (repeated keys), the body."""

    model: LinstorModel
    path: dict[str, str]
    query: dict[str, list[str]]
    body: bytes

    def names(self, key: str) -> list[str]:
        """All values of one query parameter."""
        return self.query.get(key, [])

    def one(self, key: str) -> str:
        """The first value of one query parameter, "" where there is none."""
        return next(iter(self.names(key)), "")

    def wanted(self, key: str) -> Callable[[str], bool]:
        """Whether a name passes the filter *key*: all do where it is not given; case does not matter."""
        given = {name.lower() for name in self.names(key)}
        return lambda name: not given or name.lower() in given

    def page(self, found: list[Any]) -> list[Any]:
        """The part that `limit` and `offset` ask for; 0 is no limit."""
        try:
            limit, offset = int(self.one("limit") or 0), int(self.one("offset") or 0)
        except ValueError as error:
            raise self.model.state.internal(f'For input string: "{self.one("limit")}"') from error
        return found[offset : offset + limit] if limit else found[offset:]

    def knows(self, version: str) -> bool:
        """Whether the server is at least of that REST version."""
        return at_least(self.model.rest_api_version, version)

    def members(self, members: Members, *, optional: bool = False) -> dict[str, Any]:
        """The body, an object of *members*; empty only where *optional*. Raises Refused 32765."""
        if optional and not self.body.strip():
            return {}
        return checked(parsed(self.body), members, self.model.rest_api_version)

    def several(self, members: Members) -> list[dict[str, Any]]:
        """The body, one such object or a list of them. Raises Refused 32765."""
        given = parsed(self.body)
        listed = given if isinstance(given, list) else [given]
        return [checked(each, members, self.model.rest_api_version) for each in listed]

    def volume_number(self) -> int:
        """The number of a volume in the path."""
        return number(self.path["vlm"], "volume number")


@dataclass(frozen=True)
class Answer:
    """What a route gives: JSON (or bytes that are not), and a status."""

    json: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One request that the server knows. *since*: the REST version that brought it.

    *parse_status* of a body that cannot be read (0: it is never answered), and whether that is an error *report* too,
    differ from call to call.
    """

    method: str
    path: str
    answer: Callable[[Call], Answer]
    since: str = "1.0"
    parse_status: int = 500
    report: bool = False


def said(replies: Iterable[Reply], status: int = 200) -> Answer:
    """A list of ApiCallRc."""
    return Answer(shapes.replies(replies), status)


def listed(value: Any, what: str) -> list[str]:
    """A list of words. Raises Refused 32765."""
    if not isinstance(value or [], list):
        raise parse_error(f"Cannot deserialize {what}")
    return [str(each) for each in value or []]
