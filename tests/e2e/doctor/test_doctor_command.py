"""The command as an administrator gives it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.doctor.world import World

from entrypoints.remotes.launchers import import_paths

pytestmark = pytest.mark.e2e

START = "import sys; from entrypoints.onelinstor.main import main; sys.exit(main(['doctor', *sys.argv[1:]]))"
MEASURED = ("datastore.staging",)
"""Checks that depend on the room this machine has."""


def _doctor(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**world.environment, "PYTHONPATH": os.pathsep.join(import_paths()), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", START, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def _tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything below *root* with modes, times and contents, but the log of ssh sessions."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        state = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        found[str(path.relative_to(root))] = (state.st_mode, state.st_uid, state.st_mtime_ns, content)
    return {name: each for name, each in found.items() if not name.startswith("log")}


def test_the_command_looks_at_everything_and_changes_nothing(world: World) -> None:
    """Every file of the front-end and the hosts, and all that LINSTOR has, stay as they were; one session a host."""
    before, requests = _tree(world.sandbox.root), len(world.sandbox.server.requests)

    ended = _doctor(world, "--json")

    told = json.loads(ended.stdout)
    wrong = [each for each in told["lines"] if each["status"] != "ok" and each["check"] not in MEASURED]
    assert wrong == [], ended.stderr
    assert ended.returncode == told["exit_code"]
    assert _tree(world.sandbox.root) == before
    assert {each.method for each in world.sandbox.server.requests[requests:]} == {"GET"}
    assert sorted(each.host for each in world.sandbox.sessions()) == sorted(world.hosts)


def test_the_command_shows_what_is_wrong(world: World) -> None:
    """A person sees the cause and what to do, and a program the exit code."""
    (world.home("host-b") / "sys/module/drbd/version").unlink()

    ended = _doctor(world, "--problems")

    assert ended.returncode == 2
    assert "host.drbd-module: DRBD's version [host-b]" in ended.stdout
    assert "-> modprobe drbd" in ended.stdout
    assert "front-end.version" not in ended.stdout
