"""Resource groups: create, modify, delete, size queries (linstor.md 2.3)."""

from __future__ import annotations

from typing import Any

from adapters.memory.linstor.objects import Group, by_name
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DEL,
    DELETED,
    MOD,
    MODIFIED,
    RSC_GRP,
    VLM_GRP,
    Refused,
    Reply,
    refuse,
    success,
    warning,
)
from adapters.memory.linstor.space import Filter, Space
from adapters.memory.linstor.state import State


class Groups:
    """Operations on groups."""

    def __init__(self, state: State, space: Space) -> None:
        self._state = state
        self._space = space

    def create(self, name: str, select_filter: dict[str, Any], props: dict[str, str], text: str = "") -> list[Reply]:
        """Make a group; without a count it wants two replicas."""
        with self._state.lock:
            context = CRT | RSC_GRP
            if by_name(self._state.groups, name):
                raise refuse(context, 522, f"Resource group '{name}' already exists.")
            wanted = {"place_count": 2, **select_filter}
            self._state.groups[name] = Group(name, wanted, text, dict(props), volume_groups=0)
            return [success(context, CREATED, f"New resource group '{name}' created.")]

    def add_volume_group(self, name: str) -> list[Reply]:
        """Add a volume group."""
        with self._state.lock:
            group = self._state.group(name, CRT | VLM_GRP)
            group.volume_groups += 1
            return [success(CRT | VLM_GRP, CREATED, f"New volume group of '{name}' created.")]

    def modify(self, name: str, select_filter: dict[str, Any], props: dict[str, str]) -> list[Reply]:
        """Change the filter or the properties of a group."""
        with self._state.lock:
            group = self._state.group(name, MOD | RSC_GRP)
            group.select_filter.update({key: value for key, value in select_filter.items() if value is not None})
            group.props.update(props)
            return [success(MOD | RSC_GRP, MODIFIED, f"Resource group '{name}' modified.")]

    def delete(self, name: str) -> list[Reply]:
        """Delete a group that no definition belongs to."""
        with self._state.lock:
            context = DEL | RSC_GRP
            found = by_name(self._state.groups, name)
            if found is None:
                return [warning(context, 3000, f"Resource group '{name}' not found.", name)]
            if any(each.group == found for each in self._state.definitions.values()):
                raise refuse(context, 501, f"Resource group '{name}' has existing resource definitions")
            del self._state.groups[found]
            return [success(context, DELETED, f"Resource group '{name}' deleted.")]

    def size_info(self, name: str, select_filter: dict[str, Any] | None = None) -> dict[str, Any]:
        """`space_info`, or only `reports` for a group that is missing: HTTP 200 all the same (linstor.md 2.3)."""
        with self._state.lock:
            try:
                group = self._state.group(name, 0)
            except Refused as refused:
                return {"reports": refused.replies}
            return {"space_info": self._space.size_info(Filter.of(group, select_filter))}

    def largest_volumes(self, name: str) -> dict[str, Any]:
        """The older query. Raises Refused 317."""
        with self._state.lock:
            return self._space.largest_volumes(Filter.of(self._state.group(name, 0)))
