"""Text for the shell of a host; the only place where it is made (rule 11).

The functions that a host runs are the files `host_*.sh` beside this module, and never change. What is added are calls
of them whose every word went through `shlex.quote` once.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from shlex import quote


@cache
def library(name: str) -> str:
    """The functions of `host_<name>.sh`."""
    return Path(__file__).with_name(f"host_{name}.sh").read_text(encoding="utf-8")


def words(*values: object) -> str:
    """The values as quoted words of one command."""
    return " ".join(quote(str(value)) for value in values)


def command(name: str, mark: str, *call: object, then: str = "") -> str:
    """A command line that calls one function of `host_<name>.sh` and leaves standard input to it.

    Lines that are meant for the driver begin with *mark*: a login may print what it likes before them. *then* is
    script text that follows.
    """
    return words("bash", "-c", "\n".join([library("common"), f"mark={quote(mark)}", library(name), words(*call), then]))
