"""Where volumes fit: pools, over-subscription, placement (linstor.md 2.3, 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.memory.linstor.objects import THIN_RATIO, Definition, Group, Node, Pool, gross_kib
from adapters.memory.linstor.replies import Refused, refuse
from adapters.memory.linstor.state import State

UNUSABLE = {"EVICTED", "EVACUATE", "DELETE"}


@dataclass(frozen=True)
class Filter:
    """What a group, or a request, asks of a placement."""

    place_count: int
    pools: tuple[str, ...]
    nodes: tuple[str, ...]
    layers: tuple[str, ...]

    @staticmethod
    def of(group: Group, given: dict[str, Any] | None = None) -> Filter:
        """The group's filter with the members of a request's `select_filter` in place of its own."""
        merged = Group(group.name, {**group.select_filter, **_without_none(given or {})})
        if given and (given.get("storage_pool") or given.get("storage_pool_list")):
            merged.select_filter["storage_pool_list"] = given.get("storage_pool_list") or [given["storage_pool"]]
        nodes = tuple(merged.select_filter.get("node_name_list") or ())
        return Filter(merged.place_count, tuple(merged.pools), nodes, tuple(merged.layers))

    @staticmethod
    def given(select_filter: dict[str, Any]) -> Filter:
        """A filter that stands alone."""
        return Filter.of(Group(""), select_filter)


def _without_none(given: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not None}


class Space:
    """Capacity and placement of one cluster."""

    def __init__(self, state: State) -> None:
        self._state = state

    def promised(self, node: str, pool: str) -> int:
        """Backing sizes of all volumes in a pool of a node, KiB."""
        total = 0
        for definition in self._state.definitions.values():
            here = definition.resources.get(node)
            if here is not None and not here.diskless and here.pool == pool:
                total += sum(volume.gross for volume in definition.volumes.values())
        return total

    def free(self, node: str, pool: Pool) -> int:
        """Physically free, KiB: thin volumes take next to nothing until written."""
        return pool.free if pool.thin else max(0, pool.free - self.promised(node, pool.name))

    def limit(self, node: str, pool: Pool) -> int:
        """The largest backing volume that may be made in a pool, KiB, over-subscription included."""
        if not pool.thin:
            return self.free(node, pool)
        by_total = int(pool.total * THIN_RATIO) - self.promised(node, pool.name)
        return max(0, min(int(pool.free * THIN_RATIO), by_total))

    def candidates(self, wanted: Filter) -> list[tuple[Node, Pool]]:
        """Every usable (node, pool), the emptiest node first; one that is off-line or leaving is none."""
        found = []
        for node in self._state.nodes.values():
            if not node.online or node.flags & UNUSABLE or node.props.get("AutoplaceTarget", "").lower() == "false":
                continue
            if wanted.nodes and not any(node.name.lower() == each.lower() for each in wanted.nodes):
                continue
            found += [(node, pool) for pool in node.pools.values() if self._fits(pool, wanted)]
        return sorted(found, key=lambda each: (self.promised(each[0].name, each[1].name), each[0].name))

    @staticmethod
    def _fits(pool: Pool, wanted: Filter) -> bool:
        if pool.kind == "DISKLESS":
            return False
        return not wanted.pools or any(pool.name.lower() == each.lower() for each in wanted.pools)

    def gross(self, definition: Definition, pool: Pool) -> int:
        """Backing size of all volumes of a definition in *pool*, KiB."""
        sizes = (volume.size for volume in definition.volumes.values())
        return sum(gross_kib(size, pool.granularity, drbd=definition.drbd) for size in sizes)

    def choose(self, wanted: Filter, sizes: Sequence[int], taken: Sequence[str], count: int) -> list[tuple[Node, Pool]]:
        """*count* more nodes for volumes of *sizes* KiB; fewer when there are not enough."""
        chosen: list[tuple[Node, Pool]] = []
        for node, pool in self.candidates(wanted):
            used = [*taken, *(each.name for each, _ in chosen)]
            gross = sum(gross_kib(size, pool.granularity, drbd="DRBD" in wanted.layers) for size in sizes)
            if node.name not in used and gross <= self.limit(node.name, pool) and len(chosen) < count:
                chosen.append((node, pool))
        return sorted(chosen, key=lambda each: each[0].name)

    def not_enough(self, context: int, wanted: Filter, size: int) -> Refused:
        """996: nodes or space (linstor.md 2.3)."""
        details = (
            f"Not enough nodes fulfilling the following auto-place criteria: "
            f"storage pool {list(wanted.pools) or 'any'} with {size} KiB free, {wanted.place_count} replicas"
        )
        return refuse(context, 996, "Not enough available nodes", details=details)

    def size_info(self, wanted: Filter) -> dict[str, Any]:
        """`space_info` of a query: simulated placement of as much as fits (linstor.md 2.3)."""
        per_node: dict[str, list[tuple[Node, Pool]]] = {}
        for node, pool in self.candidates(wanted):
            per_node.setdefault(node.name, []).append((node, pool))
        best = {name: max(pools, key=lambda each: self.limit(name, each[1])) for name, pools in per_node.items()}
        ranked = sorted(best.values(), key=lambda each: (-self.limit(each[0].name, each[1]), each[0].name))
        count = max(1, wanted.place_count)
        if len(ranked) < count:
            return _info(0, 0, 0)
        spread = [ranked[start : start + count] for start in range(0, len(ranked) - count + 1, count)]
        available = sum(min(self.free(node.name, pool) for node, pool in group) for group in spread)
        capacity = sum(min(pool.total for _, pool in group) for group in spread)
        largest = min(self.limit(node.name, pool) for node, pool in ranked[:count])
        return _info(largest, available, capacity) | {
            "next_spawn_result": [
                {"node_name": node.name, "stor_pool_name": pool.name, "stor_pool_oversubscription_ratio": _ratio(pool)}
                for node, pool in ranked[:count]
            ]
        }

    def largest_volumes(self, wanted: Filter) -> dict[str, Any]:
        """The answer of the older `query-max-volume-size`."""
        by_pool: dict[str, list[tuple[Node, Pool]]] = {}
        for node, pool in self.candidates(wanted):
            by_pool.setdefault(pool.name, []).append((node, pool))
        found = []
        for name, places in by_pool.items():
            if len(places) >= wanted.place_count:
                chosen = places[: wanted.place_count]
                found.append(
                    {
                        "storage_pool": name,
                        "max_volume_size_kib": min(self.free(node.name, pool) for node, pool in chosen),
                        "node_names": [node.name for node, _ in chosen],
                        "all_thin": all(pool.thin for _, pool in chosen),
                    }
                )
        return {"candidates": found, "default_max_oversubscription_ratio": THIN_RATIO}

    def pool_of(self, definition: Definition, node: Node) -> Pool | None:
        """The pool that a definition's group lets it use on *node*."""
        group = self._state.groups.get(definition.group, Group(definition.group))
        wanted = Filter.of(group, {"node_name_list": [node.name]})
        chosen = self.choose(wanted, [volume.size for volume in definition.volumes.values()], [], 1)
        return chosen[0][1] if chosen else None


def _ratio(pool: Pool) -> float:
    return THIN_RATIO if pool.thin else 1.0


def _info(largest: int, available: int, capacity: int) -> dict[str, Any]:
    return {
        "max_vlm_size_in_kib": largest,
        "available_size_in_kib": available,
        "capacity_in_kib": capacity,
        "default_max_oversubscription_ratio": THIN_RATIO,
    }
