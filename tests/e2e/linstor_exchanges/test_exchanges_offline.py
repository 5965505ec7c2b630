"""Nodes that are away, disks that are lost: single exchanges, as recorded with a real controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

STORAGE = ("STORAGE",)


def offline(lab: Any) -> None:
    lab.volume("o1", "rg-one", "host-b host-c")
    lab.model.snapshots.create("o1", "before")
    lab.volume("o2", "rg-one", "host-b host-c", "one-fe")
    lab.volume("o3", "rg-one", "host-b host-c")
    lab.volume("o5", "rg-one1", "host-c")
    lab.volume("o6", "rg-one", "host-b host-c")
    lab.volume("o7", "rg-one", "host-b host-c", "one-fe")
    lab.volume("o8", "rg-local", "host-c", layers=STORAGE)
    lab.volume("o9", "rg-one1", "host-a")
    lab.open("o3", "host-c")
    lab.model.events.satellite_down("host-c")


def pending(lab: Any) -> None:
    for name in ("p1", "p2", "p3"):
        lab.volume(name, "rg-one", "host-b host-c")
    lab.model.snapshots.create("p2", "before")
    lab.volume("p4", "rg-one", "host-b host-c", "one-fe")
    lab.volume("p6", "rg-local", "host-c", layers=STORAGE)
    lab.model.events.satellite_down("host-c")


def stale(lab: Any) -> None:
    lab.volume("q1", "rg-one", "host-b host-c")
    lab.model.snapshots.create("q1", "before")
    lab.model.events.satellite_down("host-c")


def back(lab: Any) -> None:
    lab.model.events.satellite_up("host-c")


CASES: dict[str, tuple[Any, list[Any]]] = {
    "a node is away": (
        offline,
        [
            "19-offline 010 012 013 015 016 019 020 022 024 026 028 029 030 031 032 033 034",
            "19-offline 036 037 041 044 045 046 049 051 052 054 055 056",
            back,
            "19-offline 059",
            lambda lab: lab.close(),
            "19-offline 061",
        ],
    ),
    "pending deletions": (
        pending,
        [
            "19c-offline-clean 001 003 004 005 007 008 010",
            back,
            "19c-offline-clean 013 014 017 018",
        ],
    ),
    "a reused snapshot name": (stale, ["19d-stale-snapshot 002", back, "19d-stale-snapshot 003 004"]),
    "a lost disk": (
        lambda lab: lab.volume("k1", "rg-one", "host-a host-b"),
        ["22-disk-failure 001 003 004"],
    ),
    "a failed disk": (
        lambda lab: (lab.volume("k2", "rg-one", "host-a host-b"), lab.model.events.lose_disk("host-a", "k2")),
        ["22-disk-failure 008 009 011 012"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_offline_are_answered_as_recorded(name: str, unlike_recorded: Callable[..., list[str]]) -> None:
    """Status, codes, members and values of each answer, on the preparation of its topic."""
    assert unlike_recorded(*CASES[name]) == []
