"""Single recorded exchanges with a real controller, each on the same preparation (linstor.md 9).

The recordings hold requests and answers, texts shortened; the preparations were made by hand from the notes beside
them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import Client

from adapters.memory.linstor import Handle, LinstorModel
from entrypoints.sandbox.linstor import make_app
from entrypoints.sandbox.linstor.likeness import differences

CAPTURES = Path(__file__).parent.parent / "captures" / "linstor-1.33.3"
STORAGE = ("STORAGE",)


def recorded() -> dict[str, Any]:
    lines = (CAPTURES / "topics.jsonl").read_text(encoding="utf-8").splitlines()
    return {each["file"]: each for each in map(json.loads, lines)}


class Lab:
    """The cluster of the recordings: three nodes with pools and one without."""

    def __init__(self) -> None:
        head = (CAPTURES / "scenarios" / "image-life.jsonl").read_text(encoding="utf-8").splitlines()[0]
        self.model = LinstorModel.from_cluster(json.loads(head)["cluster"])
        self.model.state.kernel_refuses = False
        self.opened: list[Handle] = []

    def empty(self, name: str, group: str, size: int = 0, layers: Sequence[str] = (), **props: str) -> None:
        """A definition without resources."""
        self.model.definitions.create(name, group, {f"Aux/{key}": value for key, value in props.items()}, layers)
        if size:
            self.model.volumes.create(name, size)

    def volume(
        self, name: str, group: str, on: str, diskless: str = "", size: int = 65536, layers: Sequence[str] = ()
    ) -> None:
        """A definition with replicas, then attachments, on these nodes."""
        self.empty(name, group, size, layers)
        for node in on.split():
            self.model.resources.create(name, node, set())
        for node in diskless.split():
            self.model.resources.make_available(name, node)

    def open(self, name: str, node: str) -> None:
        """A program writes there."""
        self.opened.append(self.model.devices.open(node, name, write=True))

    def close(self) -> None:
        """All programs end."""
        for each in self.opened:
            each.close()


Step = str | Callable[[Lab], object]
Case = tuple[Callable[[Lab], object], Sequence[Step]]


def in_use(lab: Lab) -> None:
    lab.volume("inuse", "rg-one", "host-a host-b")
    lab.open("inuse", "host-b")


def then_snapshot(lab: Lab) -> None:
    lab.close()
    lab.model.snapshots.create("inuse", "kept")


def syncing(lab: Lab) -> None:
    lab.model.events.set_disk_state("host-c", "g1", "Inconsistent")


def failing(node: str, command: str) -> Callable[[Lab], object]:
    return lambda lab: lab.model.events.fail(node, command)


def healed(node: str) -> Callable[[Lab], object]:
    return lambda lab: lab.model.events.heal(node)


def snapshots(lab: Lab) -> None:
    lab.volume("s1", "rg-one", "host-a host-b")
    lab.volume("s2", "rg-one1", "host-c")


def roll_back(lab: Lab) -> None:
    lab.volume("s1", "rg-one", "host-a host-b", "one-fe")
    for name in ("r1", "r2", "r3"):
        lab.model.snapshots.create("s1", name)


def restore(lab: Lab) -> None:
    lab.volume("src", "rg-one", "host-a host-c")
    lab.model.snapshots.create("src", "sn")
    for name in ("dst", "dst3"):
        lab.empty(name, "rg-one")
        lab.model.snapshots.restore_volumes("src", "sn", name)


def offline(lab: Lab) -> None:
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


def pending(lab: Lab) -> None:
    for name in ("p1", "p2", "p3"):
        lab.volume(name, "rg-one", "host-b host-c")
    lab.model.snapshots.create("p2", "before")
    lab.volume("p4", "rg-one", "host-b host-c", "one-fe")
    lab.volume("p6", "rg-local", "host-c", layers=STORAGE)
    lab.model.events.satellite_down("host-c")


def stale(lab: Lab) -> None:
    lab.volume("q1", "rg-one", "host-b host-c")
    lab.model.snapshots.create("q1", "before")
    lab.model.events.satellite_down("host-c")


def back(lab: Lab) -> None:
    lab.model.events.satellite_up("host-c")


CASES: dict[str, Case] = {
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
            failing("host-a", "lvresize"),
            "06-volumes-resize 040",
            healed("host-a"),
            "06-volumes-resize 042 043 044",
        ],
    ),
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
        [failing("host-a", "lvcreate"), "07-placement 030 031"],
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
            failing("host-a", "drbdsetup down"),
            "09-detach 028 029 030 031",
            healed("host-a"),
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
    "snapshots": (
        snapshots,
        [
            "12-snapshots 002 003 005 006 007 009 010 011 016 018 019 029 030 031 032 033 034",
            failing("host-b", "^lvcreate .*--snapshot"),
            "12-snapshots 036",
            healed("host-b"),
            "12-snapshots 038 039",
            lambda lab: lab.model.snapshots.create("s1", "undeletable"),
            failing("host-b", "lvremove"),
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
            failing("host-a", "lvcreate .*--snapshot --name s1_00000"),
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
            failing("host-a", "^lvcreate.*c1-bad"),
            "14-clone 046 047 049",
            healed("host-a"),
            "14-clone 050 051",
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
    "a node is away": (
        offline,
        [
            "19-offline 010 012 013 015 016 019 020 022 024 026 028 029 030 031 032 033 034 036 037 041 044 045 046 049 051 052 054 055 056",
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


def answer(lab: Lab, request: dict[str, Any]) -> tuple[int, Any]:
    body = request.get("body")
    raw = body["__raw__"] if isinstance(body, dict) and "__raw__" in body else json.dumps(body)
    got = Client(make_app(lab.model)).open(
        request["path"],
        method=request["method"],
        query_string=urlencode(request.get("query", {}), doseq=True),
        data=None if body is None else raw.encode(),
        headers=request.get("headers"),
    )
    return got.status_code, json.loads(got.data) if got.data.strip() else None


@pytest.mark.parametrize("name", CASES)
def test_single_exchanges_are_answered_as_recorded(name: str) -> None:
    """Status, codes, members and values of each recorded answer, on the preparation of its topic."""
    prepare, steps = CASES[name]
    lab, known, wrong = Lab(), recorded(), []
    prepare(lab)
    for step in steps:
        if callable(step):
            step(lab)
            continue
        topic, *numbers = step.split()
        for each in (known[f"{topic}/{number}"] for number in numbers):
            want, (status, body) = each["response"], answer(lab, each["request"])
            found = differences(want["status"], want["body"] or None, status, body or None)
            wrong += [f"{each['file']}: {'; '.join(found)}"] if found else []
    assert wrong == []
