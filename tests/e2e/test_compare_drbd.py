"""`onelinstor sandbox compare` with recordings of DRBD: the simulated devices answer as the kernel did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from entrypoints.sandbox.drbd.compare import Answers, compare_recording
from entrypoints.sandbox.drbd.recording import recording_of
from entrypoints.sandbox.linstor.compare import main

RECORDINGS = Path(__file__).parent.parent / "captures" / "drbd-9"
WHOLE = (
    "010-opens-all-secondary",
    "011-opens-while-host-a-holds-O_RDONLY",
    "011-opens-while-host-a-holds-O_RDWR-O_DIRECT",
    "011-opens-while-host-c-holds-O_RDONLY",
    "011-opens-while-host-c-holds-O_RDWR-O_DIRECT",
    "012-explicit-primary-no-opener",
    "021-two-primaries-network-cut",
    "032-admin-suspend-io",
)
"""Recordings of which every step is played."""


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def compared(given: dict[str, Any]) -> Answers:
    return compare_recording(recording_of(given))


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDINGS.glob("*.json")))
def test_the_devices_answer_as_recorded(name: str) -> None:
    """Every open, write, read, role, quorum and option that is simulated is as on real hosts."""
    answers = compared(read(name))
    assert answers.differing == 0
    assert answers.compared >= 11
    assert bool(answers.left_out) is (name not in WHOLE)


@pytest.mark.parametrize("name", WHOLE)
def test_no_name_of_the_recording_matters(name: str) -> None:
    """Other hosts and another resource are answered alike."""
    text = json.dumps(read(name)).replace("host-", "node").replace(" r0", " volume-7")
    assert compared(json.loads(text)).differing == 0


def test_another_answer_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    """Of an open, of a role and of a command."""
    given = read("021-two-primaries-network-cut")
    given["steps"][1]["result"] = "EROFS"
    given["steps"][2]["state"]["host-a"]["role"] = "Secondary"
    given["steps"][3]["rc"] = 0
    assert compared(given).differing == 3
    printed = capsys.readouterr().out
    assert "021-two-primaries-network-cut:2 host-c open f /dev/drbd10 O_RDWR|O_DIRECT: ok, recorded EROFS" in printed


def test_what_is_not_simulated_ends_a_recording() -> None:
    """A command whose consequences nobody knows here is no success: the rest is counted as left out."""
    given = read("010-opens-all-secondary")
    given["steps"].insert(1, {"node": "host-a", "cmd": "drbdadm invalidate r0", "rc": 0, "stdout": "", "stderr": ""})
    answers = compared(given)
    assert answers.left_out == len(given["steps"]) - 1


def test_the_command_takes_recordings_beside_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    """Files or directories, each with its totals; no difference is exit code 0, nothing found is 2."""
    assert main([str(RECORDINGS)]) == 0
    assert "0 differ" in capsys.readouterr().out.splitlines()[-1]
    assert main([str(RECORDINGS / "none.json")]) == 2
