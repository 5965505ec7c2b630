"""`onelinstor sandbox compare` with recordings of a LINSTOR above real DRBD: both are answered for as they answered."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from entrypoints.sandbox.drbd.compare import Answers
from entrypoints.sandbox.linstor.compare import main
from entrypoints.sandbox.topics.compare import compare_topic
from entrypoints.sandbox.topics.recording import SETUP, topics
from entrypoints.sandbox.topics.replies import comparable

PACKED = Path(__file__).parent.parent / "captures" / "linstor-1.33.3-drbd" / "topics.tar.gz"
COMPARED = {
    "01-spawn": 32,
    "02-attach-detach": 32,
    "03-primary-deletes": 15,
    "05-clone": 10,
    "06-snapshots": 20,
    "07-resize": 14,
    "08-satellite-down": 35,
    "09-drbd-network": 11,
    "10-two-primaries": 56,
    "11-last-diskful": 16,
    "13-live-migration": 27,
    "14-two-primaries-heal": 34,
}
"""At least so many answers of each topic."""
WHOLE = ("11-last-diskful", "13-live-migration", "14-two-primaries-heal")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("topics")
    with tarfile.open(PACKED) as packed:
        packed.extractall(directory, filter="data")
    return directory


def steps(directory: Path) -> dict[Path, Any]:
    return {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted(directory.glob("*.json"))}


def compared(given: dict[Path, Any]) -> Answers:
    (topic,) = topics(given.items())
    return compare_topic(topic)


@pytest.mark.parametrize("name", COMPARED)
def test_linstor_and_its_devices_answer_as_recorded(recorded: Path, name: str) -> None:
    """Every request, open, write, size and permission of a topic, until a step is missing or not simulated."""
    answers = compared(steps(recorded / name))
    assert answers.differing == 0
    assert answers.compared >= COMPARED[name]
    assert (answers.unsure, answers.left_out) == (0, 0) or name not in WHOLE


def test_the_set_up_is_answered_as_recorded(recorded: Path) -> None:
    """Nodes, pools, their space, and what a fresh controller has set."""
    answers = compared(steps(recorded / SETUP))
    assert (answers.compared, answers.differing) == (5, 0)


@pytest.mark.parametrize("name", WHOLE)
def test_no_name_of_the_recording_matters(recorded: Path, tmp_path: Path, name: str) -> None:
    """Other hosts and another resource are answered alike."""
    for topic in (SETUP, name):
        (tmp_path / topic).mkdir()
        for path, given in steps(recorded / topic).items():
            text = json.dumps(given).replace("host-", "node").replace("vol1", "volume-7")
            (tmp_path / topic / path.name).write_text(text, encoding="utf-8")
    assert compared(steps(tmp_path / name)).differing == 0


def test_another_answer_is_seen(recorded: Path) -> None:
    """Of a request, of a program and of the kernel."""
    topic = recorded / "14-two-primaries-heal"
    given = steps(topic)
    given[topic / "003-unset-both-open.json"]["response"]["status"] = 200
    given[topic / "008-kernel-after-repeat.json"]["guest"][0]["stdout"] = "kernel 2 file 3\n"
    given[topic / "017-second-open-refused-again.json"]["guest"][0]["result"] = "ok"
    assert compared(given).differing == 3


def test_after_a_missing_step_a_difference_proves_nothing(recorded: Path) -> None:
    """It is told apart and counted apart."""
    topic = recorded / "14-two-primaries-heal"
    given = steps(topic)
    del given[topic / "002-set.json"]
    answers = compared(given)
    assert answers.differing == 0
    assert answers.unsure > 0


def test_without_its_set_up_nothing_is_played(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which nodes and pools there were is not guessed."""
    given = {tmp_path / "topic" / path.name: step for path, step in steps(recorded / "11-last-diskful").items()}
    answers = compared(given)
    assert (answers.compared, answers.left_out) == (0, len(given))
    assert "its cluster" in capsys.readouterr().out


def test_the_command_plays_what_is_below_a_directory(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 and the totals."""
    assert main([str(recorded / SETUP), str(recorded / "11-last-diskful")]) == 0
    assert "2 topics of LINSTOR above DRBD, 21 answers, 0 differ, 0 steps left out" in capsys.readouterr().out


def test_only_what_the_machines_decide_is_not_compared() -> None:
    """Scores and block sizes of a kernel and names of udev may differ; nothing else of an object may."""
    ours = {"name": "vol1", "promotion_score": 10101, "volumes": [{"volume_number": 0}]}
    udev = {"Satellite/Device/Symlinks/0": "/dev/drbd/by-res/vol1/0"}
    theirs = {**ours, "promotion_score": 10102, "volumes": [{"volume_number": 0, "props": udev}]}
    assert comparable([theirs]) == comparable([ours])
    assert comparable([{**theirs, "name": "vol2"}]) != comparable([ours])
    assert comparable([{**theirs, "volumes": [{"volume_number": 0, "props": {**udev, "a": "b"}}]}]) != comparable(
        [ours]
    )
