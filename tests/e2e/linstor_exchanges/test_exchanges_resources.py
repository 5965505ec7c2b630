"""Placement, attaching, detaching, two primaries, toggle-disk: single exchanges, as recorded with a real controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

STORAGE = ("STORAGE",)


def syncing(lab: Any) -> None:
    lab.model.events.set_disk_state("host-c", "g1", "Inconsistent")


def back(lab: Any) -> None:
    lab.model.events.satellite_up("host-c")


CASES: dict[str, tuple[Any, list[Any]]] = {
    "autoplace": (
        lambda lab: lab.empty("ap1", "rg-one", 8192),
        ["07-placement 001 002 004 006 007"],
    ),
    "diskless on remaining": (
        lambda lab: lab.empty("ap2", "rg-one", 8192),
        ["07-placement 009 010"],
    ),
    "no volumes": (lambda lab: lab.empty("novd", "rg-one"), ["07-placement 012"]),
    "resource create": (
        lambda lab: lab.empty("rc1", "rg-one1", 8192),
        [
            "07-placement 013 014 015 017 020 021 035 036",
        ],
    ),
    "no space": (lambda lab: lab.empty("rc2", "rg-one1", 4194304), ["07-placement 025"]),
    "storage only": (
        lambda lab: lab.empty("rc3", "rg-one1", 8192, STORAGE),
        ["07-placement 026 027"],
    ),
    "diskless first": (lambda lab: lab.empty("rc4", "rg-one1", 8192), ["07-placement 029"]),
    "creation fails": (
        lambda lab: lab.empty("rc5", "rg-one1", 8192),
        [lambda lab: lab.fail("host-a", "lvcreate"), "07-placement 030 031"],
    ),
    "attach": (
        lambda lab: lab.volume("ma1", "rg-one", "host-a host-b"),
        [
            "08-make-available 001 002 003 004 005 006",
        ],
    ),
    "attach on the witness": (
        lambda lab: lab.volume("ma2", "rg-one", "host-a host-c"),
        ["08-make-available 007 008 010 013"],
    ),
    "attach with a replica": (
        lambda lab: lab.volume("ma3", "rg-one1", "host-c"),
        [
            "08-make-available 015 017 018 019 020 021",
        ],
    ),
    "attach where nothing is": (lambda lab: lab.empty("ma4", "rg-one1", 8192), ["08-make-available 023"]),
    "attach without DRBD": (
        lambda lab: lab.volume("ma5", "rg-one1", "host-c", size=8192, layers=STORAGE),
        ["08-make-available 028 029 030"],
    ),
    "inactive": (
        lambda lab: lab.volume("ma6", "rg-one1", "host-b host-c", size=8192),
        [
            "08-make-available 032 033 034 037 036 038 042 043 044 045",
        ],
    ),
    "detach": (
        lambda lab: lab.volume("d1", "rg-one", "host-a host-b", "one-fe"),
        [
            "09-detach 002 003 004 005 006 007 008 009",
        ],
    ),
    "detach of one of two": (
        lambda lab: lab.volume("d2", "rg-one", "host-a host-c", "host-b one-fe"),
        ["09-detach 013", lambda lab: lab.open("d2", "one-fe"), "09-detach 015 017"],
    ),
    "last replica": (
        lambda lab: lab.volume("d3", "rg-one1", "host-b", "one-fe"),
        ["09-detach 019 020 021 022 023"],
    ),
    "third replica": (
        lambda lab: lab.volume("d4", "rg-one3", "host-a host-b host-c"),
        ["09-detach 024 025"],
    ),
    "detach fails": (
        lambda lab: lab.volume("d5", "rg-one", "host-a host-c"),
        [
            lambda lab: lab.fail("host-a", "drbdsetup down"),
            "09-detach 028 029 030 031",
            lambda lab: lab.model.events.heal("host-a"),
            "09-detach 032",
        ],
    ),
    "two primaries": (
        lambda lab: lab.volume("t1", "rg-one", "host-a host-b", "one-fe"),
        [
            "10-two-primaries 001 002 003 004 005 006 008 009 010 011 012 013",
        ],
    ),
    "toggle": (
        lambda lab: lab.volume("g1", "rg-one", "host-a host-b", "host-c one-fe"),
        [
            "11-toggle-disk 001 002",
            syncing,
            "11-toggle-disk 004 005 006 007",
        ],
    ),
    "toggle back": (
        lambda lab: lab.volume("g1", "rg-one", "host-a host-b", "one-fe"),
        ["11-toggle-disk 009 011 012 014"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_resources_are_answered_as_recorded(name: str, unlike_recorded: Callable[..., list[str]]) -> None:
    """Status, codes, members and values of each answer, on the preparation of its topic."""
    assert unlike_recorded(*CASES[name]) == []
