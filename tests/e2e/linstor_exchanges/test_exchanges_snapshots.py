"""Snapshots, roll-back, restore, clones: single exchanges, as recorded with a real controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def snapshots(lab: Any) -> None:
    lab.volume("s1", "rg-one", "host-a host-b")
    lab.volume("s2", "rg-one1", "host-c")


def roll_back(lab: Any) -> None:
    lab.volume("s1", "rg-one", "host-a host-b", "one-fe")
    for name in ("r1", "r2", "r3"):
        lab.model.snapshots.create("s1", name)


def restore(lab: Any) -> None:
    lab.volume("src", "rg-one", "host-a host-c")
    lab.model.snapshots.create("src", "sn")
    for name in ("dst", "dst3"):
        lab.empty(name, "rg-one")
        lab.model.snapshots.restore_volumes("src", "sn", name)


CASES: dict[str, tuple[Any, list[Any]]] = {
    "snapshots": (
        snapshots,
        [
            "12-snapshots 002 003 005 006 007 009 010 011 016 018 019 029 030 031 032 033 034",
            lambda lab: lab.fail("host-b", "^lvcreate .*--snapshot"),
            "12-snapshots 036",
            lambda lab: lab.model.events.heal("host-b"),
            "12-snapshots 038 039",
            lambda lab: lab.model.snapshots.create("s1", "undeletable"),
            lambda lab: lab.fail("host-b", "lvremove"),
            "12-snapshots 040",
        ],
    ),
    "snapshots that cannot be": (
        lambda lab: (lab.volume("s3", "rg-thick", "host-a host-b"), lab.empty("s6", "rg-one", 8192)),
        ["12-snapshots 043 048"],
    ),
    "rollback": (
        roll_back,
        [
            lambda lab: lab.open("s1", "host-a"),
            "13-rollback-restore 001",
            lambda lab: lab.close(),
            "13-rollback-restore 002 003 005 007",
            lambda lab: lab.fail("host-a", "lvcreate .*--snapshot --name s1_00000"),
            "13-rollback-restore 012",
        ],
    ),
    "restore": (
        restore,
        [
            "13-rollback-restore 018 019 022 023 025 027 029",
        ],
    ),
    "clone": (
        lambda lab: lab.volume("c1", "rg-one", "host-a host-b"),
        [
            "14-clone 001 004 007 008 009 011 012 013 017 020 027 028 030 031 054",
        ],
    ),
    "clone fails": (
        lambda lab: lab.volume("c1", "rg-one", "host-a host-b", "one-fe"),
        [
            "14-clone 023",
            lambda lab: lab.fail("host-a", "^lvcreate.*c1-bad"),
            "14-clone 046 047 049",
            lambda lab: lab.model.events.heal("host-a"),
            "14-clone 050 051",
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_snapshots_are_answered_as_recorded(name: str, unlike_recorded: Callable[..., list[str]]) -> None:
    """Status, codes, members and values of each answer, on the preparation of its topic."""
    assert unlike_recorded(*CASES[name]) == []
