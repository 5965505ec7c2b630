"""A check, what it found, and the line that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from domain.masking import masked, one_line
from entrypoints.onelinstor.doctor.reading import CannotAsk

Facts = TypeVar("Facts")


class Status(str, Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True)
class Finding:
    """What is wrong. *advice* stands in for that of the check where this case needs another."""

    text: str
    status: Status = Status.FAILED
    advice: str = ""


def warning(text: str, advice: str = "") -> Finding:
    """Something that works today, or that only some VMs need."""
    return Finding(text, Status.WARNING, advice)


@dataclass(frozen=True)
class Check(Generic[Facts]):
    """*name* is its id, `area.what`; *looks_at* is said whatever it finds; *judge* finds nothing where all is well."""

    name: str
    looks_at: str
    advice: str
    judge: Callable[[Facts], Iterable[Finding]]


@dataclass(frozen=True)
class Line:
    """One check of one *subject*: the front-end, a datastore, a LINSTOR, a resource group, a host."""

    check: str
    subject: str
    status: Status
    looks_at: str
    found: str = ""
    advice: str = ""

    @property
    def area(self) -> str:
        """The first part of the id."""
        return self.check.partition(".")[0]

    def as_json(self) -> dict[str, Any]:
        """All of it, with the area."""
        return {"area": self.area, **asdict(self), "status": self.status.value}


def examined(checks: Sequence[Check[Facts]], subject: str, facts: Facts) -> list[Line]:
    """A line for each check."""
    return [_line(each, subject, list(each.judge(facts))) for each in checks]


def _line(check: Check[Any], subject: str, findings: Sequence[Finding]) -> Line:
    if not findings:
        return Line(check.name, subject, Status.OK, check.looks_at)
    failed = any(each.status is Status.FAILED for each in findings)
    advice = dict.fromkeys(each.advice or check.advice for each in findings)
    return Line(
        check.name,
        subject,
        Status.FAILED if failed else Status.WARNING,
        check.looks_at,
        one_line(masked("; ".join(each.text for each in findings))),
        "; ".join(advice),
    )


@dataclass(frozen=True)
class Reach(Generic[Facts]):
    """The check that facts can be had at all: *read* gives them or raises CannotAsk; *checks* are about them."""

    name: str
    looks_at: str
    read: Callable[[], Facts]
    checks: Sequence[Check[Facts]]

    def examine(self, subject: str) -> tuple[list[Line], Facts | None]:
        """All lines, and the facts; without them one line failed and the rest was not looked at."""
        try:
            facts = self.read()
        except CannotAsk as error:
            return [self._failed(subject, error), *self.skipped(subject, self.name)], None
        return [Line(self.name, subject, Status.OK, self.looks_at), *examined(self.checks, subject, facts)], facts

    def _failed(self, subject: str, error: CannotAsk) -> Line:
        return Line(self.name, subject, Status.FAILED, self.looks_at, str(error), error.advice)

    def skipped(self, subject: str, because: str) -> list[Line]:
        """What could not be looked at, and which line says why."""
        return skipped(self.checks, subject, because)


def skipped(checks: Sequence[Check[Any]], subject: str, because: str) -> list[Line]:
    """A line for each check that could not be made; *because* is the id of the line that says why."""
    found = f"see {because}"
    return [Line(each.name, subject, Status.NOT_LOOKED_AT, each.looks_at, found) for each in checks]


def exit_code(lines: Iterable[Line]) -> int:
    """0 all well, 1 nothing worse than warnings, 2 something failed."""
    found = {each.status for each in lines}
    return 2 if Status.FAILED in found else 1 if Status.WARNING in found else 0
