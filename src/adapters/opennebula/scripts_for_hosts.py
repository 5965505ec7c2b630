"""Text for the shell of a host; the only place where it is made (rule 11).

The functions that a host runs are the files `host_*.sh` beside this module, and never change. What is added are calls
of them whose every word went through `shlex.quote` once.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from shlex import quote

from domain.errors import BadName


@cache
def library(name: str) -> str:
    """The functions of `host_<name>.sh`."""
    return Path(__file__).with_name(f"host_{name}.sh").read_text(encoding="utf-8")


def words(*values: object) -> str:
    """The values as quoted words of one command. Raises BadName."""
    return " ".join(quote(_possible(str(value))) for value in values)


def _possible(text: str) -> str:
    """*text*, unless no program can be given it: LINSTOR's JSON can hold what an argument cannot."""
    if "\0" in text or re.search("[\ud800-\udc7f\udd00-\udfff]", text):
        raise BadName(text, "a word that a program can be given")
    return text


def command(name: str, mark: str, *call: object, then: str = "") -> str:
    """A command line that calls one function of `host_<name>.sh` and leaves standard input to it.

    Lines that are meant for the driver begin with *mark*: a login may print what it likes before them. *then* is
    script text that follows.
    """
    return words("bash", "-c", "\n".join([library("common"), f"mark={quote(mark)}", library(name), words(*call), then]))
