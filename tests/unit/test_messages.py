"""What a person reads after a failure is one bounded line, whatever it quotes."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from adapters.opennebula.front_end import Installation
from entrypoints.remotes import main
from entrypoints.remotes.main import LONGEST_SENTENCE, MARKERS, run
from entrypoints.remotes.parser import Call


def told(call: Call) -> str:
    """What an order that fails writes on standard error."""
    err = io.StringIO()
    assert run(call, {"ONE_LOCATION": "/nowhere"}, io.StringIO(), err) == 1
    return err.getvalue()


def test_a_message_is_bounded() -> None:
    """Oned keeps it in the VM, and an argument may be as long as it likes."""
    lines = told(Call("tm", "delete", (f"{'A' * 100_000}:/d", "7", "0"))).splitlines()
    assert all(len(line) < LONGEST_SENTENCE + 100 for line in lines)
    assert re.search(r"\.\.\. \(order [0-9a-f]{6}\)$", lines[-1]), "the order is named all the same"


@pytest.mark.parametrize("word", ["\x1b[2J", "a\nb", "\u2028", "\udcff", "\x85"])
def test_a_message_is_one_line_that_a_terminal_can_show(word: str) -> None:
    """Control characters of an order never reach a log or a terminal."""
    log, message, rest = told(Call("tm", f"no{word}action", ())).split("\n")
    assert log.startswith("INFO: ")
    assert log.isprintable() and message.isprintable()
    assert rest == ""


@pytest.mark.parametrize("content", [b"\xff\xfe7\x00", b"7" * 5000, b""])
def test_a_version_that_cannot_be_read_is_no_traceback(tmp_path: Path, content: bytes) -> None:
    """The version decides how an error is told, so it must not fail itself."""
    (tmp_path / "var" / "remotes").mkdir(parents=True)
    (tmp_path / "var" / "remotes" / "VERSION").write_bytes(content)
    assert Installation.find({"ONE_LOCATION": str(tmp_path)}).version >= (99,)


@pytest.mark.parametrize(("version", "marked"), [("5.12.0", True), ("6.0.3", False)])
def test_what_nobody_foresaw_is_told_as_the_version_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, marked: bool
) -> None:
    """Before 6.0.3 oned shows nothing but what stands between two marks, a mistake in this driver included."""
    (tmp_path / "var" / "remotes").mkdir(parents=True)
    (tmp_path / "var" / "remotes" / "VERSION").write_text(version)
    monkeypatch.setattr(main, "parse", lambda *_: 1 // 0)
    err = io.StringIO()

    assert run(Call("tm", "delete", ()), {"ONE_LOCATION": str(tmp_path)}, io.StringIO(), err) == 1

    lines = err.getvalue().splitlines()
    assert (lines[0], lines[-1]) == MARKERS if marked else len(lines) == 1
    assert "ZeroDivisionError" in err.getvalue()
