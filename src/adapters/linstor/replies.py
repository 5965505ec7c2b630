"""What a controller's list of replies means: the whole list is judged, never its first element (linstor.md 2.1, 4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.linstor.codes import CODE_MASK, OBJECT_MASK, OBJECT_RESOURCE, Code, Kind
from domain.errors import AccessDenied, ControllerFailed, DeviceHeldOpen, DriverError, VolumeError

Meaning = Callable[[str], DriverError]
"""Makes the error of one code from what the controller said."""

LONGEST_SENTENCE = 500
NOT_SHUT_DOWN = "Shutdown of the DRBD resource"
"""What a host could not do: the code is the same for every command that fails there (linstor.md 2.18)."""

_TOLD_BY_DETAILS = frozenset(
    {
        Code.INVALID_VOLUME_SIZE,
        Code.UNKNOWN_POOL,
        Code.NO_FREE_SPACE,
        Code.NO_SNAPSHOTS,
        Code.NOT_CONNECTED,
        Code.NOT_ENOUGH_NODES,
        Code.UNKNOWN_ERROR,
        Code.IMPLEMENTATION_ERROR,
    }
)


@dataclass(frozen=True)
class Reply:
    """One element of a list of replies; *about* are the object bits of its number."""

    kind: Kind
    code: int
    about: int
    message: str
    details: str
    cause: str
    reports: tuple[str, ...]

    @property
    def said(self) -> str:
        """One sentence; the details only where they say more than the names that the caller knows anyway."""
        parts = [self.message, self.cause]
        if self.code in _TOLD_BY_DETAILS:
            parts.append(self.details)
        text = ": ".join(" ".join(part.split()).rstrip(".") for part in parts if part.strip())
        return text if len(text) <= LONGEST_SENTENCE else f"{text[:LONGEST_SENTENCE]}..."


@dataclass(frozen=True)
class Replies:
    """All replies to one request, oldest first.

    *repeated*: the answer to an earlier, identical request was lost, so "exists" may speak of our own work.
    """

    entries: tuple[Reply, ...]
    status: int = 200
    repeated: bool = False

    @property
    def error(self) -> Reply | None:
        """The first error; it also decides the HTTP status."""
        return next((each for each in self.entries if each.kind is Kind.ERROR), None)

    @property
    def reports(self) -> tuple[str, ...]:
        """The ids of all error reports."""
        return tuple(dict.fromkeys(report for each in self.entries for report in each.reports))

    @property
    def adjusted(self) -> bool:
        """Whether a satellite was told: an empty change has no entry about a resource (linstor.md 2.18)."""
        return any(
            each.kind is Kind.SUCCESS and each.about == OBJECT_RESOURCE and each.code == Code.MODIFIED
            for each in self.entries
        )

    @property
    def begun(self) -> bool:
        """Whether something was done before an error."""
        return any(each.kind is Kind.SUCCESS for each in self.entries)

    @property
    def missing_endpoint(self) -> bool:
        """Whether this version of the server does not know the path (linstor.md 2.1)."""
        return self.status == 404 and self.failed_with(Code.UNKNOWN_ERROR)

    def failed_with(self, *codes: Code) -> bool:
        """Whether the deciding error is one of *codes*."""
        return self.error is not None and self.error.code in codes

    def has(self, kind: Kind, code: Code) -> bool:
        """Whether an element of that kind and code is among them."""
        return any(each.kind is kind and each.code == code for each in self.entries)

    def check(self, doing: str, meanings: Mapping[int, Meaning] | None = None) -> Replies:
        """These replies when none is an error; else raises what *meanings* has for its code.

        Without a meaning: AccessDenied for refused credentials, ControllerFailed for everything else.
        """
        if self.error is not None:
            raise self._translated(doing, self.error, meanings or {})
        return self

    def _translated(self, doing: str, error: Reply, meanings: Mapping[int, Meaning]) -> DriverError:
        if self.status in (401, 403) or _access_code(error.code):
            return AccessDenied(f"LINSTOR refused to {doing}: {error.said}")
        if self.missing_endpoint:
            return ControllerFailed(doing, "this version of the server does not know the request")
        if meaning := meanings.get(error.code):
            return meaning(error.said)
        failed = DeviceHeldOpen if NOT_SHUT_DOWN in error.message else ControllerFailed
        return failed(doing, error.said, reports=self.reports)


def _access_code(code: int) -> bool:
    signing_in = code in (Code.SIGN_IN_FAILED, Code.SIGN_IN_MISSING)
    return signing_in or Code.FIRST_ACCESS_DENIED <= code <= Code.LAST_ACCESS_DENIED


def replies_of(body: Any, status: int = 200, *, repeated: bool = False) -> Replies | None:
    """The replies in a JSON body: a list, or the member `messages` of a clone's answer. None where it has none."""
    listed = body.get("messages", []) if isinstance(body, dict) and _clone_answer(body) else body
    if not isinstance(listed, list) or not all(_is_reply(each) for each in listed):
        return None
    return Replies(tuple(_reply(each) for each in listed), status, repeated)


def _is_reply(entry: object) -> bool:
    """Whether it has the number that says everything."""
    number = entry.get("ret_code") if isinstance(entry, dict) else None
    return isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**64


def _clone_answer(body: Mapping[str, Any]) -> bool:
    return "messages" in body or "clone_name" in body


def _reply(entry: Mapping[str, Any]) -> Reply:
    number: int = entry["ret_code"]
    reports = entry.get("error_report_ids")
    return Reply(
        kind=Kind((number >> 62) & 3),
        code=number & CODE_MASK,
        about=number & OBJECT_MASK,
        message=str(entry.get("message", "")),
        details=str(entry.get("details", "")),
        cause=str(entry.get("cause", "")),
        reports=tuple(str(each) for each in reports) if isinstance(reports, list) else (),
    )


def about_volume(volume: str, meanings: Mapping[type[VolumeError], Collection[int]]) -> dict[int, Meaning]:
    """Meanings of codes that are errors about *volume*."""

    def meaning(error: type[VolumeError]) -> Meaning:
        return lambda said: error(volume, said)

    return {code: meaning(error) for error, codes in meanings.items() for code in codes}


def first_of(*tables: Mapping[int, Meaning]) -> dict[int, Meaning]:
    """All meanings of *tables*; an earlier one wins."""
    return {code: meaning for table in reversed(tables) for code, meaning in table.items()}


def entries_of(body: Any) -> Sequence[Mapping[str, Any]]:
    """The objects of a JSON list; nothing where it is none."""
    return [each for each in body if isinstance(each, dict)] if isinstance(body, list) else []
