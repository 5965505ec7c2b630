"""Nodes, groups, definitions, properties, the protocol: single exchanges, as recorded with a real controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

STORAGE = ("STORAGE",)


def in_use(lab: Any) -> None:
    lab.volume("inuse", "rg-one", "host-a host-b")
    lab.open("inuse", "host-b")


def then_snapshot(lab: Any) -> None:
    lab.close()
    lab.model.snapshots.create("inuse", "kept")


CASES: dict[str, tuple[Any, list[Any]]] = {
    "nodes": (lambda lab: None, ["01-nodes 004 005 013 015 018"]),
    "groups": (
        lambda lab: lab.volume("used", "rg-one1", "host-a"),
        [
            "02-resource-groups 002 006 009 010 011 013 015 016 017",
        ],
    ),
    "spawn": (
        lambda lab: None,
        [
            "03-spawn 001 002 005 006 011 013 014 017 019 020 024 026 027 028 029 030 034 037 039 040",
        ],
    ),
    "definitions": (
        lambda lab: None,
        [
            "05-resource-definitions 002 003 004 006 009 011 012 014 025 026 027 028 029 031 034 035 036 037 038 039",
        ],
    ),
    "delete refused": (in_use, ["05-resource-definitions 042", then_snapshot, "05-resource-definitions 044"]),
    "another group": (
        lambda lab: lab.volume("regroup", "rg-one1", "host-c"),
        ["05-resource-definitions 045 048"],
    ),
    "volume definitions": (
        lambda lab: lab.empty("vd1", "rg-one"),
        [
            "06-volumes-resize 001 002 003 004 006 009 010 011 012 013 015",
        ],
    ),
    "grow": (
        lambda lab: lab.empty("vd1", "rg-one", 65536),
        [
            "06-volumes-resize 017 018 020 021 022 024 027 029",
        ],
    ),
    "grow thick": (
        lambda lab: lab.volume("thick1", "rg-thick", "host-a host-b", size=1048576),
        ["06-volumes-resize 031 032"],
    ),
    "resize without DRBD": (
        lambda lab: lab.volume("local1", "rg-local", "host-a", size=32768, layers=STORAGE),
        ["06-volumes-resize 034 035"],
    ),
    "grow fails": (
        lambda lab: lab.volume("rsz", "rg-one", "host-c host-a"),
        [
            lambda lab: lab.fail("host-a", "lvresize"),
            "06-volumes-resize 040",
            lambda lab: lab.model.events.heal("host-a"),
            "06-volumes-resize 042 043 044",
        ],
    ),
    "filters": (
        lambda lab: lab.volume("v1", "rg-one", "host-b host-c"),
        ["15-views 005 010 011 013 019"],
    ),
    "properties": (
        lambda lab: lab.volume("v2", "rg-one1", "host-c"),
        [
            "16-names-properties 009 011 013 014 015 016 017 018 022 023 024 026 027",
        ],
    ),
    "protocol": (
        lambda lab: lab.volume("v2", "rg-one1", "host-c", size=8192),
        [
            "17-protocol 001 002 003 005 007 008 009 011 012 013 014 017 018 019 020 022 023 027",
        ],
    ),
    "key-value store": (
        lambda lab: None,
        [
            "18-misc 004 008 009 010 011 012 018 019",
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_definitions_are_answered_as_recorded(name: str, unlike_recorded: Callable[..., list[str]]) -> None:
    """Status, codes, members and values of each answer, on the preparation of its topic."""
    assert unlike_recorded(*CASES[name]) == []
