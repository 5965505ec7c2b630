"""The doctor finds what is wrong, says it once, and is quiet where all is well."""

from __future__ import annotations

import pytest
from tests.e2e.doctor.fault import Fault
from tests.e2e.doctor.faults import FAULTS
from tests.e2e.doctor.world import World

from entrypoints.onelinstor.doctor.checks import Line, Status

pytestmark = pytest.mark.e2e


def _problems(lines: list[Line]) -> list[Line]:
    return [each for each in lines if each.status in (Status.WARNING, Status.FAILED)]


def test_a_healthy_set_up_gives_only_lines_that_are_ok(world: World) -> None:
    """Everything is looked at, and nothing is wrong."""
    lines = world.lines()

    assert [each for each in lines if each.status is not Status.OK] == []
    assert {each.subject for each in lines if each.area == "host"} == set(world.hosts)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.what}".replace(" ", "-"))
def test_a_fault_is_found_by_its_line_and_by_no_other(world: World, fault: Fault) -> None:
    """The line names the cause and what to do; what depends on it is not looked at, and all else is well."""
    fault.plant(world)

    found = _problems(world.lines())

    assert {(each.check, each.status) for each in found} == {(fault.check, fault.status)}, found
    assert all(fault.says in each.found for each in found), found
    assert all(each.advice for each in found), found


def test_there_are_faults_for_every_check(world: World) -> None:
    """No check stands there that nothing can make fail."""
    assert {each.check for each in world.lines()} == {each.check for each in FAULTS}
