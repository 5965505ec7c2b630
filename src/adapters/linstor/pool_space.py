"""What a group can place, worked out from nodes and pools, for servers that do not tell (linstor.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from adapters.linstor.reading import Json, flags_of, number_of, object_of, words_of

DEFAULT_REPLICAS = 2
LEAVING = frozenset({"EVICTED", "EVACUATE", "DELETE"})


@dataclass(frozen=True)
class Wanted:
    """What the filter of a group asks for; an empty set admits everything. LINSTOR ignores the case of names."""

    replicas: int
    pools: frozenset[str]
    nodes: frozenset[str]
    providers: frozenset[str]

    @staticmethod
    def of(select_filter: Json) -> Wanted:
        """LINSTOR shows the first pool also on its own; old servers know only that member."""
        pools = _names(select_filter, "storage_pool_list") or _names(select_filter, "storage_pool")
        return Wanted(
            number_of(select_filter, "place_count") or DEFAULT_REPLICAS,
            pools,
            _names(select_filter, "node_name_list"),
            _names(select_filter, "provider_list"),
        )

    def admits(self, pool: Json) -> bool:
        """Whether replicas may be in that pool. One whose node is offline has no total."""
        return (
            pool.get("provider_kind") != "DISKLESS"
            and "total_capacity" in pool
            and _among(pool.get("storage_pool_name"), self.pools)
            and _among(pool.get("provider_kind"), self.providers)
            and _among(pool.get("node_name"), self.nodes)
        )


@dataclass(frozen=True)
class Space:
    """One physical store and the nodes that reach it; sizes in KiB."""

    nodes: frozenset[str]
    total_kib: int
    free_kib: int


def targets(nodes: Iterable[Json]) -> frozenset[str]:
    """The nodes that get new replicas: online, staying, and not taken out with AutoplaceTarget."""
    return frozenset(str(node.get("name")) for node in nodes if _is_target(node))


def spaces(pools: Iterable[Json], wanted: Wanted, nodes: Collection[str]) -> list[Space]:
    """The stores of the pools that *wanted* admits on *nodes*; one that nodes share is one store."""
    found: dict[str, Space] = {}
    for pool in pools:
        node = str(pool.get("node_name"))
        if node in nodes and wanted.admits(pool):
            name = str(pool.get("free_space_mgr_name") or f"{node};{pool.get('storage_pool_name')}")
            others = found[name].nodes if name in found else frozenset[str]()
            found[name] = Space(others | {node}, number_of(pool, "total_capacity"), number_of(pool, "free_capacity"))
    return list(found.values())


def placed_kib(stores: Iterable[tuple[frozenset[str], int]], replicas: int) -> list[int]:
    """Sizes of the volumes that fill *stores* (nodes, KiB), the largest possible one each time.

    Every volume has its replicas on that many nodes and in that many stores. Their sum can really be placed; it is
    what LINSTOR's own sum gives where all pools have one size (recorded). Empty where nodes or stores are missing.
    """
    left = dict(enumerate(stores))
    sizes: list[int] = []
    while chosen := _largest_stores(left, replicas):
        size = min(left[each][1] for each in chosen)
        sizes.append(size)
        left.update({each: (left[each][0], left[each][1] - size) for each in chosen})
        left = {each: store for each, store in left.items() if store[1] > 0}
    return sizes


def _largest_stores(stores: Mapping[int, tuple[frozenset[str], int]], count: int) -> list[int]:
    """The *count* largest stores that can be used from as many nodes, one for each; none where there are fewer."""
    user: dict[str, int] = {}
    chosen: list[int] = []
    for each in sorted(stores, key=lambda store: -stores[store][1]):
        if len(chosen) < count and _gets_a_node(each, stores, user, set()):
            chosen.append(each)
    return chosen if len(chosen) == count else []


def _gets_a_node(
    store: int, stores: Mapping[int, tuple[frozenset[str], int]], user: dict[str, int], tried: set[str]
) -> bool:
    """Give *store* a node of its own; a store that has one already may move to another of its nodes."""
    for node in sorted(stores[store][0] - tried):
        tried.add(node)
        if node not in user or _gets_a_node(user[node], stores, user, tried):
            user[node] = store
            return True
    return False


def _is_target(node: Json) -> bool:
    taken_out = str(object_of(node, "props").get("AutoplaceTarget", "")).lower() == "false"
    online = node.get("connection_status", "ONLINE") == "ONLINE"
    return online and not taken_out and flags_of(node).isdisjoint(LEAVING)


def _names(found: Json, member: str) -> frozenset[str]:
    """A member that is a list of names, or one name."""
    value = found.get(member)
    return frozenset([value] if value and isinstance(value, str) else words_of(found, member) if value else ())


def _among(name: object, names: frozenset[str]) -> bool:
    return not names or str(name).lower() in {each.lower() for each in names}
