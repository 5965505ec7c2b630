"""What an order has begun and nobody ended: marks, parts that go or come, devices left open, two that may write."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.objects import Definition, Resource
from domain import marks
from domain.names import is_of_backup

MARKS = "Aux/OpenNebula/"
TWO_PRIMARIES = "DrbdOptions/Net/allow-two-primaries"
GUEST = "guest"


def unfinished(model: LinstorModel, definition: Definition, *, migrating: bool) -> Iterator[str]:
    """Everything unfinished about one volume. *migrating*: nobody has told the driver that a migration ended."""
    yield from _marks(definition, migrating)
    yield from _half_written(definition)
    yield from _parts(model, definition)
    yield from _openers(model, definition)
    if not migrating:
        yield from _two_writers(definition)


def _marks(definition: Definition, migrating: bool) -> Iterator[str]:
    state = definition.props.get(MARKS + marks.STATE)
    if state is not None:
        yield f"{definition.name} is marked as {state}, and no order works on it"
    pair = definition.props.get(MARKS + marks.MIGRATION)
    if pair is not None and not migrating:
        yield f"{definition.name} is marked for the migration {pair}, which is over"


def _half_written(definition: Definition) -> Iterator[str]:
    for each in definition.resources.values():
        if MARKS + marks.HALF_WRITTEN in each.props:
            yield f"{definition.name} is marked as half written on {each.node}, and no order works on it"


def _parts(model: LinstorModel, definition: Definition) -> Iterator[str]:
    """Replicas that go or are missing, snapshots that are not complete."""
    for each in definition.resources.values():
        if each.going:
            yield f"{definition.name} is being taken away from {each.node}"
        elif each.disk_state not in ("", "UpToDate") and not each.diskless:
            yield f"{definition.name} is {each.disk_state} on {each.node}"
    for name, snapshot in definition.snapshots.items():
        if snapshot.flags != {"SUCCESSFUL"}:
            yield f"the snapshot {name} of {definition.name} is not complete"
        if is_of_backup(name) and not snapshot.props.get(MARKS + marks.ASKED):
            yield f"the snapshot {name} of {definition.name} is one of a backup, and no later one begins from it"
    group = model.state.groups.get(definition.group)
    wanted = group.place_count if group is not None else 0
    if len(_whole(definition)) < wanted:
        yield f"{definition.name} has {len(_whole(definition))} replicas; its group wants {wanted}"


def _whole(definition: Definition) -> list[Resource]:
    return [each for each in definition.active() if each.deployed]


def _openers(model: LinstorModel, definition: Definition) -> Iterator[str]:
    """At most one host writes, and nobody but guests has a device open between two orders."""
    primaries = model.devices.primaries(definition)
    if len(primaries) > 1:
        yield f"{definition.name} is Primary on {' and '.join(primaries)} at once"
    for each in definition.resources.values():
        labels = {handle.label for handle in model.devices.openers(each.node, definition.name)}
        for label in sorted(labels - {GUEST}):
            yield f"{definition.name} is still open on {each.node}, by {label or 'a program'}"


def _two_writers(definition: Definition) -> Iterator[str]:
    """LINSTOR's properties and what the kernels were told."""
    if definition.props.get(TWO_PRIMARIES) == "yes":
        yield f"{definition.name} may be written on every host at once, and no migration runs"
    pairs = {pair for pair, props in definition.connections.items() if props.get(TWO_PRIMARIES) == "yes"}
    for pair in sorted(map(sorted, pairs)):
        yield f"{definition.name} may be written on {' and '.join(pair)} at once, and no migration runs"
    if definition.kernel and not pairs and definition.props.get(TWO_PRIMARIES) != "yes":
        yield f"the kernels still let two hosts write {definition.name}; LINSTOR has forgotten it"
