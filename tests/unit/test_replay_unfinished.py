"""What the audit finds on a volume of LINSTOR that no order works on any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.objects import Definition
from entrypoints.sandbox.replay.unfinished import GUEST, MARKS, TWO_PRIMARIES, unfinished

VOLUME = "Image-4"
ALLOW = {TWO_PRIMARIES: "yes"}
Fault = Callable[[LinstorModel, Definition], object]


@pytest.fixture
def model() -> LinstorModel:
    """A volume with replicas on alpha and beta and one snapshot; a guest writes to it on gamma."""
    made = LinstorModel.simple(groups={"two": 2})
    made.definitions.spawn("two", VOLUME, [65536])
    made.resources.make_available(VOLUME, "gamma")
    made.snapshots.create(VOLUME, "OpenNebula-Snap-0")
    made.devices.open("gamma", VOLUME, write=True, label=GUEST)
    return made


def found(model: LinstorModel, *, migrating: bool = False) -> list[str]:
    """What is unfinished about the volume."""
    return list(unfinished(model, model.definitions.find(VOLUME), migrating=migrating))


def mark(key: str, value: str) -> Fault:
    """A mark that was left on the volume."""
    return lambda _, definition: definition.props.update({MARKS + key: value})


def connect(_: LinstorModel, definition: Definition) -> None:
    """LINSTOR lets two nodes write."""
    definition.connections[frozenset({"alpha", "gamma"})] = dict(ALLOW)


def write_twice(model: LinstorModel, definition: Definition) -> None:
    """Two guests write, as the middle of a migration allows."""
    connect(model, definition)
    definition.kernel.add(frozenset({"alpha", "gamma"}))
    model.devices.open("alpha", VOLUME, write=True, label=GUEST)


def test_a_volume_that_a_guest_uses_is_finished(model: LinstorModel) -> None:
    """One guest that writes, whole replicas and a whole snapshot are how it must be."""
    assert found(model) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (mark("state", "creating"), "is marked as creating"),
        (mark("migration", "alpha>beta"), "marked for the migration alpha>beta"),
        (lambda _, made: made.resources["gamma"].flags.add("DELETE"), "being taken away from gamma"),
        (lambda model, _: model.events.set_disk_state("beta", VOLUME, "Outdated"), "is Outdated on beta"),
        (lambda _, made: made.snapshots["OpenNebula-Snap-0"].flags.clear(), "OpenNebula-Snap-0 of Image-4 is not"),
        (lambda _, made: made.resources.pop("beta"), "has 1 replicas; its group wants 2"),
        (lambda model, _: model.devices.open("gamma", VOLUME, write=False), "still open on gamma, by a program"),
        (lambda model, _: model.devices.open("gamma", VOLUME, write=True, label="dd"), "still open on gamma, by dd"),
        (write_twice, "is Primary on alpha and gamma at once"),
        (connect, "written on alpha and gamma at once, and no migration runs"),
        (lambda _, made: made.props.update(ALLOW), "written on every host at once, and no migration runs"),
        (lambda _, made: made.kernel.add(frozenset({"alpha", "gamma"})), "LINSTOR has forgotten it"),
    ],
)
def test_what_is_left_half_done_is_named(model: LinstorModel, fault: Fault, said: str) -> None:
    """Each fault is one sentence about the volume, with the node or what stays behind."""
    fault(model, model.definitions.find(VOLUME))

    assert any(said in each and VOLUME in each for each in found(model)), found(model)


@pytest.mark.parametrize("begun", [connect, mark("migration", "alpha>gamma")])
def test_a_migration_that_nobody_ended_may_have_two_writers(model: LinstorModel, begun: Fault) -> None:
    """Oned has not told the driver that it ended; the next order takes the permission away."""
    begun(model, model.definitions.find(VOLUME))

    assert found(model, migrating=True) == []
