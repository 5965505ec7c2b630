"""Witnesses and quorum: what the controller does beside every change of deployments (linstor.md 2.7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.memory.linstor.objects import DISKLESS_POOL, Definition, Resource
from adapters.memory.linstor.replies import CREATED, CRT, RSC, Reply, info, success, warning
from adapters.memory.linstor.state import State

QUORUM = "DrbdOptions/Resource/quorum"
AUTO_TIEBREAKER = "DrbdOptions/auto-add-quorum-tiebreaker"


@dataclass(frozen=True)
class Settled:
    """What became of the witness: entries, one that was made and one that has to go."""

    said: list[Reply] = field(default_factory=list)
    made: Resource | None = None
    gone: Resource | None = None


def automatic(state: State, definition: Definition) -> bool:
    """Whether LINSTOR may make witnesses: by the definition, its group, the controller."""
    group = state.groups.get(definition.group)
    for props in (definition.props, group.props if group else {}, state.properties):
        if AUTO_TIEBREAKER in props:
            return props[AUTO_TIEBREAKER].lower() not in ("false", "no")
    return True


def wants_witness(state: State, definition: Definition, *, without: str = "") -> bool:
    """Whether an even number of at least two replicas has no diskless peer that could decide."""
    diskful = [each for each in definition.diskful() if each.node != without]
    others = [each for each in definition.wanted_diskless() if each.node != without]
    even = len(diskful) >= 2 and len(diskful) % 2 == 0
    return definition.drbd and even and not others and automatic(state, definition)


def settle_witness(state: State, definition: Definition, context: int) -> Settled:
    """Make a witness, or mark the one there is for deletion, as the replicas want it."""
    witness = definition.tiebreaker()
    if wants_witness(state, definition):
        return Settled() if witness is not None else _make_witness(state, definition, context)
    if witness is None or not state.nodes[witness.node].online:
        return Settled()
    witness.flags.add("DELETE")
    return Settled([marked(context)], gone=witness)


def marked(context: int) -> Reply:
    """I10004."""
    return info(context, 10004, "Tie breaker marked for deletion")


def _make_witness(state: State, definition: Definition, context: int) -> Settled:
    free = sorted(
        name
        for name, node in state.nodes.items()
        if node.online and not node.flags and name not in definition.resources
    )
    if not free:
        return Settled([warning(context, 1013, f"Could not find a node for a tie breaker of '{definition.name}'")])
    made = Resource(free[0], {"DISKLESS", "DRBD_DISKLESS", "TIE_BREAKER"}, {"StorPoolName": DISKLESS_POOL})
    made.deployed = False
    record(state, definition, made)
    said = [
        success(CRT | RSC, CREATED, "Successfully set property key(s): StorPoolName"),
        info(context, 10003, f"Tie breaker resource '{definition.name}' created on {free[0]}"),
    ]
    return Settled(said, made=made)


def settle_quorum(definition: Definition, context: int) -> list[Reply]:
    """Switch the quorum on where three votes are, and off where they are not."""
    if not definition.drbd:
        return []
    votes = [each for each in definition.resources.values() if not each.going]
    wanted = "majority" if len(definition.diskful()) >= 2 and len(votes) >= 3 else "off"
    current = definition.props.get(QUORUM)
    definition.props[QUORUM] = wanted
    if wanted == "majority" and current != "majority":
        before = f"'{current}'" if current else "undefined"
        message = f"Resource-definition property '{QUORUM}' updated from {before} to 'majority' by AutoQuorum"
        return [info(context, 10002, message)]
    if wanted == "off" and current == "majority":
        message = f"Resource-definition property '{QUORUM}' was removed as there are not enough resources for quorum"
        return [info(context, 10005, message)]
    return []


def record(state: State, definition: Definition, resource: Resource) -> Resource:
    """Put a resource into its definition, with the next free DRBD node id."""
    taken = {each.node_id for each in definition.resources.values()}
    resource.node_id = next(number for number in range(64) if number not in taken)
    resource.unseen = {name for name in definition.resources if not state.nodes[name].online}
    resource.sizes = {volume.number: volume.size for volume in definition.volumes.values()}
    definition.resources[resource.node] = resource
    return resource


def forget(state: State, definition: Definition, resource: Resource) -> None:
    """Take a resource out of its definition; its connections lose their properties (linstor.md 2.8)."""
    definition.resources.pop(resource.node, None)
    for pair in [pair for pair in definition.connections if resource.node in pair]:
        del definition.connections[pair]
    definition.kernel = {pair for pair in definition.kernel if resource.node not in pair}
    for content in resource.own.values():
        content.discard()
    if resource.deployed:
        state.announce("vanished", definition, resource)
