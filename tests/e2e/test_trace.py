"""`onelinstor trace`: what real orders leave in the black box, and that it can be played again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from entrypoints.sandbox.torture.kills import run
from entrypoints.sandbox.torture.stage import VM, Stage
from entrypoints.sandbox.world import Sandbox

pytestmark = pytest.mark.e2e


def _onelinstor(sandbox: Sandbox, *words: str) -> str:
    program = "import sys; from entrypoints.onelinstor.main import main; sys.exit(main())"
    source = str(Path(__file__).parents[2] / "src")
    environment = {**sandbox.environment(), "PYTHONPATH": source, "COLUMNS": "200"}
    ended = subprocess.run(
        [sys.executable, "-c", program, *words], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def _traces(sandbox: Sandbox) -> list[dict[str, Any]]:
    calls = sandbox.one / "var" / "linstor-trace" / "calls"
    return [json.loads(path.read_text()) for path in sorted(calls.glob("*.json"))]


def test_orders_leave_traces_that_can_be_shown_and_played() -> None:
    """From on to off; the error in oned's log names the trace; the directory is a recording."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        assert "is off" in _onelinstor(sandbox, "trace", "list")
        _onelinstor(sandbox, "trace", "on")
        stage.furnish(1)
        stage.deploy(VM, "host-a", [20, 21])
        order = stage.image("stat", 31, PATH="/nowhere")
        failed = sandbox.run(order.kind, "linstor", order.action, order.argv, order.stdin)
        traces = _traces(sandbox)
        assert [each["action"] for each in traces] == ["stat", "cp", "stat", "cp", "clone", "ln", "stat"]
        assert (traces[-1]["exit_code"], traces[1]["stdout_given"]) == (1, "OpenNebula-Image-20 raw\n")
        assert f"(order {traces[-1]['id']})" in failed.stderr
        assert {each["port"] for each in traces[4]["events"]} == {"linstor", "cluster", "oned", "hosts", "locks"}
        shown = _onelinstor(sandbox, "trace", "show", traces[1]["id"])
        assert "POST /v1/resource-groups/OpenNebula-Default/spawn" in shown
        assert traces[1]["id"] in _onelinstor(sandbox, "trace", "list")
        assert "0 findings" in _onelinstor(sandbox, "sandbox", "replay", str(sandbox.one / "var" / "linstor-trace"))
        _onelinstor(sandbox, "trace", "off")
        stage.attach(VM, 3, 20)
        assert len(_traces(sandbox)) == len(traces)


def test_a_killed_order_leaves_what_it_had_done() -> None:
    """A real SIGKILL while it waits for LINSTOR; the next order does not take it for its own, nor does a replay."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        _onelinstor(sandbox, "trace", "on")
        dead = run(sandbox, stage.image("mkfs", 40, 8, FORMAT="raw"), kill_at="POST /v1/resource-groups/")
        assert dead.killed_after
        shown = _onelinstor(sandbox, "trace", "show")
        assert "killed: its process is gone without an end" in shown
        assert re.search(r"POST /v1/resource-groups/\S+/spawn  had not ended", shown)
        assert "GET /v1/resource-definitions" in shown
        stage.make_image(41, "next", 8)
        listed = re.findall("killed|done", _onelinstor(sandbox, "trace", "list"))
        assert listed == ["killed", "done"]
        replayed = _onelinstor(sandbox, "sandbox", "replay", str(sandbox.one / "var" / "linstor-trace"))
        assert "not played: 1 calls, killed or still running, with no end to compare with: " in replayed
        assert "0 findings" in replayed


def test_without_the_black_box_nothing_of_it_is_loaded() -> None:
    """An order that leaves no trace pays one look at a file."""
    with Sandbox() as sandbox:
        order = Stage(sandbox).monitor("datastore")
        script = sandbox.script("datastore", "linstor", "monitor")
        script.write_text(script.read_text().replace(" -IS", " -ISXimporttime"))
        ended = sandbox.run(order.kind, "linstor", "monitor", order.argv, order.stdin)
    assert "entrypoints.remotes.parser" in ended.stderr
    assert "entrypoints.tracing" not in ended.stderr
    # the line in the log wants the version, and no program is started for it
    assert "adapters.opennebula.processes" not in ended.stderr
