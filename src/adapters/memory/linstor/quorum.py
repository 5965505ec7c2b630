"""Witnesses and quorum: what the controller does beside every change of deployments (linstor.md 2.7)."""

from __future__ import annotations

from adapters.memory.linstor.objects import Definition, Resource
from adapters.memory.linstor.replies import Reply, info, warning
from adapters.memory.linstor.state import State

QUORUM = "DrbdOptions/Resource/quorum"
AUTO_TIEBREAKER = "DrbdOptions/auto-add-quorum-tiebreaker"


def wants_witness(definition: Definition, *, without: str = "") -> bool:
    """Whether an even number of at least two replicas has no diskless peer that could decide."""
    diskful = [each for each in definition.diskful() if each.node != without]
    others = [each for each in definition.wanted_diskless() if each.node != without]
    allowed = definition.props.get(AUTO_TIEBREAKER, "True").lower() != "false"
    return definition.drbd and allowed and len(diskful) >= 2 and len(diskful) % 2 == 0 and not others


def settle_witness(state: State, definition: Definition, context: int) -> list[Reply]:
    """Make or remove the witness as the replicas want it."""
    witness = definition.tiebreaker()
    if wants_witness(definition):
        return [] if witness is not None else _make_witness(state, definition, context)
    if witness is None or not state.nodes[witness.node].online:
        return []
    remove_resource(state, definition, witness)
    return [info(context, 10004, "Tie breaker marked for deletion")]


def _make_witness(state: State, definition: Definition, context: int) -> list[Reply]:
    free = sorted(
        name
        for name, node in state.nodes.items()
        if node.online and not node.flags and name not in definition.resources
    )
    if not free:
        return [warning(context, 1013, f"Could not find a node for a tie breaker of '{definition.name}'")]
    add_diskless(state, definition, free[0], {"TIE_BREAKER"})
    return [info(context, 10003, f"Tie breaker resource '{definition.name}' created on {free[0]}")]


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


def add_diskless(state: State, definition: Definition, node: str, flags: set[str]) -> Resource:
    """Put a diskless resource on *node*."""
    resource = Resource(node, {"DISKLESS", "DRBD_DISKLESS"} | flags, {"StorPoolName": "DfltDisklessStorPool"})
    return add_resource(state, definition, resource)


def add_resource(state: State, definition: Definition, resource: Resource) -> Resource:
    """Put a resource into its definition, with the next free DRBD node id."""
    taken = {each.node_id for each in definition.resources.values()}
    resource.node_id = next(number for number in range(64) if number not in taken)
    resource.created = state.millis()
    definition.resources[resource.node] = resource
    if resource.deployed:
        state.announce("appeared", definition, resource)
    return resource


def remove_resource(state: State, definition: Definition, resource: Resource) -> None:
    """Take a resource out of its definition; its connections lose their properties (linstor.md 2.8)."""
    definition.resources.pop(resource.node, None)
    for pair in [pair for pair in definition.connections if resource.node in pair]:
        del definition.connections[pair]
    definition.kernel = {pair for pair in definition.kernel if resource.node not in pair}
    state.announce("vanished", definition, resource)
