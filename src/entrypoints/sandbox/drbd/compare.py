"""Compares what the simulated devices answer with what DRBD did."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from entrypoints.sandbox.drbd.playing import NotSimulated, Player
from entrypoints.sandbox.drbd.recording import Recording

SHOWN = 80
"""Characters of a command that is not simulated."""


@dataclass
class Answers:
    """Counts of answers. *unsure*: they differ after steps that are missing. *left_out*: steps that were not played."""

    compared: int = 0
    differing: int = 0
    unsure: int = 0
    left_out: int = 0

    def add(self, other: Answers) -> None:
        """Add the counts of another recording."""
        self.compared += other.compared
        self.differing += other.differing
        self.unsure += other.unsure
        self.left_out += other.left_out

    def __str__(self) -> str:
        unsure = f"{self.unsure} differ after steps that are missing, " if self.unsure else ""
        return f"{self.compared} answers, {self.differing} differ, {unsure}{self.left_out} steps left out"


def compare_recording(recording: Recording) -> Answers:
    """Play a recording; print a line for each difference, and the totals."""
    answers = Answers()
    if recording.left_out:
        answers.left_out = len(recording.steps)
        why = recording.left_out
    else:
        why = _played(recording, Player(recording), answers)
    print(f"{recording.name}: {answers}" + (f": {why}" if why else ""))
    return answers


def _played(recording: Recording, player: Player, answers: Answers) -> str:
    """Count what is the same and what is not; why the rest is left out, "" where all was played."""
    for number, step in enumerate(recording.steps, 1):
        try:
            for what, recorded, simulated in player.play(step):
                answers.compared += 1
                if recorded != simulated:
                    answers.differing += 1
                    print(f"{recording.name}:{number} {what}: {simulated}, recorded {recorded}")
        except NotSimulated as error:
            answers.left_out += len(recording.steps) - number + 1
            return f"not simulated: {textwrap.shorten(str(error), SHOWN)}"
    return ""
