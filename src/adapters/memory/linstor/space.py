"""Where volumes fit: pools, over-subscription, placement (linstor.md 2.3, 2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.memory.linstor.objects import THIN_RATIO, Definition, Group, Node, Pool, gross_kib
from adapters.memory.linstor.replies import Refused, refuse
from adapters.memory.linstor.state import State

UNUSABLE = {"EVICTED", "EVACUATE", "DELETE"}
RATIO = "MaxOversubscriptionRatio"
Place = tuple[Node, Pool]


@dataclass(frozen=True)
class Filter:
    """What a group, or a request, asks of a placement."""

    place_count: int
    pools: tuple[str, ...]
    nodes: tuple[str, ...]
    layers: tuple[str, ...]
    providers: tuple[str, ...] = ()

    @staticmethod
    def of(group: Group, given: dict[str, Any] | None = None) -> Filter:
        """The group's filter with the members of a request's `select_filter` in place of its own."""
        asked = {key: value for key, value in (given or {}).items() if value is not None}
        merged = Group(group.name, {**group.select_filter, **asked})
        if asked.get("storage_pool") or asked.get("storage_pool_list"):
            merged.select_filter["storage_pool_list"] = asked.get("storage_pool_list") or [asked["storage_pool"]]
        nodes = tuple(merged.select_filter.get("node_name_list") or ())
        providers = tuple(merged.select_filter.get("provider_list") or ())
        return Filter(merged.place_count, tuple(merged.pools), nodes, tuple(merged.layers), providers)

    @staticmethod
    def given(select_filter: dict[str, Any]) -> Filter:
        """A filter that stands alone."""
        return Filter.of(Group(""), select_filter)

    def admits(self, pool: Pool) -> bool:
        """Whether a pool may hold replicas."""
        named = not self.pools or any(pool.name.lower() == each.lower() for each in self.pools)
        provided = not self.providers or pool.kind in self.providers
        return pool.kind != "DISKLESS" and named and provided

    def reaches(self, node: Node) -> bool:
        """Whether a node may hold replicas."""
        return not self.nodes or any(node.name.lower() == each.lower() for each in self.nodes)


class Space:
    """Capacity and placement of one cluster."""

    def __init__(self, state: State) -> None:
        self._state = state

    # -- one pool -------------------------------------------------------------------------------

    def promised(self, node: str, pool: Pool) -> int:
        """Backing sizes of all volumes in a pool of a node, KiB; a pool that nodes share counts for all of them."""
        total = 0
        for definition in self._state.definitions.values():
            here = [each for each in definition.resources.values() if not each.diskless]
            if any(self._same_space(each.node, each.pool, node, pool) for each in here):
                total += sum(volume.gross for volume in definition.volumes.values())
        return total

    def _same_space(self, one: str, name: str, other: str, pool: Pool) -> bool:
        if one == other and name == pool.name:
            return True
        return bool(pool.shared) and self._state.nodes[one].pools[name].shared == pool.shared

    def free(self, node: str, pool: Pool) -> int:
        """Physically free, KiB: thin volumes take next to nothing until written."""
        return pool.free if pool.thin else max(0, pool.free - self.promised(node, pool))

    def ratio(self, pool: Pool) -> float:
        """Over-subscription: of the pool, of the cluster, 20 for thin pools and none for thick ones."""
        given = pool.props.get(RATIO) or self._state.properties.get(RATIO)
        return (float(given) if given else THIN_RATIO) if pool.thin else 1.0

    def limit(self, node: str, pool: Pool) -> int:
        """The largest backing volume that may be made in a pool, KiB, over-subscription included."""
        if not pool.thin:
            return self.free(node, pool)
        by_total = int(pool.total * self.ratio(pool)) - self.promised(node, pool)
        return max(0, min(int(pool.free * self.ratio(pool)), by_total))

    # -- placement ------------------------------------------------------------------------------

    def candidates(self, wanted: Filter) -> list[Place]:
        """Every usable (node, pool), the emptiest node first; one that is off-line or leaving is none."""
        usable = [node for node in self._state.nodes.values() if self._usable(node) and wanted.reaches(node)]
        found = [(node, pool) for node in usable for pool in node.pools.values() if wanted.admits(pool)]
        return sorted(found, key=lambda each: (self.promised(each[0].name, each[1]), each[0].name))

    @staticmethod
    def _usable(node: Node) -> bool:
        taken_out = node.props.get("AutoplaceTarget", "").lower() == "false"
        return node.online and not node.flags & UNUSABLE and not taken_out

    def gross(self, definition: Definition, pool: Pool) -> int:
        """Backing size of all volumes of a definition in *pool*, KiB."""
        sizes = (volume.size for volume in definition.volumes.values())
        return sum(gross_kib(size, pool.granularity, drbd=definition.drbd) for size in sizes)

    def choose(self, wanted: Filter, sizes: Sequence[int], taken: Sequence[str], count: int) -> list[Place]:
        """*count* more nodes for volumes of *sizes* KiB; fewer when there are not enough."""
        chosen: dict[str, Place] = {}
        used: set[str] = set()
        for node, pool in self.candidates(wanted):
            gross = sum(gross_kib(size, pool.granularity, drbd="DRBD" in wanted.layers) for size in sizes)
            fits = gross <= self.limit(node.name, pool)
            unused = node.name not in taken and node.name not in chosen and _store(node, pool) not in used
            if fits and len(chosen) < count and unused:
                chosen[node.name] = (node, pool)
                used.add(_store(node, pool))
        return [chosen[name] for name in sorted(chosen)]

    def not_enough(self, context: int, wanted: Filter, size: int) -> Refused:
        """996: nodes or space (linstor.md 2.3)."""
        details = (
            f"Not enough nodes fulfilling the following auto-place criteria: "
            f"storage pool {list(wanted.pools) or 'any'} with {size} KiB free, {wanted.place_count} replicas"
        )
        return refuse(context, 996, "Not enough available nodes", details=details)

    def pool_of(self, definition: Definition, node: Node) -> Pool | None:
        """The pool that a definition's group lets it use on *node*."""
        group = self._state.groups.get(definition.group, Group(definition.group))
        wanted = Filter.of(group, {"node_name_list": [node.name]})
        chosen = self.choose(wanted, [volume.size for volume in definition.volumes.values()], [], 1)
        return chosen[0][1] if chosen else None

    # -- queries --------------------------------------------------------------------------------

    def size_info(self, wanted: Filter) -> dict[str, Any]:
        """`space_info` of a query: simulated placement of as much as fits (linstor.md 2.3)."""
        found = self.candidates(wanted)
        count = max(1, wanted.place_count)
        by_limit = sorted(found, key=lambda each: (-self.limit(each[0].name, each[1]), each[0].name))
        next_ones = _apart(by_limit)[:count]
        if len(next_ones) < count:
            return _info(0, 0, 0)
        largest = min(self.limit(node.name, pool) for node, pool in next_ones)
        stores = list({_store(node, pool): (node, pool) for node, pool in reversed(found)}.values())
        available = _spread((self.free(node.name, pool) for node, pool in stores), count)
        capacity = _spread((pool.total for _, pool in stores), count)
        shown = [
            {
                "node_name": node.name,
                "stor_pool_name": pool.name,
                "stor_pool_oversubscription_ratio": self.ratio(pool),
            }
            for node, pool in next_ones
        ]
        return _info(largest, available, capacity) | {"next_spawn_result": shown}

    def largest_volumes(self, wanted: Filter) -> dict[str, Any]:
        """The answer of the older `query-max-volume-size`."""
        by_pool: dict[str, list[Place]] = {}
        for node, pool in self.candidates(wanted):
            by_pool.setdefault(pool.name, []).append((node, pool))
        apart = {name: _apart(places)[: wanted.place_count] for name, places in by_pool.items()}
        found = [
            {
                "storage_pool": name,
                "max_volume_size_kib": min(self.free(node.name, pool) for node, pool in places),
                "node_names": [node.name for node, _ in places],
                "all_thin": all(pool.thin for _, pool in places),
            }
            for name, places in apart.items()
            if len(places) >= wanted.place_count
        ]
        return {"candidates": found, "default_max_oversubscription_ratio": THIN_RATIO}


def _store(node: Node, pool: Pool) -> str:
    """`free_space_mgr_name`: pools that nodes share have one store (linstor.md 2.2)."""
    return pool.shared or f"{node.name};{pool.name}"


def _apart(places: Sequence[Place]) -> list[Place]:
    """The first places that have neither the node nor the store in common."""
    found: list[Place] = []
    for node, pool in places:
        if not any(node is other or _store(node, pool) == _store(other, its) for other, its in found):
            found.append((node, pool))
    return found


def _spread(sizes: Iterable[int], count: int) -> int:
    """How much fits when every KiB is put into *count* pools: the emptiest ones are filled together, again and again.

    Like the controller's own sum it does not ask whether they are on different nodes (recorded).
    """
    left = sorted(sizes, reverse=True)
    total = 0
    while len(left) >= count and (part := left[count - 1]) > 0:
        total += part
        left = sorted([each - part for each in left[:count]] + left[count:], reverse=True)
    return total


def _info(largest: int, available: int, capacity: int) -> dict[str, Any]:
    return {
        "max_vlm_size_in_kib": largest,
        "available_size_in_kib": available,
        "capacity_in_kib": capacity,
        "default_max_oversubscription_ratio": THIN_RATIO,
    }
