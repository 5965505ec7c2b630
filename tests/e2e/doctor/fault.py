"""A planted fault: what is wrong, how it comes about, and which line of the doctor must say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.e2e.doctor.world import World

from entrypoints.onelinstor.doctor.checks import Status

Plant = Callable[[World], Any]


@dataclass(frozen=True)
class Fault:
    """*check* is the id of the line, *says* a part of what stands there."""

    what: str
    check: str
    says: str
    plant: Plant
    status: Status = Status.FAILED


def warned(what: str, check: str, says: str, plant: Plant) -> Fault:
    """One that is no more than a warning."""
    return Fault(what, check, says, plant, Status.WARNING)
