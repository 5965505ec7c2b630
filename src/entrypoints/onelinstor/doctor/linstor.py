"""Checks of LINSTOR: controllers, nodes, what its properties do to the driver (linstor.md 0.2, 1.7, 2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from domain.names import same_host
from entrypoints.onelinstor.doctor.checks import Check, Finding, warning
from entrypoints.onelinstor.doctor.reading import LinstorFacts, Node

OLDEST = (1, 18, 0)
NO_SATELLITE = frozenset({"CONTROLLER", "AUXILIARY"})
UNSET = "linstor controller set-property"
"""With a property and no value it takes the property away."""
SPLIT = "hosts that lose each other can write different data"
LOST = {
    "DrbdOptions/auto-add-quorum-tiebreaker": "with one of two replicas lost, disks stop",
    "DrbdOptions/Resource/quorum": SPLIT,
    "DrbdOptions/auto-quorum": SPLIT,
}
"""Property -> what comes of switching it off."""
STATES = {
    "VERSION_MISMATCH": "its satellite is of another version than the controller",
    "FULL_SYNC_FAILED": "its satellite could not take what the controller told it",
    "AUTHENTICATION_ERROR": "its satellite does not know the controller",
    "HOSTNAME_MISMATCH": "its satellite is another machine, or the machine's name has changed",
    "OTHER_CONTROLLER": "its satellite belongs to another controller",
    "MISSING_EXT_TOOLS": "programs that the satellite needs are missing",
    "DUPLICATE_UNAME": "two nodes have that name",
}


@dataclass(frozen=True)
class LinstorView:
    """One LINSTOR, the *hosts* that use it, and host -> node where a datastore says so."""

    linstor: LinstorFacts
    hosts: tuple[str, ...]
    mapped: Mapping[str, str]

    def node(self, host: str) -> Node | None:
        """The node of a host: mapped, equal but for case, or the only one in short or long form."""
        wanted = self.mapped.get(host, host)
        exact = [each for each in self.linstor.nodes if each.name.lower() == wanted.lower()]
        found = exact or [each for each in self.linstor.nodes if same_host(each.name, wanted)]
        return found[0] if len(found) == 1 else None


def satellites(linstor: LinstorFacts) -> list[Node]:
    """Nodes that can have volumes."""
    return [each for each in linstor.nodes if each.kind not in NO_SATELLITE]


def is_no(value: str | None) -> bool:
    """Whether a property says no."""
    return (value or "").lower() in ("no", "false", "off", "disabled")


def _controllers(view: LinstorView) -> Iterator[Finding]:
    # of several only one is active; the others answer, or refuse because their service waits
    for address, why in view.linstor.controllers.items():
        if why and "refused" not in why:
            yield warning(f"{address}: {why}")


def _version(view: LinstorView) -> Iterator[Finding]:
    version = view.linstor.version
    if tuple(int(each) for each in re.findall(r"[0-9]{1,9}", version)[:3]) < OLDEST:
        yield Finding(f"LINSTOR {version} is older than 1.18")


def _nodes(view: LinstorView) -> Iterator[Finding]:
    for each in satellites(view.linstor):
        if each.status in STATES:
            yield Finding(
                f"{each.name} is {each.status}: {STATES[each.status]}",
                advice=f"linstor node list; linstor node info {each.name}",
            )
        elif each.status != "ONLINE":
            yield warning(f"{each.name} is {each.status}")


def _evicted(view: LinstorView) -> Iterator[Finding]:
    for each in satellites(view.linstor):
        for flag in ("EVICTED", "EVACUATE"):
            if flag in each.flags:
                yield warning(f"{each.name} is marked {flag}", f"linstor node restore {each.name}")


def _hosts(view: LinstorView) -> Iterator[Finding]:
    for host in view.hosts:
        node = view.node(host)
        if node is None:
            yield Finding(f"host {host} has no node")
        elif node.kind in NO_SATELLITE:
            yield Finding(f"node {node.name} of host {host} is a {node.kind}, and has no satellite")


def _drbd(view: LinstorView) -> Iterator[Finding]:
    for each in _nodes_of_hosts(view):
        if each.status == "ONLINE" and "DRBD" not in each.layers:
            why = each.lacks.get("DRBD", "")
            yield Finding(f"{each.name} cannot do DRBD" + (f": {why}" if why else ""))


def _nodes_of_hosts(view: LinstorView) -> Iterable[Node]:
    found = (view.node(host) for host in view.hosts)
    return {each.name: each for each in found if each is not None}.values()


def quorum_findings(props: Mapping[str, str], where: str, unset: str) -> Iterator[Finding]:
    """What properties of a controller or group do to every volume below it (linstor.md 1.7); *unset* takes one away."""
    for key in ("DrbdOptions/auto-add-quorum-tiebreaker", "DrbdOptions/Resource/quorum", "DrbdOptions/auto-quorum"):
        if is_no(props.get(key)):
            yield warning(f"{where} switches {key.rpartition('/')[2]} off: {LOST[key]}", f"{unset} {key}")


def writer_findings(props: Mapping[str, str], where: str, unset: str) -> Iterator[Finding]:
    """What lets two hosts write, or none (linstor.md 2.8)."""
    key = "DrbdOptions/Net/allow-two-primaries"
    if props.get(key, "").lower() == "yes":
        yield Finding(
            f"{where} allows two primaries always; the driver does only for a migration", advice=f"{unset} {key}"
        )
    key = "DrbdOptions/Net/protocol"
    if props.get(key, "C").upper() != "C":
        yield Finding(f"{where} sets protocol {props[key]}; live migration needs C", advice=f"{unset} {key}")
    key = "DrbdOptions/Resource/auto-promote"
    if is_no(props.get(key)):
        yield Finding(f"{where} switches auto-promote off, so no guest can write", advice=f"{unset} {key}")


def _quorum(view: LinstorView) -> Iterator[Finding]:
    yield from quorum_findings(view.linstor.props, "the controller", UNSET)


def _writers(view: LinstorView) -> Iterator[Finding]:
    yield from writer_findings(view.linstor.props, "the controller", UNSET)


CHECKS = (
    Check("linstor.controllers", "each controller", "start it, or correct LINSTOR_CONTROLLERS", _controllers),
    Check("linstor.version", "LINSTOR's version", "upgrade LINSTOR", _version),
    Check(
        "linstor.nodes",
        "whether all nodes are online",
        "start linstor-satellite there: systemctl status linstor-satellite",
        _nodes,
    ),
    Check("linstor.evicted", "nodes that LINSTOR has given up", "linstor node restore NODE", _evicted),
    Check(
        "linstor.host-nodes",
        "a node for every host",
        "linstor node create, or LINSTOR_NODE_MAP in the datastores",
        _hosts,
    ),
    Check(
        "linstor.drbd",
        "whether the nodes of hosts can do DRBD",
        "install drbd-dkms and drbd-utils there, and restart its satellite",
        _drbd,
    ),
    Check("linstor.quorum", "quorum and tiebreakers", UNSET, _quorum),
    Check("linstor.writers", "who may write", UNSET, _writers),
)
