"""`onelinstor explain`: it changes nothing, and says what the order does afterwards."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.traced_effects import effects

from entrypoints.explaining.cluster import PLACED
from entrypoints.sandbox.torture.kills import Order
from entrypoints.sandbox.torture.scenes import SCENES
from entrypoints.sandbox.torture.stage import VM, Stage
from entrypoints.sandbox.torture.state import state
from entrypoints.sandbox.world import Sandbox
from entrypoints.tracing.box import Bounds, Box

pytestmark = pytest.mark.e2e

PROGRAM = "import sys; from entrypoints.onelinstor.main import main; sys.exit(main())"
SOURCE = Path(__file__).parents[2] / "src"
DEVICE = re.compile(r"/dev/drbd(\d+|/by-res/[^/\"]+/0)")


def _explained(sandbox: Sandbox, order: Order) -> dict[str, Any]:
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM,
            "explain",
            "--json",
            "--stdin",
            "-",
            f"{order.kind}/{order.action}",
            *order.argv,
        ],
        input=order.stdin,
        env={**sandbox.environment(), "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        timeout=60,
    )
    assert ended.stdout, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == int(bool(found["failure"]))
    return found


def _everything(sandbox: Sandbox) -> object:
    """LINSTOR with all data, the hosts' files, and all names below the sandbox's directories."""
    left_out = ("log", "__pycache__", "bin")
    names = {
        str(path.relative_to(sandbox.root))
        for path in sandbox.root.rglob("*")
        if not set(left_out) & set(path.relative_to(sandbox.root).parts)
    }
    return state(sandbox), sandbox.picture(), names


def _words(step: Mapping[str, Any]) -> str:
    """A step as text; an alias and a device are one, because the number is not known before."""
    return DEVICE.sub("DEVICE", json.dumps([step["port"], step["call"], step["with"]], sort_keys=True))


def _matched(told: Sequence[Mapping[str, Any]], done: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """What was told beside what was done; a step that depends on LINSTOR's choice may be missing."""
    left = [_words(each) for each in done]
    for step in told:
        words = _words(step)
        chosen = PLACED in words
        wanted = words.replace(PLACED, "HOST") if chosen else words
        same = [each for each in left if (re.sub(r"host-[abc]|one-fe", "HOST", each) if chosen else each) == wanted]
        if same:
            left.remove(same[0])
            yield wanted, wanted
        elif "unless" not in step:
            yield wanted, "not done"
    for each in left:
        yield "not told", each


@pytest.mark.parametrize("name", SCENES)
def test_what_is_told_is_what_is_done(name: str) -> None:
    """For each action; before, nothing has changed in LINSTOR, on the hosts and in oned."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        stage.furnish(1)
        order = SCENES[name](stage)
        before = _everything(sandbox)
        requests, asked = len(sandbox.server.requests), len(sandbox.oned.requests)
        explained = _explained(sandbox, order)
        assert _everything(sandbox) == before
        seen = {each.method for each in sandbox.server.requests[requests:] if "query-size-info" not in each.path}
        assert seen <= {"GET"}
        assert all(call.endswith(".info") for call, _ in sandbox.oned.requests[asked:])
        box = Box(sandbox.one / "var" / "linstor-trace")
        box.switch_on(Bounds())
        ended = sandbox.run(order.kind, "linstor", order.action, order.argv, order.stdin)
        (trace,) = box.traces()
        done = list(effects(trace["events"]))
        for told, real in _matched(explained["steps"], done):
            assert told == real
        assert (explained["failure"] != "") == (ended.exit_code != 0), explained["failure"] or ended.stderr
        if "monitor" not in name:
            assert explained["answer"] == ended.stdout.strip()


def test_an_order_that_would_fail_says_why() -> None:
    """With the very sentence of the order itself, and without a change."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        stage.furnish(1)
        stage.boot()
        order = stage.image("rm", 21)
        told = _explained(sandbox, order)
        ended = sandbox.run(order.kind, "linstor", order.action, order.argv, order.stdin, timeout=90)
    assert (ended.exit_code, told["steps"]) == (1, [])
    assert told["failure"] in ended.stderr


def test_a_host_that_is_down_is_taken_into_account() -> None:
    """What an order does then, and writes down for later, is told."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        stage.furnish(1)
        stage.boot()
        stage.power_off()
        sandbox.hosts.down("host-a")
        told = _explained(sandbox, stage.tm("mvds", stage.place("host-a", 1), stage.vms[VM].disks[1]["SOURCE"]))
    assert any(step["call"] == "mark" and "debt-host-a" in json.dumps(step["with"]) for step in told["steps"])


@pytest.mark.parametrize(("words", "code"), [(["clone", "a"], 2), (["tm/nonsense"], 1), (["tm/clone", "a", "b"], 1)])
def test_what_is_no_order_is_told_in_a_sentence(words: list[str], code: int) -> None:
    """Arguments that make no sense end with 2, an order that oned would not get through with 1; no traceback."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "explain", *words],
        env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr
    assert "no order" in ended.stderr if code == 2 else "It would fail" in ended.stdout
