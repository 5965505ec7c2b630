"""What a replay makes of the answer of `export`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.opennebula.import_info import import_info
from entrypoints.sandbox.replay.market import take

DATA = b"x" * 4096 + bytes(1024 * 1024 - 4096)
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()


def compared(read: Callable[[int], bytes], size: int) -> Iterator[str]:
    """Whether the file is DATA, looked at where a block begins."""
    if size != len(DATA) or read(0)[:1] != b"x":
        yield "other data"


def test_a_right_answer_is_taken_and_disposed_of(tmp_path: Path) -> None:
    """Nothing to say, and the file is gone."""
    file = tmp_path / "export"
    file.write_bytes(DATA)

    assert take(import_info(str(file), MD5, 1), compared) == []
    assert not file.exists()


@pytest.mark.parametrize(
    ("data", "answer", "said"),
    [
        (DATA, "<IMPORT_INFO><DISPOSE><![CDATA[NO]]</DISPOSE>", "no XML"),
        (DATA, "<IMPORT_INFO/>", "names no file"),
        (b"y" + DATA[1:], "", "other data"),
        (DATA, "<SIZE>1</SIZE>:<SIZE>2</SIZE>", "'SIZE': '2'"),
        (DATA, f"{MD5}:{'0' * 32}", "'MD5'"),
        (DATA, "YES:NO", "stays"),
    ],
)
def test_a_wrong_answer_is_found_out(tmp_path: Path, data: bytes, answer: str, said: str) -> None:
    """Malformed XML as the addon 3.x printed it, no file, other bytes, wrong numbers, a file that stays."""
    file = tmp_path / "export"
    file.write_bytes(data)
    right = import_info(str(file), MD5, 1).replace("<![CDATA[1]]>", "1")
    old, _, new = answer.partition(":")

    found = take(right.replace(old, new) if new or not answer else answer, compared)

    assert any(said in each for each in found), found
