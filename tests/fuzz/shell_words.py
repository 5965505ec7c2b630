"""Reads the command lines that hosts get: known text, and words of which a shell makes exactly what was meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

from adapters.opennebula.rendering import script
from adapters.opennebula.scripts_for_hosts import library
from domain.steps import Step

MARK = "linstor-step-0"
_QUOTED = re.compile(r"""'[^']*'|"'\"""")
_BARE = re.compile(r"[A-Za-z0-9@%+=:,./_ \n-]*")


def words_of(text: str) -> list[str]:
    """The words of *text*, in which nothing but quoted words and plain letters may stand."""
    bare = _QUOTED.sub("", text)
    assert _BARE.fullmatch(bare), f"a shell reads more than words here: {bare!r}"
    return shlex.split(text)


def script_in(line: str) -> str:
    """What bash is given by *line*, the whole of which is three words."""
    bash, option, text = words_of(line)
    assert (bash, option) == ("bash", "-c")
    return text


def performed(line: str) -> list[list[str]]:
    """The calls of functions that a rendered list of steps makes, each with its words."""
    head = "\n".join([library("common"), "exec {asker}<&0", ""])
    text = script_in(line)
    assert text.startswith(head)
    marked, known, calls = text.removeprefix(head).partition(f"\n{library('steps')}\n")
    assert known
    assert words_of(marked) == [f"mark={MARK}"]
    found: list[list[str]] = []
    for word in words_of(calls):
        if word in ("perform", "finish") and (not found or len(found[-1]) > 1):
            found.append([])
        found[-1].append(word)
    return found


def meant(step: Step) -> list[str]:
    """The texts that a host must get of a step, in whatever order its function takes them."""
    fields: list[Any] = []
    for value in step:
        fields += value if isinstance(value, tuple) else [value]
    return [each for each in fields if isinstance(each, str) and each]


def check(steps: Sequence[Step]) -> None:
    """Every text of *steps* is one word of its call, and nothing else is called."""
    calls = performed(script(steps, MARK))
    assert calls[-1] == ["finish"]
    assert len(calls) == len(steps) + 1
    for step, call in zip(steps, calls, strict=False):
        assert re.fullmatch(r"[a-z_0-9]+", call[1])
        assert all(each in call[2:] for each in meant(step)), (step, call)
