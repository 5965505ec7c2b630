"""Makes one effect of an action fail where the recording shows that the action failed on purpose.

Which effect it is does not matter to oned, so the one is chosen that comes last: then there is most to undo. Where an
action does without that effect it ends well; it is repeated, as oned would, with the next fault until one is met.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from entrypoints.sandbox.linstor.faults import Fault
from entrypoints.sandbox.world import Completed, Sandbox

_LAST_PROGRAM = {
    "clone": "ln",
    "ln": "ln",
    "mkimage": "ln",
    "mkswap": "ln",
    "premigrate": "ln",
    "mv": "rm",
    "mvds": "rm",
    "delete": "rm",
    "cp": "dd",
}
"""The program on the host that does the last effect of an action."""

_PROGRAM = """#!/bin/sh
echo "{name}: Input/output error" >&2
exit 1
"""
_MUTATIONS = ("POST", "PUT", "DELETE")
_ENOUGH = 40
_SENTENCE = re.compile(r"^(?!(?:ERROR|INFO|WARN|DEBUG)[:\s])\S.*", re.MULTILINE)


def run_failing(
    sandbox: Sandbox, kind: str, action: str, run: Callable[[], Completed], failed: Callable[[Completed], bool]
) -> Completed:
    """Run an action with one fault after the other until it *failed*; how the last try ended."""
    for fault in _faults(sandbox, kind, action):
        with fault():
            ended = run()
        if failed(ended):
            break
    return ended


def complaints(ended: Completed) -> list[str]:
    """What is wrong with the way in which a call that had to fail has failed."""
    if ended.exit_code == 0:
        return ["ended with 0, and was made to fail at every effect in turn"]
    if "Traceback" in ended.stderr:
        return ["ended with a traceback"]
    if not _SENTENCE.search(ended.stderr):
        return ["failed and said nothing to the user"]
    return []


def _faults(sandbox: Sandbox, kind: str, action: str) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    program = _LAST_PROGRAM.get(action) if (kind, action) != ("ds", "clone") else None
    if program is not None:
        yield partial(_broken_program, sandbox.root / "host-bin" / program)
    yield partial(_refusing_linstor, sandbox, _MUTATIONS, 1)
    yield partial(_refusing_linstor, sandbox, (*_MUTATIONS, "GET"), _ENOUGH)
    yield partial(_unreachable_hosts, sandbox)


@contextmanager
def _broken_program(path: Path) -> Iterator[None]:
    """A program of the hosts ends with an error, whatever it is asked for."""
    aside = path.with_name(f".{path.name}.aside")
    if path.exists():
        path.rename(aside)
    path.write_text(_PROGRAM.format(name=path.name), encoding="utf-8")
    path.chmod(0o755)
    try:
        yield
    finally:
        path.unlink()
        if aside.exists() or aside.is_symlink():
            aside.rename(path)


@contextmanager
def _refusing_linstor(sandbox: Sandbox, methods: tuple[str, ...], times: int) -> Iterator[None]:
    """LINSTOR answers 500 to requests of these methods, so many times."""
    healed = threading.Event()
    for _ in range(times):
        sandbox.server.fault(Fault(lambda method, _path: method in methods and not healed.is_set()))
    try:
        yield
    finally:
        healed.set()


@contextmanager
def _unreachable_hosts(sandbox: Sandbox) -> Iterator[None]:
    """No host can be reached by ssh."""
    names = sandbox.hosts.names
    for name in names:
        sandbox.hosts.down(name)
    try:
        yield
    finally:
        for name in names:
            sandbox.hosts.up(name)
