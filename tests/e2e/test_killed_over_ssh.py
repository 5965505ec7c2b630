"""A driver is killed while it copies through a real sshd: what it began on hosts ends, and the retry converges."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from entrypoints.sandbox import kin, sshd
from entrypoints.sandbox.cloud import message
from entrypoints.sandbox.sshd import Sshds
from entrypoints.sandbox.torture.kills import run
from entrypoints.sandbox.torture.scenes import SCENES
from entrypoints.sandbox.torture.stage import HOME, VM, Stage
from entrypoints.sandbox.torture.starting import Order, started
from entrypoints.sandbox.torture.state import State, differences, state
from entrypoints.sandbox.world import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.sshd, pytest.mark.skipif(bool(sshd.missing()), reason=sshd.missing())]

MIB, SEED, LIMIT = 1024 * 1024, 7, 60.0
SLOW = """#!{python} -IS
import os, subprocess, sys, time
real, words = "/usr/bin/" + os.path.basename(sys.argv[0]), sys.argv[1:]
if not any(word.startswith("{word}") for word in words):
    os.execv(real, [real, *words])
end = dict({end}=subprocess.PIPE)
program = subprocess.Popen([real, *words], close_fds=False, **end)
source, target = (0, program.stdin.fileno()) if program.stdin else (program.stdout.fileno(), 1)
while data := os.read(source, 32768):
    open("{began}", "w").close()
    while data:
        data = data[os.write(target, data):]
    time.sleep(0.02)
program.communicate()
sys.exit(program.returncode)
"""


class Moment(NamedTuple):
    """While *program* works on an argument that begins with *word*, in the order of *scene*."""

    scene: str
    program: str
    word: str
    end: str

    def put(self, directory: Path, began: Path) -> None:
        """A program that takes its time at this moment and says that it began, in the place of the real one."""
        directory.mkdir()
        text = SLOW.format(python=sys.executable, word=self.word, end=self.end, began=began)
        (directory / self.program).write_text(text, encoding="utf-8")
        (directory / self.program).chmod(0o755)


MOMENTS = {
    "an image is written": Moment("datastore/cp", "dd", "of=", "stdin"),
    "an image is read back": Moment("datastore/cp", "dd", "if=", "stdout"),
    "files are sent": Moment("tm/premigrate", "tar", "-cf", "stdout"),
    "files are received": Moment("tm/premigrate", "tar", "-xf", "stdin"),
}


@contextmanager
def staged(moment: Moment) -> Iterator[tuple[Stage, Order]]:
    """The order, and a checkpoint of 4 MiB in the VM's directory where there is one."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        stage.furnish(SEED)
        order = SCENES[moment.scene](stage)
        if VM in stage.vms:
            checkpoint = sandbox.host_path(HOME, stage.directory(VM)) / "checkpoint"
            checkpoint.write_bytes(b"memory" * (4 * MIB // 6))
        yield stage, order


def undisturbed(moment: Moment) -> State:
    with staged(moment) as (stage, order):
        assert run(stage.sandbox, order).exit_code == 0
        return state(stage.sandbox)


def killed(stage: Stage, moment: Moment, hosts: Sshds, order: Order) -> None:
    """Run *order*, and kill it with SIGKILL once the moment has begun on a host."""
    slow, began = stage.sandbox.root / "slow", stage.sandbox.root / "began"
    moment.put(slow, began)
    for each in hosts.hosts.values():
        each.say(profile=f"PATH={slow}:$PATH")

    def follow(pid: int) -> None:
        threading.Thread(target=_kill, args=(pid, began.exists), daemon=True).start()

    code, said = started(stage.sandbox, order, "", follow, LIMIT)
    assert code == -signal.SIGKILL, said
    for each in hosts.hosts.values():
        each.say()


def _kill(pid: int, begun: Callable[[], bool]) -> None:
    if _comes(begun):
        os.kill(pid, signal.SIGKILL)


def _comes(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + LIMIT
    while not (there := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return there


def _runs(stage: Stage) -> set[int]:
    return {each for each in kin.of_sandbox(stage.sandbox.root) if kin.lives(each)}


@pytest.mark.parametrize("at_once", [False, True], ids=["later", "at once"])
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_nothing_lives_on_and_the_retry_converges(moment: Moment, at_once: bool) -> None:
    """Neither ssh nor what it started, on any host; whether the retry comes before or after their end."""
    good = undisturbed(moment)
    with staged(moment) as (stage, order), Sshds(stage.sandbox) as hosts:
        before = _runs(stage)
        killed(stage, moment, hosts, order)
        assert at_once or _comes(lambda: not _runs(stage) - before)

        again = run(stage.sandbox, order)

        assert (again.exit_code, message(again.stderr)) == (0, "")
        assert list(differences(good, state(stage.sandbox))) == []
        assert _comes(lambda: not _runs(stage) - before)
