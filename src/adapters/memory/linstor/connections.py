"""Resource connections: options between two nodes (linstor.md 2.8)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from adapters.memory.linstor import properties
from adapters.memory.linstor.objects import Definition
from adapters.memory.linstor.properties import Given
from adapters.memory.linstor.replies import MOD, MODIFIED, RSC_CONN, Refused, Reply, missing, refuse, success
from adapters.memory.linstor.satellites import Satellites
from adapters.memory.linstor.state import State


class Connections:
    """Operations on the pairs of nodes of a definition."""

    def __init__(self, state: State, satellites: Satellites) -> None:
        self._state = state
        self._satellites = satellites

    def connections(self, name: str) -> list[tuple[str, str, dict[str, str]]]:
        """Every pair with its properties. Raises Refused 301."""
        with self._state.lock:
            definition = self._state.definition(name, 0)
            pairs = itertools.combinations(sorted(definition.resources), 2)
            return [(one, two, dict(definition.connections.get(frozenset((one, two)), {}))) for one, two in pairs]

    def connection(self, name: str, one: str, other: str) -> tuple[str, str, dict[str, str]]:
        """The two node names and the properties between them. Raises Refused 300, 301, 307."""
        with self._state.lock:
            definition, ends = self._ends(name, one, other, 0)
            if any(end not in definition.resources for end in ends):
                raise refuse(0, 307, f"Resource connection between '{one}' and '{other}' not found.")
            ends.sort()
            return ends[0], ends[1], dict(definition.connections.get(frozenset(ends), {}))

    def _ends(self, name: str, one: str, other: str, context: int) -> tuple[Definition, list[str]]:
        definition = self._state.find(name)
        if definition is None:
            raise self._null(context, name, one, other) if context else missing(0, 301, "Resource definition", name)
        return definition, [self._state.node(each, context).name for each in (one, other)]

    def _null(self, context: int, name: str, one: str, other: str) -> Refused:
        """The controller trips over an end that is not there, or a definition (recorded)."""
        about = f"resource connection between nodes '{one}' and '{other}' for resource '{name}'"
        return self._state.internal(f"Modification of {about} failed: NullPointerException", context)

    def modify_connection(
        self, name: str, one: str, other: str, override: Given, delete: Sequence[str] = ()
    ) -> list[Reply]:
        """Set and delete properties between two nodes. Raises Refused 213, 300, 998."""
        with self._state.lock:
            context = MOD | RSC_CONN
            definition, ends = self._ends(name, one, other, context)
            if any(end not in definition.resources for end in ends):
                raise self._null(context, name, one, other)
            about = f"Nodes: {one}, {other}, Resource: {name}"
            put = properties.allowed(self._state, override, context, about)
            changed = properties.change(definition.connections.setdefault(frozenset(ends), {}), put, delete)
            said = properties.told(RSC_CONN, put, delete)
            said.append(success(context, MODIFIED, f"Resource connection of '{name}' modified."))
            return said + (self._adjusted(definition, said, context) if changed else [])

    def _adjusted(self, definition: Definition, said: list[Reply], context: int) -> list[Reply]:
        """Both ends are updated, and each of them tells every node."""
        rounds: list[Reply] = []
        try:
            for _ in range(2):
                rounds += self._satellites.round(definition, context)
        except Refused as refused:
            raise refused.after([*said, *rounds]) from refused
        away = [each for each in rounds if each.code == 1002]
        return away + [each for each in rounds if each.code != 1002]
