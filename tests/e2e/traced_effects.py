"""What an order changed, out of its trace, in the words of an explanation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from entrypoints.explaining.surroundings import QUESTIONS

CHANGING = frozenset({"cluster", "hosts", "sources", "exports", "scripts", "monitord"})
"""The ports that can change something; the rest of a trace are requests and answers of theirs, and questions."""
_READS = frozenset(
    {"definitions", "definitions_marked", "deployments", "snapshots", "capacity", "copy_state", "real_path", "exists"}
)
_QUESTIONS = frozenset(each.__name__ for each in QUESTIONS)


def effects(events: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The steps among the events of a trace: what changed something, in the words of an explanation."""
    for event in events:
        refused = "raised" in event or (event["call"] in ("create", "copy", "snapshot", "restore", "grow"))
        if refused and event.get("gave") is not True:
            continue
        if event["port"] in CHANGING and event["call"] not in _READS and not _only_asks(event):
            yield {"port": event["port"], "call": event["call"], "with": event["with"]}


def _only_asks(event: Mapping[str, Any]) -> bool:
    if event["port"] == "scripts":
        return bool(event["with"][2] == "stat")
    if event["port"] != "hosts" or event["call"] != "run":
        return False
    return all(step["is"] in _QUESTIONS for step in event["with"][1])
