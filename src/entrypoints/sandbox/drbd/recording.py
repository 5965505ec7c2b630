"""What a recording of DRBD says: how its nodes stand, what was done, and what the kernel answered."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Step = Mapping[str, Any]
States = Mapping[str, Mapping[str, Any]]

_LOOKING = re.compile(
    r"(timeout \d+ )?(drbd(setup|adm) (status|events2|show|role|cstate|dstate|sh-\w+|--version)\b"
    r"|cat |grep |ls |lsmod|lsblk|lvs |dmesg|blockdev --getsize)"
)
"""Commands that change nothing; what they print is not simulated."""
_SUSPENDS = "on-no-quorum suspend-io"
"""An option that LINSTOR does not set, by the note of a recording that has it."""


@dataclass(frozen=True)
class Recording:
    """One file. *states* are those before anything was done, {} where the recording does not tell them."""

    name: str
    resource: str
    states: States
    quorum: bool
    steps: tuple[Step, ...] = field(repr=False)
    left_out: str = ""

    @property
    def nodes(self) -> list[str]:
        """In the order of their node ids."""
        return sorted(self.states)

    @property
    def diskful(self) -> list[str]:
        """The nodes that have a disk."""
        return [name for name in self.nodes if self.states[name]["disk"] != "Diskless"]

    @property
    def pairs(self) -> list[frozenset[str]]:
        """The connections of the resource, and what would be one between two nodes without a disk."""
        return [frozenset(pair) for pair in itertools.combinations(self.nodes, 2)]

    @property
    def begins_allowed(self) -> bool:
        """Whether two Primaries are allowed from the beginning: it is taken away, and nobody gave it here."""
        said = (re.search(r"--allow-two-primaries=(yes|no)", str(each.get("cmd"))) for each in self.steps)
        return next((found[1] for found in said if found), "yes") == "no"


def is_recording(given: Any) -> bool:
    """Whether a JSON document is a recording of this kind."""
    return isinstance(given, dict) and isinstance(given.get("steps"), list) and "name" in given


def recording_of(given: Mapping[str, Any]) -> Recording:
    """What a document says; *left_out* tells why it cannot be played."""
    steps = tuple(given["steps"])
    told = (given.get("state_before"), *(each.get("state") for each in steps))
    states = next(filter(None, map(_settled, told)), {})
    note = str(given.get("note", ""))
    text = note + json.dumps([each.get("content", "") for each in steps])
    why = "" if states else "it does not begin with nodes that are all connected"
    if _SUSPENDS in note:
        why = "LINSTOR lets writes fail where quorum is lost"
    return Recording(given["name"], _resource(steps), states, "quorum off" not in text, steps, why)


def _settled(states: Any) -> States:
    """States of nodes that see each other and have good data, {} for anything else."""
    if not isinstance(states, dict) or not all(isinstance(each, dict) and "disk" in each for each in states.values()):
        return {}
    good = all(each["disk"] in ("UpToDate", "Diskless") and each["role"] == "Secondary" for each in states.values())
    return states if good and not any(cut_off(states)) else {}


def cut_off(states: States) -> Iterator[str]:
    """The nodes that have peers and are connected to none."""
    for name, each in states.items():
        peers = each.get("peers", {}).values()
        if peers and not any(peer.startswith("Connected") for peer in peers):
            yield name


def _resource(steps: tuple[Step, ...]) -> str:
    """The resource that the recording is about."""
    named = (re.fullmatch(r"state of (\S+)", each.get("op", "")) for each in steps)
    return next((found[1] for found in named if found), "r0")


def only_looks(command: str) -> bool:
    """Whether a command changes nothing."""
    return bool(_LOOKING.match(command))


def writes(flags: str) -> bool:
    """Whether these flags of open ask for writing."""
    return "O_RDWR" in flags or "O_WRONLY" in flags
