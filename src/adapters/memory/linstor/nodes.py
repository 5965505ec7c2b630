"""Nodes that leave and come back (linstor.md 2.15)."""

from __future__ import annotations

from adapters.memory.linstor.objects import Pool, by_name
from adapters.memory.linstor.replies import NODE, Refused, Reply, refuse, success
from adapters.memory.linstor.resources import Resources
from adapters.memory.linstor.state import State

EVACUATE = "EVACUATE"


class Nodes:
    """Operations on nodes."""

    def __init__(self, state: State, resources: Resources) -> None:
        self._state = state
        self._resources = resources

    def evacuate(self, name: str) -> list[Reply]:
        """Take what is on a node elsewhere: diskless ones go at once, one in use waits, replicas wait for a new one."""
        with self._state.lock:
            node = self._state.node(name, 0)
            node.flags.add(EVACUATE)
            said: list[Reply] = []
            for definition in self._state.definitions.values():
                here = definition.resources.get(node.name)
                if here is not None and here.diskless:
                    said += self._leave(definition.name, node.name)
            return said

    def _leave(self, name: str, node: str) -> list[Reply]:
        try:
            return self._resources.leave(name, node)
        except Refused as refused:
            return [each for each in refused.replies if each.code != 997]

    def restore(self, name: str) -> list[Reply]:
        """Let the node take part again."""
        with self._state.lock:
            node = self._state.node(name, 0)
            node.flags.discard(EVACUATE)
            return [success(NODE, 0, f"Successfully restored node {node.name}")]

    def pool(self, node_name: str, name: str) -> Pool:
        """A storage pool. Raises Refused 300, 311."""
        node = self._state.node(node_name, 0)
        found = by_name(node.pools, name)
        if found is None:
            raise refuse(0, 311, f"Storage pool '{name}' on node '{node.name}' not found.")
        return node.pools[found]
