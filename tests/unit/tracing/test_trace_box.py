"""The black box is bounded, belongs to its owner, and never makes an order fail."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from domain.settings import ORDER_ID
from entrypoints.container import Container
from entrypoints.remotes.parser import Call
from entrypoints.remotes.watching import Requests
from entrypoints.tracing.box import Bounds, Box
from entrypoints.tracing.journal import LARGEST
from entrypoints.tracing.order import Trace
from entrypoints.tracing.recorder import MOST, Recorder


def _trace(number: int, **more: Any) -> dict[str, Any]:
    return {"seq": 1_000_000 + number, "kind": "tm", "action": "clone", "id": f"{number:06x}", "events": [], **more}


def _filled(directory: Path, bounds: Bounds, count: int) -> Box:
    box = Box(directory / "trace")
    box.switch_on(bounds)
    for number in range(count):
        box.keep(_trace(number))
    return box


def _ids(box: Box) -> list[str]:
    return [each["id"] for each in box.traces()]


def test_the_oldest_traces_go_first(tmp_path: Path) -> None:
    """By number; what is left is in the order of the orders."""
    assert _ids(_filled(tmp_path, Bounds(orders=3), 5)) == ["000002", "000003", "000004"]


def test_old_traces_go(tmp_path: Path) -> None:
    """By age, with the next order."""
    box = _filled(tmp_path, Bounds(days=1), 2)
    os.utime(box.paths()[0], (0, time.time() - 2 * 86400))
    box.keep(_trace(9))
    assert _ids(box) == ["000001", "000009"]


def test_traces_take_no_more_room_than_allowed(tmp_path: Path) -> None:
    """By size, all together."""
    box = _filled(tmp_path, Bounds(mib=1), 0)
    for number in range(4):
        box.keep(_trace(number, stderr="x" * 400_000))
    assert _ids(box) == ["000002", "000003"]


def test_an_order_of_many_words_keeps_its_time_line(tmp_path: Path) -> None:
    """Answers go before requests do, so that one file stays small."""
    box = _filled(tmp_path, Bounds(), 0)
    box.keep(_trace(1, events=[{"port": "oned", "call": "vm", "gave": "x" * LARGEST}]))
    assert next(box.traces())["events"] == [{"port": "oned", "call": "vm"}]


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """Names of machines and volumes are nobody's business."""
    box = _filled(tmp_path, Bounds(), 1)
    assert [path.stat().st_mode & 0o777 for path in (box.directory, box.paths()[0])] == [0o700, 0o600]


def test_a_foreign_file_is_left_alone(tmp_path: Path) -> None:
    """Only traces are counted and removed."""
    box = _filled(tmp_path, Bounds(orders=1), 1)
    (box.directory / "calls" / "mine.json").write_text("{}")
    box.keep(_trace(2))
    assert (box.directory / "calls" / "mine.json").exists()
    assert len(box.paths()) == 1


@pytest.mark.parametrize("spoilt", ["missing", "full"])
def test_an_order_does_not_fail_with_its_trace(tmp_path: Path, spoilt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that is gone, or a full disk: the order has ended well all the same, and nothing half lies there."""
    box = _filled(tmp_path, Bounds(), 0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if spoilt == "missing":
        (box.directory / "calls").rmdir()
    else:
        monkeypatch.setattr(Path, "replace", full)
    container = Container(environment=providers.Object({ORDER_ID: "abc123"}))
    Trace.begin(str(box.directory), Call("tm", "clone", ()), container, Requests()).end("", "")
    assert [path.name for path in box.directory.rglob("*") if path.is_file()] == ["on"]


def test_a_wait_that_polls_does_not_fill_the_memory() -> None:
    """What is too much is counted, not kept."""
    recorder = Recorder()
    for _ in range(MOST + 2):
        recorder.note("clock", "look", [], lambda: None)
    assert (len(recorder.events()), recorder.left_out) == (MOST, 2)


def test_an_error_passes_through_and_is_noted() -> None:
    """The rules see the very same error; so does a block that was entered."""

    class Port:
        def run(self) -> None:
            raise KeyError("gone")

    recorder = Recorder()
    with pytest.raises(KeyError, match="gone"):
        recorder.wrap("hosts", Port()).run()
    assert recorder.events()[0]["raised"] == "KeyError: 'gone'"


def test_a_trace_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """A spoilt file does not hide the others."""
    box = _filled(tmp_path, Bounds(), 2)
    box.paths()[0].write_text("{")
    assert _ids(box) == ["000001"]
    assert json.loads(box.paths()[1].read_text())["id"] == "000001"
