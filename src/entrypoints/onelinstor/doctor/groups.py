"""Checks of the resource groups that datastores name (linstor.md 1.2, 2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from entrypoints.onelinstor.doctor.checks import Check, Finding, warning
from entrypoints.onelinstor.doctor.linstor import quorum_findings, satellites, writer_findings
from entrypoints.onelinstor.doctor.reading import CannotAsk, Group, LinstorFacts, Pool

NO_CLONE = frozenset({"FILE", "FILE_THIN", "SPDK", "REMOTE_SPDK", "STORAGE_SPACES", "STORAGE_SPACES_THIN"})
"""Providers whose volumes LINSTOR does not clone (linstor.md 1.2)."""
UNSET = "linstor resource-group set-property"
DISKLESS = "DISKLESS"
LITTLE, TOO_LITTLE = 0.10, 0.02


@dataclass(frozen=True)
class GroupView:
    """One group in its LINSTOR."""

    group: Group
    linstor: LinstorFacts

    @property
    def pools(self) -> list[Pool]:
        """Where it can place replicas, on nodes online or not."""
        group = self.group
        named, nodes = [[each.lower() for each in names] for names in (group.pools, group.nodes)]
        return [
            each
            for each in self.linstor.pools
            if each.provider != DISKLESS
            and (not named or each.name.lower() in named)
            and (not nodes or each.node.lower() in nodes)
        ]

    @property
    def usable(self) -> list[Pool]:
        """Those of nodes that are online."""
        online = {each.name for each in satellites(self.linstor) if each.status == "ONLINE"}
        return [each for each in self.pools if each.node in online]

    @property
    def replicated(self) -> bool:
        """Whether its volumes have DRBD."""
        return not self.group.layers or "DRBD" in self.group.layers


def find(name: str, linstor: LinstorFacts) -> GroupView:
    """The group, in any case. Raises CannotAsk."""
    for each in linstor.groups:
        if each.name.lower() == name.lower():
            return GroupView(each, linstor)
    raise CannotAsk(
        f"LINSTOR has no resource group {name!r}",
        f"linstor resource-group create {name} --place-count 2 --storage-pool POOL, "
        f"linstor volume-group create {name}; or correct LINSTOR_RESOURCE_GROUP",
    )


def _replicas(view: GroupView) -> Iterator[Finding]:
    if not view.replicated:
        if view.group.place_count > 1:
            yield Finding(
                f"it places {view.group.place_count} replicas without DRBD, which nothing keeps alike",
                advice="--place-count 1, or DRBD in --layer-list",
            )
    elif view.group.place_count < 2:
        yield warning("it places one replica: with its node every disk is gone")


def _pools(view: GroupView) -> Iterator[Finding]:
    all_nodes, nodes = ({each.node for each in pools} for pools in (view.pools, view.usable))
    wanted = f"{view.group.place_count} replicas" if view.group.place_count != 1 else "a replica"
    named = f" with pool {', '.join(view.group.pools)}" if view.group.pools else " with a pool"
    if len(all_nodes) < view.group.place_count:
        yield Finding(f"{wanted} wanted, and {len(all_nodes)} nodes{named}")
    elif len(nodes) < view.group.place_count:
        yield Finding(f"{wanted} wanted, and only {len(nodes)} nodes{named} online", advice="bring nodes back online")


def _witness(view: GroupView) -> Iterator[Finding]:
    voters = [each for each in satellites(view.linstor) if "DRBD" in each.layers or each.status != "ONLINE"]
    if view.replicated and view.group.place_count == 2 and len(voters) < 3:
        yield warning(f"{len(voters)} nodes with DRBD leave none for the tiebreaker of two replicas")


def _snapshots(view: GroupView) -> Iterator[Finding]:
    unable = sorted({f"{each.name} on {each.node} ({each.provider})" for each in view.pools if not each.snapshots})
    if unable:
        yield warning(f"no snapshots in {', '.join(unable)}")


def _clones(view: GroupView) -> Iterator[Finding]:
    unable = sorted(
        {f"{each.name} on {each.node} ({each.provider})" for each in view.pools if each.provider in NO_CLONE}
    )
    if unable:
        yield Finding(f"LINSTOR clones nothing in {', '.join(unable)}, so every VM of an image would fail")


def _space(view: GroupView) -> Iterator[Finding]:
    for each in view.usable:
        if not each.total_kib or each.free_kib is None:
            continue
        part = each.free_kib / each.total_kib
        told = f"{each.name} on {each.node} has {part:.0%} left, {each.free_kib // 1024 // 1024} GiB"
        if part < TOO_LITTLE:
            yield Finding(told)
        elif part < LITTLE:
            yield warning(told)


def _errors(view: GroupView) -> Iterator[Finding]:
    for each in view.usable:
        if each.errors:
            yield Finding(f"{each.name} on {each.node}: {each.errors[0]}")


def _quorum(view: GroupView) -> Iterator[Finding]:
    yield from quorum_findings(view.group.props, "the group", f"{UNSET} {view.group.name}")


def _writers(view: GroupView) -> Iterator[Finding]:
    yield from writer_findings(view.group.props, "the group", f"{UNSET} {view.group.name}")


CHECKS = (
    Check(
        "group.replicas",
        "how many replicas it places",
        "linstor resource-group modify GROUP --place-count 2",
        _replicas,
    ),
    Check(
        "group.pools",
        "nodes and pools for its replicas",
        "linstor storage-pool create on more nodes, or correct the group",
        _pools,
    ),
    Check(
        "group.witness",
        "a node for the tiebreaker",
        "linstor node create for a third node; it needs DRBD and no pool",
        _witness,
    ),
    Check(
        "group.snapshots", "whether its pools can take snapshots", "use pools of LVM_THIN, ZFS or ZFS_THIN", _snapshots
    ),
    Check("group.clones", "whether LINSTOR can clone in its pools", "use pools of LVM_THIN, ZFS or ZFS_THIN", _clones),
    Check("group.space", "free space of its pools", "make room, or grow the pool", _space),
    Check("group.pool-errors", "errors of its pools", "linstor storage-pool list; linstor error-reports list", _errors),
    Check("group.quorum", "quorum and tiebreakers", UNSET, _quorum),
    Check("group.writers", "who may write", UNSET, _writers),
)
