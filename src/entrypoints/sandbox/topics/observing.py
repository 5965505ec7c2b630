"""What a recording shows of the world around it: which nodes are away, and which programs have devices open.

Recordings do not have every step: set-up calls, and programs that ran beside them, are known by what they left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from entrypoints.sandbox.topics.recording import Step

ONLINE = ("ONLINE", "CONNECTED")
GIVEN_UP = "StandAlone"
"""A connection that DRBD has given up for good: both sides have other data."""


@dataclass(frozen=True)
class Shown:
    """What one step shows of the nodes that it names. *wanted*: those with an attachment, not a witness."""

    offline: Mapping[str, bool] = field(default_factory=dict)
    cut: Mapping[str, bool] = field(default_factory=dict)
    in_use: Mapping[str, bool] = field(default_factory=dict)
    wanted: frozenset[str] = frozenset()
    torn: bool = False


NOTHING = Shown()
_IN_USE = re.compile(r"\bnode '?([\w-]+)'? is still in use")


def shown(step: Step) -> Shown:
    """What a step shows of nodes, networks and programs."""
    if f"{step.method} {step.path}" == "GET /v1/nodes":
        return Shown({each["name"]: each.get("connection_status") not in ONLINE for each in step.body})
    if step.path == "/v1/view/resources" and step.resource and step.body:
        return _view(step.body)
    return _refused(step) or _series(step.settled)


def _refused(step: Step) -> Shown | None:
    """An answer says which program is in the way."""
    told = (_IN_USE.search(str(each.get("message"))) for each in step.body if each.get("ret_code", 0) & 0x7FFF == 997)
    node = next((found[1] for found in told if found), "")
    return Shown(in_use={node: True}) if node else None


def _view(resources: list[Mapping[str, Any]]) -> Shown:
    """A resource of a node that is away has no state, nor has one that is being deleted."""
    staying = [each for each in resources if "DELETE" not in (each.get("flags") or ())]
    away = {each["node_name"]: "state" not in each for each in staying}
    links = {each["node_name"]: _links(each) for each in resources if "state" in each}
    alone = {name: "Connected" not in peers.values() for name, peers in links.items() if peers}
    use = {each["node_name"]: each["state"]["in_use"] for each in resources if "in_use" in each.get("state", {})}
    wanted = frozenset(each["node_name"] for each in resources if _attached(set(each.get("flags") or ())))
    return Shown(away, alone, use, wanted, any(GIVEN_UP in peers.values() for peers in links.values()))


def _attached(flags: set[str]) -> bool:
    return "DRBD_DISKLESS" in flags and not flags & {"TIE_BREAKER", "DELETE"}


def _links(resource: Mapping[str, Any]) -> dict[str, str]:
    told = (resource.get("layer_object") or {}).get("drbd", {}).get("connections") or {}
    return {peer: str(each.get("message")) for peer, each in told.items()}


def _series(value: Any) -> Shown:
    """What nodes were like in the end; only connections that do not stand are named."""
    nodes = value.values() if isinstance(value, dict) else ()
    if nodes and all(isinstance(each, bool) for each in nodes):
        return Shown(in_use=value)
    if not nodes or not all(isinstance(each, dict) and "conn" in each for each in nodes):
        return NOTHING
    alone = {name: not value.keys() - {name} - each["conn"].keys() for name, each in value.items() if len(value) > 1}
    use = {name: each["in_use"] for name, each in value.items() if isinstance(each.get("in_use"), bool)}
    torn = any(GIVEN_UP in each["conn"].values() for each in value.values())
    return Shown(cut=alone, in_use=use, torn=torn)


def devices(steps: tuple[Step, ...]) -> dict[str, list[str]]:
    """Each device that an answer names, and the resources that had it one after the other."""
    found: dict[str, list[str]] = {}
    for step in steps:
        for each in step.body:
            for volume in each.get("volumes") or ():
                found.setdefault(str(volume.get("device_path")), []).append(str(each.get("name")))
    return {path: list(dict.fromkeys(names)) for path, names in found.items()}
