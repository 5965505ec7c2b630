"""Compares what the simulated cluster answers with what a LINSTOR above real DRBD did."""

from __future__ import annotations

import textwrap

from adapters.memory.linstor.model import LinstorModel
from entrypoints.sandbox.drbd.compare import SHOWN, Answers
from entrypoints.sandbox.drbd.playing import NotSimulated
from entrypoints.sandbox.linstor.playing import Player
from entrypoints.sandbox.linstor.server import serve
from entrypoints.sandbox.topics.asking import Compared
from entrypoints.sandbox.topics.playing import TopicPlayer
from entrypoints.sandbox.topics.programs import Unknown
from entrypoints.sandbox.topics.recording import Topic

AFTER = " (after steps that are missing)"
DIFFERENCES = 4
"""How many differences of one answer are printed."""


def compare_topic(topic: Topic) -> Answers:
    """Play a topic; print a line for each difference, and the totals."""
    answers = Answers()
    why = _played(topic, answers) if topic.cluster else "the set-up of its cluster is not beside it"
    if not topic.cluster:
        answers.left_out = len(topic.steps)
    print(f"{topic.name}: {answers}" + (f": {why}" if why else ""))
    return answers


def _played(topic: Topic, answers: Answers) -> str:
    """Count what is the same and what is not; why the rest is left out, "" where all was played."""
    model = LinstorModel.from_cluster(topic.cluster)
    with serve(model) as server, Player(model, server) as wire:
        player = TopicPlayer(topic, model, wire)
        for index in range(len(topic.steps)):
            try:
                for each in player.play(index):
                    _count(topic, index, each, answers)
            except Unknown:
                answers.left_out += 1
            except NotSimulated as error:
                answers.left_out += len(topic.steps) - index
                return f"not simulated: {textwrap.shorten(str(error), SHOWN)}"
    return ""


def _count(topic: Topic, index: int, each: Compared, answers: Answers) -> None:
    answers.compared += 1
    if not each.differences:
        return
    complete = topic.complete(index)
    answers.differing += complete
    answers.unsure += not complete
    told = f"{topic.name}/{topic.steps[index].name} {each.what}: {'; '.join(each.differences[:DIFFERENCES])}"
    print(told + ("" if complete else AFTER))
