"""Every action dies or goes wrong at every call of a port; then oned recovers (rules 1 and 2).

An ordinary run kills, and breaks after the effect, at every call; `make torture` plays every kind of fault.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from tests.properties.faults import Fault, Kind
from tests.properties.oned import PropertyCloud
from tests.properties.rules import broken, nothing_is_left
from tests.properties.scenarios import SCENARIOS, Operation, Scenario, fresh

from entrypoints.remotes.parser import ACTIONS
from entrypoints.sandbox.cloud import OrderFailed

NAMES = [f"{scenario.action.replace('/', '-')}-{number}" for number, scenario in enumerate(SCENARIOS)]
TORTURE = bool(os.environ.get("TORTURE"))
KINDS = tuple(Kind) if TORTURE else (Kind.KILLED, Kind.BREAKS_AFTER)


def tried(operate: Operation, cloud: PropertyCloud) -> str:
    """Carry out an operation; the words of its failure, "" for none."""
    try:
        operate(cloud)
    except (OrderFailed, OSError) as error:
        return str(error)
    return ""


def prepared(scenario: Scenario) -> PropertyCloud:
    """A cloud in which the scenario can begin."""
    cloud = fresh()
    scenario.prepare(cloud)
    return cloud


def faulty_calls(scenario: Scenario) -> int:
    """How many calls the action makes when nothing happens."""
    cloud = prepared(scenario)
    before = len(cloud.world.ended)
    scenario.operate(cloud)
    own = [ended for name, ended in cloud.world.ended[before:] if name == scenario.action]
    return len(own[0].process.calls)


def end_everything(cloud: PropertyCloud) -> list[str]:
    """All VMs are terminated and all images deleted; what is wrong then."""
    for vm in list(cloud.vms):
        cloud.finish(vm)
    for image in list(cloud.images):
        cloud.drop_image(image)
    return list(nothing_is_left(cloud))


def play(scenario: Scenario, fault: Fault, way: Operation) -> tuple[bool, list[str]]:
    """The fault, the way out, and the end of everything; whether the order failed, and what was broken."""
    cloud = prepared(scenario)
    cloud.world.plan[scenario.action] = fault
    failed = tried(scenario.operate, cloud)
    found = broken(cloud, settled=not failed)
    if failed and (again := tried(way, cloud)):
        return True, [*found, f"the way out fails: {again}"]
    found += [*broken(cloud, settled=True), *end_everything(cloud)]
    return bool(failed), [each for each in found if not (scenario.forgets_files and "/datastores/" in each)]


def ways_out(scenario: Scenario, at: int) -> Sequence[tuple[str, Operation]]:
    """Those that are tried after a fault at call number *at*."""
    ways = scenario.ways()
    return [ways[at % len(ways)]] if scenario.long and not TORTURE else ways


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.lower())
@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
def test_nothing_is_lost_or_left(scenario: Scenario, kind: Kind) -> None:
    """Whatever happens at whichever call, what oned does next ends in the same state as if nothing had."""
    found = {}
    for at in range(1, faulty_calls(scenario) + 1):
        for name, way in ways_out(scenario, at):
            failed, wrong = play(scenario, Fault(kind, at), way)
            if wrong:
                found[at, name] = wrong
            if not failed:
                break
    assert not found


def test_every_action_has_a_scenario() -> None:
    """No executable of this driver is left out."""
    played = {scenario.action for scenario in SCENARIOS}
    assert played == {f"{kind}/{action}" for kind, actions in ACTIONS.items() for action in actions}
