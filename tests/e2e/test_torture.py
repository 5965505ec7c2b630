"""Executables that are killed and run again: what converges is told from what does not."""

from __future__ import annotations

import pytest

from entrypoints.sandbox.torture import command, scenes
from entrypoints.sandbox.torture.stage import HOME, Stage
from entrypoints.sandbox.torture.starting import Order

pytestmark = pytest.mark.e2e

CARELESS = """#!/bin/bash
# leaves a file of another name each time it is run
ssh {host} "mkdir -p {directory} && touch {directory}/left-$$ && sleep 0.1"
"""
CAREFUL = """#!/bin/bash
ssh {host} "mkdir -p {directory} && touch {directory}/always-the-same"
"""


def _scene(text: str) -> scenes.Scene:
    def scene(stage: Stage) -> Order:
        script = stage.sandbox.script("tm", "linstor", "made-up")
        directory = stage.sandbox.datastores / "104" / "7"
        script.write_text(text.format(host=HOME, directory=directory), encoding="utf-8")
        script.chmod(0o755)
        return Order("tm", "made-up", ())

    return scene


def test_what_a_kill_leaves_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the effect after which it was killed, what differs, and exit code 1."""
    monkeypatch.setitem(scenes.SCENES, "tm/made-up", _scene(CARELESS))

    assert command.main(["--action", "tm/made-up", "--seed", "1"]) == 1

    said = capsys.readouterr().out
    assert "tm/made-up, killed after ssh to host-a has ended:" in said
    assert "host-a 104/7/left-" in said


def test_what_converges_is_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One kill for each effect, and exit code 0."""
    monkeypatch.setitem(scenes.SCENES, "tm/made-up", _scene(CAREFUL))

    assert command.main(["--action", "tm/made-up", "--seed", "1"]) == 0

    assert "tm/made-up       2           2" in capsys.readouterr().out


def test_an_order_that_fails_undisturbed_is_not_taken_for_convergence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table says how it ended."""
    monkeypatch.setitem(scenes.SCENES, "tm/made-up", _scene("#!/bin/bash\necho no >&2\nexit 3\n"))

    assert command.main(["--action", "tm/made-up"]) == 1

    assert "ended with 3: no" in capsys.readouterr().out


def test_an_action_that_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names that there are."""
    assert command.main(["--action", "nonsense"]) == 2

    assert "tm/clone" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["tm/clone", "datastore/cp", "tm/postmigrate"])
def test_the_driver_converges(action: str) -> None:
    """Whatever three of its effects were its last ones."""
    assert command.main(["--action", action, "--seed", "7", "--most", "3"]) == 0
