"""`onelinstor sandbox` hands each action its own words, and imports no other."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from entrypoints.onelinstor.main import COMMANDS, main
from entrypoints.sandbox import cli


class Action(ModuleType):
    """An action that remembers its words and ends with 3."""

    def __init__(self) -> None:
        super().__init__("recorded_action")
        self.words: list[str] = []

    def main(self, words: list[str]) -> int:
        """Remember."""
        self.words = words
        return 3


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """The command line takes SIGTERM over; the tests give it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> Action:
    found = Action()
    monkeypatch.setitem(sys.modules, "recorded_action", found)
    monkeypatch.setitem(cli.ACTIONS, "replay", ("recorded_action", ""))
    return found


@pytest.mark.parametrize(
    "words",
    [[], ["dir"], ["dir", "--only", "a*", "--only", "b"], ["--only", "a*", "dir"], ["--help"], ["-x", "--", "y"]],
)
def test_an_action_gets_its_words_as_they_are(action: Action, words: list[str]) -> None:
    """Options included, wherever they stand."""
    assert main(["sandbox", "replay", *words]) == 3
    assert action.words == words


@pytest.mark.parametrize("words", [[], ["nothing"], ["sandbox"], ["sandbox", "nothing"]])
def test_an_unknown_command_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With exit code 2 and the usage."""
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert "usage: onelinstor" in capsys.readouterr().err


def _needs(monkeypatch: pytest.MonkeyPatch, directory: Path, module: str) -> None:
    """Let an action import *module*, which is not installed."""
    (directory / "needy_action.py").write_text(f"import {module}\n")
    monkeypatch.syspath_prepend(directory)
    monkeypatch.delitem(sys.modules, "needy_action", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(cli.ACTIONS, "replay", ("needy_action", ""))


def test_an_installation_without_the_extra_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, with exit code 1: the driver itself is complete."""
    _needs(monkeypatch, tmp_path, "werkzeug")

    assert main(["sandbox", "replay"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.endswith(f"{sys.executable} -m pip install 'one-linstor-driver[sandbox]'\n")


def test_any_other_module_that_is_missing_is_a_bug(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It must not be taken for the extra."""
    _needs(monkeypatch, tmp_path, "no_such_module")

    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        main(["sandbox", "replay"])


def test_help_names_every_action(capsys: pytest.CaptureFixture[str]) -> None:
    """So that a newcomer finds them."""
    with pytest.raises(SystemExit):
        main(["sandbox", "--help"])
    told = capsys.readouterr().out

    assert all(f"  {name} " in told for name in cli.ACTIONS)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The same one level up."""
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out

    assert all(f"  {name} " in told for name in COMMANDS)
