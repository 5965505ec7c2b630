"""What every executable does: read the call, carry it out, print one line, end with 0 or 1."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from dependency_injector import providers

from domain.errors import DriverError
from domain.masking import masked, one_line
from domain.settings import ORDER_ID
from entrypoints.container import Container
from entrypoints.remotes.actions import carry_out
from entrypoints.remotes.parser import Call, parse, plain_action
from entrypoints.remotes.watching import NoTrace, Requests, about

LONGEST_STDIN = 64 * 1024 * 1024
LOGS_SINCE = (6, 99, 80)
"""Since this version oned logs such lines; before, what succeeds is not heard on stderr (opennebula.md 1.5)."""
LONGEST_SENTENCE = 4000
"""Characters that a message may have: oned keeps it in the VM or the image, and it may quote what came from outside."""
MARKERS = ("ERROR MESSAGE --8<------", "ERROR MESSAGE ------>8--")


class Ended(NamedTuple):
    """How an order ended: what it printed, or the sentence that says why it failed. *what* it was about."""

    answer: str = ""
    failure: str = ""
    what: str = ""
    internal: bool = False


def launch(path: str) -> None:
    """Run the executable at *path* (`.../remotes/<kind>/linstor/<action>`) and end the process."""
    place = Path(path)
    stdin = sys.stdin.buffer.read(LONGEST_STDIN) if sys.stdin is not None else b""
    call = Call(place.parent.parent.name, place.name, tuple(sys.argv[1:]), stdin)
    code = run(call, os.environ, sys.stdout, sys.stderr)
    sys.stdout.flush()
    with suppress(OSError, AttributeError):
        sys.stderr.flush()
    # nothing is left to clean up, and taking the interpreter down costs a tenth of the action
    os._exit(code)


def run(call: Call, environment: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Carry out *call*; 0, or 1 after one sentence on *err*. Never a traceback."""
    began = time.monotonic()
    order_id = os.urandom(3).hex()
    requests = Requests()
    container = Container(
        environment=providers.Object({**environment, ORDER_ID: order_id}), watch=providers.Object(requests)
    )
    trace = _trace(call, container, requests)
    ended = _ended(container, call)
    line = _log_line(call, ended, order_id, requests.count, time.monotonic() - began)
    version = _version(container)
    if ended.answer:
        out.write(ended.answer + "\n")
    if version >= LOGS_SINCE and not ended.internal:
        _log(err, [] if ended.failure else container.warnings(), line)
    if ended.failure:
        err.write(_told(f"{_sentence(ended.failure)} (order {order_id})", version))
    trace.end(ended.answer, ended.failure)
    return int(bool(ended.failure))


def _ended(container: Container, call: Call) -> Ended:
    what = ""
    try:
        order = parse(call, container.documents())
        what = about(order)
        return Ended(carry_out(container, order, plain_action(call.action)), what=what)
    except DriverError as error:
        return Ended(failure=str(error), what=what)
    except Exception as error:
        why = f"{call.kind}/{call.action}: internal error {type(error).__name__}: {error}"
        return Ended(failure=why, what=what, internal=True)


def _version(container: Container) -> tuple[int, ...]:
    """The version of OpenNebula, also where the reason of the failure is that nothing can be built."""
    with suppress(Exception):
        return tuple(container.installation().version)
    return (99,)


def _log(err: TextIO, warnings: list[str], line: str) -> None:
    """What oned logs; an order that is done stays done when nobody listens."""
    with suppress(OSError, ValueError, AttributeError):
        err.writelines([*(f"WARN: {_sentence(each)}\n" for each in warnings), line])


def _log_line(call: Call, ended: Ended, order_id: str, requests: int, seconds: float) -> str:
    """One line for oned's log; no number follows the first colon, else oned takes it for an object's id."""
    name = f"{call.kind}/linstor/{call.action}{ended.what}"
    took = f"{requests} requests to LINSTOR, {seconds:.2f} s"
    end = "failed" if ended.failure else "done"
    return f"INFO: order {order_id}: {_sentence(name)}: {end}, {took}\n"


def _told(line: str, version: tuple[int, ...]) -> str:
    """The message, one line, in the form that this version shows to the user (opennebula.md 1.5)."""
    if version < (6, 0, 3):
        return f"{MARKERS[0]}\n{line}\n{MARKERS[1]}\n"
    return f"{line}\n"


def trace_directory(environment: Mapping[str, str]) -> str:
    """Where traces are kept, on this front-end."""
    location = environment.get("ONE_LOCATION")
    return f"{location}/var/linstor-trace" if location else "/var/lib/one/linstor-trace"


def _trace(call: Call, container: Container, requests: Requests) -> Any:
    """The trace of this order; a look at one file says that there is none to be made, and costs no import."""
    try:
        directory = trace_directory(container.environment())
        if os.path.exists(f"{directory}/on"):  # noqa: PTH110 - a Path would cost more than the look
            from entrypoints.tracing.order import Trace

            return Trace.begin(directory, call, container, requests)
    except Exception:  # noqa: S110 - a trace never makes an order fail
        pass
    return NoTrace()


def _sentence(message: str) -> str:
    """One line that a terminal may be shown, of bounded length."""
    line = one_line(masked(message)[: 2 * LONGEST_SENTENCE])
    return line if len(line) <= LONGEST_SENTENCE else f"{line[:LONGEST_SENTENCE]}..."
