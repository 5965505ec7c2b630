"""What an order leaves that is killed: what it had done until then, without secrets, and never taken for another."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from domain.masking import keep_secret
from domain.opennebula import Datastore
from domain.settings import ORDER_ID
from entrypoints.container import Container
from entrypoints.onelinstor import trace as command
from entrypoints.remotes.parser import Call
from entrypoints.remotes.watching import Requests
from entrypoints.tracing import journal
from entrypoints.tracing.box import Bounds, Box
from entrypoints.tracing.order import Trace

SECRET = "hunter2-correct-horse"
DEAD, LIVE = "dead00", "11fe00"


class _Oned:
    def echo(self, text: str) -> str:
        return text

    def datastore(self, number: int) -> Datastore:
        return Datastore(number, attributes={"LINSTOR_PASSWORD": SECRET})


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Switched on, and empty."""
    box = Box(tmp_path / "box")
    box.switch_on(Bounds())
    return box


def _begun(box: Box, order_id: str) -> tuple[Trace, Any]:
    """An order that has begun, and a port of it."""
    container = Container(environment=providers.Object({ORDER_ID: order_id}))
    trace = Trace.begin(str(box.directory), Call("tm", "clone", ("fe:image", order_id)), container, Requests())
    return trace, trace.recorder.wrap("oned", _Oned())


def _killed(box: Box, order_id: str = DEAD) -> None:
    """A process of its own that begins an order, asks some questions, and dies of SIGKILL within the next one."""

    class Deadly(_Oned):
        def die(self) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        try:
            trace, port = _begun(box, order_id)
            for number in range(2):
                port.echo(f"question {number}")
            trace.recorder.wrap("hosts", Deadly()).die()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def _only(box: Box) -> dict[str, Any]:
    (found,) = box.traces()
    return found


@pytest.fixture
def live(box: Box) -> Iterator[Trace]:
    """An order of this very process."""
    trace, port = _begun(box, LIVE)
    port.echo("question")
    yield trace
    trace.end("", "")


def test_a_killed_order_leaves_what_it_had_done(box: Box) -> None:
    """And what it was about when it died, which has no end."""
    _killed(box)
    found = _only(box)
    assert (found["id"], found["ended"], found["argv"]) == (DEAD, "killed", ["fe:image", DEAD])
    assert [(each["port"], each["call"], each.get("gave")) for each in found["events"]] == [
        ("oned", "echo", "question 0"),
        ("oned", "echo", "question 1"),
        ("hosts", "die", None),
    ]
    assert ["seconds" in each for each in found["events"]] == [True, True, False]


def test_it_is_listed_and_drawn_as_killed(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    """In the words that an administrator looks for."""
    _killed(box)
    assert command.main(["--directory", str(box.directory), "list"]) == 0
    assert "killed" in capsys.readouterr().out
    assert command.main(["--directory", str(box.directory), "show", DEAD]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "hosts: die had not ended" in shown
    assert "killed: its process is gone without an end; last heard of after" in shown


def test_an_order_that_runs_is_not_called_killed(box: Box, live: Trace, capsys: pytest.CaptureFixture[str]) -> None:
    """Its lock tells, whatever its process is called."""
    assert _only(box)["ended"] == "running"
    assert command.main(["--directory", str(box.directory), "show"]) == 0
    assert "still running" in capsys.readouterr().out


def test_an_order_that_ends_leaves_its_trace_alone(box: Box, live: Trace) -> None:
    """The journal goes when the file is there; of both, the file tells."""
    assert [path.suffix for path in box.paths()] == [journal.ENDING]
    box.keep({**_only(box), "stderr": "", "exit_code": 0})
    assert [path.suffix for path in box.paths()] == [".json"]
    live.end("", "")
    assert [path.suffix for path in (box.directory / "calls").iterdir()] == [".json"]


def test_journals_are_bounded_and_those_of_living_orders_stay(box: Box, live: Trace) -> None:
    """By number, by age, and by room; whatever the bounds are, an order keeps its journal while it lives."""
    for number in range(4):
        _killed(box, f"dead0{number}")
    box.switch_on(Bounds(orders=2))
    _killed(box, "dead04")
    assert [each["id"] for each in box.traces()] == [LIVE, "dead02", "dead03", "dead04"]
    for path in box.paths():
        os.utime(path, (0, time.time() - 30 * 86400))
    _killed(box, "dead05")
    assert [each["id"] for each in box.traces()] == [LIVE, "dead05"]


def test_what_a_kill_left_half_made_goes_with_its_age(box: Box) -> None:
    """Files that never got their name are bounded, too."""
    for suffix in (".part", journal.NEW):
        left = box.directory / "calls" / f"1000001-tm-linstor-clone-abcdef{suffix}"
        left.touch()
        os.utime(left, (0, 0))
    _killed(box)
    assert [path.suffix for path in (box.directory / "calls").iterdir()] == [journal.ENDING]


def test_a_secret_goes_from_earlier_lines_too(box: Box) -> None:
    """What becomes known as a secret late may have been quoted before; its lock passes to the new file."""
    trace, port = _begun(box, LIVE)
    port.echo(f"said {SECRET}")
    port.datastore(100)
    port.echo(f"said {SECRET} again")
    assert SECRET not in box.paths()[0].read_text()
    assert [each.get("gave") for each in _only(box)["events"]][::2] == ["said ***", "said *** again"]
    assert _only(box)["ended"] == "running"
    keep_secret("learnt-by-the-order")
    port.echo("learnt-by-the-order")
    assert "learnt" not in box.paths()[0].read_text()
    trace.end("", "")


def test_a_journal_that_grows_keeps_its_time_line(box: Box, live: Trace) -> None:
    """Answers are left out once it is large."""
    port = live.recorder.wrap("oned", _Oned())
    for _ in range(2 * journal.LARGEST // 30_000):
        port.echo("x." * 7_500)
    assert box.paths()[0].stat().st_size < journal.LARGEST + 100_000
    last = _only(box)["events"][-1]
    assert "seconds" in last
    assert "gave" not in last


def test_half_a_line_hides_no_other(box: Box) -> None:
    """As a full disk leaves it."""
    _killed(box)
    path = box.paths()[0]
    path.write_bytes(path.read_bytes()[:-9])
    assert [each["call"] for each in _only(box)["events"]] == ["echo", "echo"]


def test_a_full_disk_ends_the_journal_and_not_the_order(box: Box, live: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written stays, nothing is added to half a line, and the order is known to run."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    port = live.recorder.wrap("oned", _Oned())
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        assert port.echo("on the full disk") == "on the full disk"
    port.echo("later")
    assert [each["gave"] for each in _only(box)["events"]] == ["question"]
    assert _only(box)["ended"] == "running"


def test_a_full_disk_at_the_beginning_leaves_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that cannot be begun is none."""
    monkeypatch.setattr(os, "write", lambda *_: 0)
    trace, port = _begun(box, LIVE)
    assert port.echo("done") == "done"
    assert list((box.directory / "calls").iterdir()) == []
    trace.end("", "")
    assert json.loads(box.paths()[0].read_text())["events"][0]["gave"] == "done"
