"""Things go wrong around real executables: what they say, what they leave, and what the next try makes of it."""

from __future__ import annotations

import pytest
from rich.console import Console

from entrypoints.sandbox.torture import command, fault_command, scenes
from entrypoints.sandbox.torture.fault_command import Choice
from entrypoints.sandbox.torture.stage import HOME, Stage
from entrypoints.sandbox.torture.starting import Order
from entrypoints.sandbox.torture.troubles import TROUBLES

pytestmark = pytest.mark.e2e

RUDE = """#!/bin/bash
# goes to its host, and leaves a file and a traceback where it cannot
ssh {host} true && exit 0
ssh {host} "mkdir -p {directory} && touch {directory}/half-done"
printf 'Traceback (most recent call last):\\n  oneadmin:nobody-else-knows\\n' >&2
exit 2
"""


def _rude(stage: Stage) -> Order:
    script = stage.sandbox.script("tm", "linstor", "made-up")
    script.write_text(RUDE.format(host=HOME, directory=stage.sandbox.datastores / "104" / "7"), encoding="utf-8")
    script.chmod(0o755)
    return Order("tm", "made-up", ())


def test_what_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback, a secret, an exit code that means nothing, and what is left although the retry succeeds."""
    monkeypatch.setitem(scenes.SCENES, "tm/made-up", _rude)

    assert command.main(["--faults", "--action", "tm/made-up", "--trouble", "ssh is refused", "--seed", "1"]) == 1

    said = capsys.readouterr().out
    assert "tm/made-up, ssh is refused, at moment 1 (ssh to host-a begins): exit code 2" in said
    for wrong in (
        "not one sentence",
        "not a sentence for a person",
        "a secret",
        "does not say what to do",
        "half-done",
    ):
        assert wrong in said


def test_an_action_that_fails_without_trouble_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing can be learned from it."""
    monkeypatch.setitem(scenes.SCENES, "tm/made-up", lambda stage: stage.tm("resize", "nowhere"))

    assert command.main(["--faults", "--action", "tm/made-up", "--seed", "1"]) == 1

    assert "ended with 1" in capsys.readouterr().out


def test_a_seed_chooses_the_same_moments() -> None:
    """So that what was found can be seen again."""
    good = fault_command.Calm({}, ["oned is asked", *["GET /v1/nodes"] * 40])
    every = next(each for each in TROUBLES if each.name == "LINSTOR answers 500")
    chosen = [Choice(["x"], most=5, seed=seed).moments("x", every, good) for seed in (1, 1, 2)]
    assert chosen[0] == chosen[1] != chosen[2]
    assert Choice(["x"]).moments("x", every, good) == list(range(1, 41))


CHOSEN = [
    ("tm/clone", "error inside"),
    ("tm/premigrate", "cut after the work"),
    ("tm/delete", "ssh is refused"),
    ("tm/cpds", "dies in a clone"),
    ("tm/snap_create", "snapshot fails"),
    ("tm/ln", "the satellite of the VM"),
    ("tm/resize", "fails over"),
    ("datastore/cp", "is busy"),
    ("datastore/mkfs", "are late"),
    ("datastore/rm", "page of a proxy"),
    ("tm/mkswap", "LINSTOR's answer drips"),
    ("tm/mvds", "oned's answer drips"),
    ("tm/mkimage", "oned answers too late"),
]
"""A few of all; `make faults` tries every one."""


@pytest.mark.parametrize(("action", "trouble"), CHOSEN, ids=[action for action, _ in CHOSEN])
def test_the_driver_says_why_and_converges(action: str, trouble: str) -> None:
    """Whatever goes wrong, at one of the moments at which it can."""
    assert any(trouble in each.name for each in TROUBLES)
    console = Console(record=True, width=200)
    exit_code = fault_command.try_all(Choice([action], trouble, most=1, seed=3), console)
    told = console.export_text()
    assert exit_code == 0, told
    assert f"{action}: troubles 1, " in told
