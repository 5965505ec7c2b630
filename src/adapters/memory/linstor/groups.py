"""Resource groups: create, modify, delete, size queries (linstor.md 2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.memory.linstor import properties
from adapters.memory.linstor.objects import Group, by_name, new_uuid
from adapters.memory.linstor.properties import Given
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DELETED,
    MODIFIED,
    RSC_DFN,
    RSC_GRP,
    VLM_GRP,
    Refused,
    Reply,
    not_found,
    refuse,
    success,
    warning,
)
from adapters.memory.linstor.space import Filter, Space
from adapters.memory.linstor.state import State


@dataclass(frozen=True)
class SizeInfo:
    """`space_info` of a size query, empty where *reports* say why there is none."""

    space: dict[str, Any] = field(default_factory=dict)
    reports: Sequence[Reply] = ()


class Groups:
    """Operations on groups."""

    def __init__(self, state: State, space: Space) -> None:
        self._state = state
        self._space = space

    def find(self, name: str) -> Group:
        """The group, for a read. Raises Refused 317."""
        with self._state.lock:
            found = by_name(self._state.groups, name)
            if found is None:
                raise not_found("Resource group", name)
            return self._state.groups[found]

    def create(self, name: str, select_filter: dict[str, Any], props: Given, text: str = "") -> list[Reply]:
        """Make a group; without a count it wants two replicas."""
        with self._state.lock:
            context = CRT | RSC_GRP
            if by_name(self._state.groups, name):
                raise refuse(context, 522, f"Resource group '{name}' already exists.")
            put = properties.allowed(self._state, props, context, f"Resource group: {name}")
            wanted = {"place_count": 2, **_both_forms(select_filter)}
            self._state.groups[name] = Group(name, wanted, text, put, volume_groups=[])
            return [success(context, CREATED, f"New resource group '{name}' created.")]

    def add_volume_group(self, name: str) -> list[Reply]:
        """Add a volume group."""
        with self._state.lock:
            group = self._state.group(name, CRT | VLM_GRP)
            group.volume_groups.append(new_uuid())
            return [success(CRT | VLM_GRP, CREATED, f"New volume group of '{name}' created.")]

    def modify(self, name: str, select_filter: dict[str, Any], props: Given, delete: Sequence[str] = ()) -> list[Reply]:
        """Change the filter or the properties of a group."""
        with self._state.lock:
            # the controller names creation as the operation of every change of a group (recorded)
            context = CRT | RSC_GRP
            group = self._state.group(name, context)
            put = properties.allowed(self._state, props, context, f"Resource group: {name}")
            properties.change(group.props, put, delete)
            group.select_filter.update(_both_forms(select_filter))
            said = properties.told(RSC_DFN, put, delete)
            return [*said, success(context, MODIFIED, f"Resource group '{name}' modified.")]

    def delete(self, name: str) -> list[Reply]:
        """Delete a group that no definition belongs to."""
        with self._state.lock:
            context = CRT | RSC_GRP
            found = by_name(self._state.groups, name)
            if found is None:
                return [warning(context, 3000, f"Resource group '{name}' not found.", name)]
            if any(each.group == found for each in self._state.definitions.values()):
                message = f"Cannot delete resource group '{name}' because it has existing resource definitions."
                raise refuse(context, 501, message, details=f"Resource group: {name}")
            del self._state.groups[found]
            return [success(context, DELETED, f"Resource group '{name}' deleted.")]

    def size_info(self, name: str, select_filter: dict[str, Any] | None = None) -> SizeInfo:
        """What can be placed; for a group that is missing only a report: HTTP 200 all the same (linstor.md 2.3)."""
        with self._state.lock:
            try:
                group = self._state.group(name, 0)
            except Refused as refused:
                return SizeInfo(reports=refused.replies)
            return SizeInfo(self._space.size_info(Filter.of(group, select_filter)))

    def largest_volumes(self, name: str) -> dict[str, Any]:
        """The older query. Raises Refused 317."""
        with self._state.lock:
            return self._space.largest_volumes(Filter.of(self._state.group(name, 0)))

    def largest_anywhere(self, wanted: Filter) -> dict[str, Any]:
        """The older query without a group. Raises Refused 996 where nothing fits."""
        with self._state.lock:
            found = self._space.largest_volumes(wanted)
            if not found["candidates"]:
                raise self._space.not_enough(0, wanted, 0)
            return found


def _both_forms(given: dict[str, Any]) -> dict[str, Any]:
    """A filter as the controller shows it: its first pool alone, and all in a list."""
    wanted = {key: value for key, value in given.items() if value is not None}
    pools = wanted.get("storage_pool_list") or [each for each in [wanted.get("storage_pool")] if each]
    return {**wanted, "storage_pool": pools[0], "storage_pool_list": pools} if pools else wanted
