"""What every executable does: read the call, carry it out, print one line, end with 0 or 1."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from dependency_injector import providers

from domain.errors import DriverError
from domain.masking import masked
from entrypoints.container import Container
from entrypoints.remotes.actions import carry_out
from entrypoints.remotes.parser import Call, parse, plain_action

LONGEST_STDIN = 64 * 1024 * 1024
WARNS_SINCE = (6, 99, 80)
"""Since this version oned logs such lines; before, what succeeds is not heard on stderr (opennebula.md 1.5)."""
MARKERS = ("ERROR MESSAGE --8<------", "ERROR MESSAGE ------>8--")


def launch(path: str) -> None:
    """Run the executable at *path* (`.../remotes/<kind>/linstor/<action>`) and end the process."""
    place = Path(path)
    stdin = sys.stdin.buffer.read(LONGEST_STDIN) if sys.stdin is not None else b""
    call = Call(place.parent.parent.name, place.name, tuple(sys.argv[1:]), stdin)
    code = run(call, os.environ, sys.stdout, sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    # nothing is left to clean up, and taking the interpreter down costs a tenth of the action
    os._exit(code)


def run(call: Call, environment: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Carry out *call*; 0, or 1 after one sentence on *err*. Never a traceback."""
    container = Container(environment=providers.Object(environment))
    try:
        answer = _answer(container, call)
    except DriverError as error:
        err.write(_told(str(error), container.installation().version))
        return 1
    except Exception as error:
        err.write(_told(f"{call.kind}/{call.action}: internal error {type(error).__name__}: {error}", (7,)))
        return 1
    if answer:
        out.write(answer + "\n")
    if container.warnings() and container.installation().version >= WARNS_SINCE:
        err.writelines(f"WARN: {each}\n" for each in container.warnings())
    return 0


def _answer(container: Container, call: Call) -> str:
    order = parse(call, container.documents())
    return carry_out(container, order, plain_action(call.action))


def _told(message: str, version: tuple[int, ...]) -> str:
    """The message in the form that this version shows to the user (opennebula.md 1.5)."""
    line = " ".join(masked(message).split())
    if version < (6, 0, 3):
        return f"{MARKERS[0]}\n{line}\n{MARKERS[1]}\n"
    return f"{line}\n"
