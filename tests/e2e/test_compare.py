"""`onelinstor sandbox compare`: the simulated controller answers as the recorded one did, and it is seen when not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entrypoints.sandbox.linstor.compare import compare_scenario, main
from entrypoints.sandbox.linstor.left_out import rows, why_left_out
from entrypoints.sandbox.linstor.likeness import differences
from entrypoints.sandbox.linstor.operations import is_used

SCENARIOS = Path(__file__).parent.parent / "captures" / "linstor-1.33.3" / "scenarios"
NAMES = sorted(path.stem for path in SCENARIOS.glob("*.jsonl"))
Lines = list[dict[str, Any]]


def read(name: str) -> Lines:
    return [json.loads(line) for line in (SCENARIOS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_the_model_answers_as_recorded(name: str) -> None:
    """Every exchange of every scenario of a real controller has the recorded answer, and none is left out."""
    totals = compare_scenario(name, read(name))
    assert (totals.differing, totals.left_out) == (0, 0)
    assert totals.exchanges == sum("event" not in line for line in read(name)[1:])


def renamed(lines: Lines, names: dict[str, str]) -> Lines:
    text = json.dumps(lines)
    for old, new in names.items():
        text = text.replace(old, new)
    found: Lines = json.loads(text)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_nothing_hangs_on_the_names_of_the_recording(name: str) -> None:
    """The same scenario with other nodes, pools, groups and volumes is answered alike."""
    names = {
        "host-a": "alpha.example.org", "host-b": "beta", "host-c": "gamma-3", "one-fe": "zeta", "rg-one": "gold-",
        "vg_thin": "vg_other", "OpenNebula-": "Cloud_", ';data"': ';ssd"', "diskful/data": "diskful/ssd",
        '["data"]': '["ssd"]', '_name": "data"': '_name": "ssd"', 'pool": "data"': 'pool": "ssd"',
        'StorPoolName": "data"': 'StorPoolName": "ssd"',
    }  # fmt: skip
    lines = renamed(read(name), names)
    assert compare_scenario(name, lines).differing == 0


def other_status(line: dict[str, Any]) -> None:
    line["response"]["status"] = 418


def other_code(line: dict[str, Any]) -> None:
    line["response"]["body"][0]["ret_code"] += 1


def error_more(line: dict[str, Any]) -> None:
    line["response"]["body"].append({"ret_code": -4611686018406939650, "message": "no"})


@pytest.mark.parametrize("change", [other_status, other_code, error_more])
def test_another_answer_is_seen(
    change: Callable[[dict[str, Any]], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recording with one answer changed gives a line that names the exchange, and exit code 1."""
    lines = read("image-life")
    change(lines[3])
    path = tmp_path / "changed.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    assert main([str(path)]) == 1
    assert "changed:3 POST /v1/resource-groups/rg-one/spawn" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("flags",), ["DISKLESS"]),
        (("props", "StorPoolName"), "other"),
        (("layer_object", "drbd", "connections", "host-b", "connected"), False),
        (("state", "in_use"), True),
        (("volumes", 0, "provider_kind"), "LVM"),
        (("volumes", 0, "state", "disk_state"), "Inconsistent"),
        (("layer_object", "drbd", "promotion_score"), 1),
    ],
)
def test_another_value_is_seen(path: tuple[Any, ...], value: Any) -> None:
    """Flags, properties, connections, use and disk states must be equal, not only of the same type."""
    want = read("image-life")[4]["response"]
    changed = json.loads(json.dumps(want))
    at = changed["body"][0]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert differences(200, want["body"], 200, want["body"]) == []
    assert differences(200, want["body"], 200, changed["body"]) != []


def test_members_must_be_there_and_no_others() -> None:
    """A member too many and a member too few are both named."""
    assert differences(200, {"a": 1}, 200, {"b": 1}) == [".a is missing", ".b is not recorded"]


def test_what_changes_from_run_to_run_does_not_count() -> None:
    """Times, identifiers, texts and minors may differ; the type of the value may not."""
    assert (
        differences(200, {"uuid": "x", "device_path": "/dev/drbd1000"}, 200, {"uuid": "y", "device_path": "/dev/drbd7"})
        == []
    )
    assert differences(200, {"uuid": "x"}, 200, {"uuid": 5}) != []


def test_successes_are_a_set_and_the_rest_is_in_order() -> None:
    """Which satellite answers first does not matter; the order of infos, warnings and errors does."""
    info, other, done = 4611686018481137430, 4611686018481137428, 53739522
    assert differences(200, replies(done, info, 3), 200, replies(3, info, done, done)) == []
    assert differences(200, replies(info, other), 200, replies(other, info)) != []


def replies(*codes: int) -> list[dict[str, Any]]:
    return [{"ret_code": code, "message": "text"} for code in codes]


def test_what_is_left_out_has_a_reason_and_is_not_used() -> None:
    """The table names requests with a reason each, and none that this driver sends."""
    assert all(why for _, _, why in rows())
    assert why_left_out("GET", "/v1/events/nodes")
    assert why_left_out("GET", "/v1/view/resources") == ""
    assert not is_used("GET", "/v1/events/nodes")


def test_a_difference_that_the_driver_never_meets_is_no_failure(tmp_path: Path) -> None:
    """It is reported, and the exit code stays 0."""
    head = read("image-life")[0]
    asked = {"method": "GET", "path": "/v1/storage-pool-definitions", "query": {}, "body": None}
    lines = [head, {"request": asked, "response": {"status": 200, "body": [{"storage_pool_name": "other"}]}}]
    path = tmp_path / "unused.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    assert main([str(path)]) == 0
    assert compare_scenario("unused", lines).differing == 1


def test_an_event_that_is_not_known_is_a_difference() -> None:
    """A recording of something the model cannot do is not passed over in silence."""
    head = read("image-life")[0]
    assert compare_scenario("odd", [head, {"event": "earthquake", "node": "host-a"}]).failing == 1


def test_nothing_to_read_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory without scenarios is said to be one, with exit code 2."""
    assert main([str(tmp_path)]) == 2
    assert "no scenario" in capsys.readouterr().err


def test_directories_and_files_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Totals are printed for each scenario and for all of them."""
    assert main([str(SCENARIOS / "strict.jsonl"), str(SCENARIOS / "toggle.jsonl")]) == 0
    printed = capsys.readouterr().out
    assert "strict: 10 exchanges, 0 differ, 0 left out" in printed
    assert "2 scenarios, 18 exchanges, 0 differ, 0 left out" in printed
