"""Answers of a LINSTOR controller: numbers as on the wire (linstor.md 4.1), in the order they arose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

ERROR, WARN, INFO, SUCCESS = 3, 2, 1, 0

CRT, MOD, DEL = 0x1000000, 0x2000000, 0x3000000
OPERATION = 0x3000000

RSC_GRP, NODE, RSC_DFN, RSC, VLM_DFN, VLM = 0x440000, 0x3C0000, 0x380000, 0x340000, 0x300000, 0x2C0000
RSC_CONN, CTRL_CONF, SNAPSHOT, VLM_GRP, KVS = 0x240000, 0x100000, 0xC0000, 0x480000, 0x400000

CREATED, DELETED, MODIFIED = 1, 2, 3

CODE_MASK = 0x7FFF


@dataclass(frozen=True)
class Reply:
    """One ApiCallRc. *ret_code* is the signed 64-bit number; members left empty do not travel."""

    ret_code: int
    message: str
    cause: str = ""
    details: str = ""
    correction: str = ""
    error_report_ids: tuple[str, ...] = ()
    obj_refs: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> int:
        """ERROR, WARN, INFO or SUCCESS."""
        return (self.ret_code >> 62) & 3

    @property
    def code(self) -> int:
        """The number without kind, operation and object."""
        return self.ret_code & CODE_MASK


def number(kind: int, context: int, code: int) -> int:
    """The signed `ret_code` of a kind, an operation on an object, and a code."""
    value = (kind << 62) | context | code
    return value - (1 << 64) if value >= 1 << 63 else value


def success(context: int, code: int, message: str, *, cause: str = "", **refs: str) -> Reply:
    """Something was done."""
    return Reply(number(SUCCESS, context, code), message, cause=cause, obj_refs=refs)


def info(context: int, code: int, message: str, *, cause: str = "", details: str = "") -> Reply:
    """Something was done beside what was asked."""
    return Reply(number(INFO, context, code), message, cause=cause, details=details)


def warning(context: int, code: int, message: str, details: str = "") -> Reply:
    """Something was left undone."""
    return Reply(number(WARN, context, code), message, details=details)


class ControllerDied(ConnectionError):
    """The controller ended in the middle of an operation: nobody gets a reply, and what was done stays."""


class Refused(Exception):
    """An operation that ends with an error; *replies* are all that it said, the error among them."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        super().__init__("; ".join(reply.message for reply in replies))

    @property
    def error(self) -> Reply:
        """The first error: it decides the HTTP status (linstor.md 2.1)."""
        return next(reply for reply in self.replies if reply.kind == ERROR)

    def after(self, said: Iterable[Reply]) -> Refused:
        """The same refusal behind what was said before it."""
        return Refused(*said, *self.replies)

    def before(self, other: Refused) -> Refused:
        """The same refusal with another one behind it."""
        return Refused(*self.replies, *other.replies)


def refuse(context: int, code: int, message: str, **members: str) -> Refused:
    """A refusal with the members *cause*, *details*, *correction*; expected refusals carry no error report."""
    return Refused(Reply(number(ERROR, context, code), message, **members))  # type: ignore[arg-type] # text members only


def reported(refused: Refused, report: str) -> Refused:
    """The same with an error report, as the controller writes for what it did not expect."""
    return Refused(*(replace(each, error_report_ids=(report,)) for each in refused.replies))


def missing(context: int, code: int, what: str, name: str) -> Refused:
    """404: an object that is not there. Changes (they have a context) say more than reads do."""
    members = {
        "cause": f"The specified {what.lower()} '{name}' could not be found in the database",
        "correction": f"Create a {what.lower()} with the name '{name}' first.",
    }
    if context:
        members["details"] = f"{what}: {name}"
    return refuse(context, code, f"{what} '{name}' not found.", **members)


def not_found(what: str, name: str) -> Refused:
    """404 of a read of one object: nothing but the message."""
    codes = {"Resource definition": 301, "Snapshot": 315, "Resource group": 317}
    return refuse(0, codes[what], f"{what} '{name}' not found.")
