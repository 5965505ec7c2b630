"""What volumes hold: the two implementations behave as a plain array of bytes does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.linstor import InFiles, InMemory
from adapters.memory.linstor.contents import BLOCK, Content, Contents

SIZE = 5 * BLOCK
KINDS = ("memory", "files")
operations = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=2 * BLOCK)),
        st.tuples(st.just("resize"), st.integers(1, 2 * SIZE), st.none()),
        st.tuples(st.just("copy"), st.none(), st.none()),
        st.tuples(st.just("replace"), st.none(), st.none()),
    ),
    max_size=12,
)


@contextmanager
def made(kind: str) -> Iterator[Contents]:
    with TemporaryDirectory() as directory:
        yield InMemory() if kind == "memory" else InFiles(Path(directory))


@pytest.mark.parametrize("kind", KINDS)
@given(steps=operations)
def test_contents_are_bytes(kind: str, steps: list[tuple[str, int, bytes]]) -> None:
    """Writes, sizes, copies and replacements leave in both contents what they leave in two arrays of bytes."""
    names = (f"volume-{number}" for number in itertools.count())
    with made(kind) as contents:
        pairs: list[tuple[Content, bytearray]] = [
            (contents.new(next(names), SIZE), bytearray(SIZE)),
            (contents.new(next(names), SIZE), bytearray(SIZE)),
        ]
        for step, number, data in steps:
            apply(step, number, data, pairs, next(names))
            for content, want in pairs:
                assert content.size == len(want)
                assert content.read(0, content.size) == bytes(want)


def apply(step: str, number: int, data: bytes, pairs: list[tuple[Content, bytearray]], name: str) -> None:
    content, want = pairs[0]
    if step == "write" and number + len(data) <= len(want):
        content.write(number, data)
        want[number : number + len(data)] = data
    elif step == "resize":
        content.resize(number)
        del want[number:]
        want.extend(bytes(number - len(want)))
    elif step == "copy":
        pairs[1] = (content.copy(name), bytearray(want))
    elif step == "replace":
        content.replace(pairs[1][0])
        want[:] = pairs[1][1]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_beyond_the_end(kind: str) -> None:
    """A write that does not fit is refused, and reads stop at the end."""
    with made(kind) as contents:
        content = contents.new("volume", SIZE)
        with pytest.raises(ValueError, match="beyond the end"):
            content.write(SIZE - 1, b"xx")
        assert content.read(SIZE - 1, 100) == b"\0"


def test_files_stay_sparse(tmp_path: Path) -> None:
    """A large empty volume, and its copy, take next to no room."""
    content = InFiles(tmp_path).new("volume", 1 << 30)
    content.write(1 << 29, b"x" * BLOCK)
    copy = content.copy("copy")
    for each in (content, copy):
        assert each.path is not None
        assert each.path.stat().st_blocks * 512 < 1 << 20
    assert copy.read(1 << 29, 1) == b"x"


def test_a_file_keeps_its_inode_when_replaced(tmp_path: Path) -> None:
    """Devices are links to it: what comes from a snapshot must appear behind them."""
    contents = InFiles(tmp_path)
    one, other = contents.new("one", SIZE), contents.new("other", SIZE)
    assert one.path is not None
    before = one.path.stat().st_ino
    other.write(0, b"new")
    one.replace(other)
    assert one.path.stat().st_ino == before
    assert one.read(0, 3) == b"new"


def test_the_kinds_do_not_mix(tmp_path: Path) -> None:
    """A content in memory is not replaced by a file, nor the other way round."""
    memory, file = InMemory().new("one", SIZE), InFiles(tmp_path).new("one", SIZE)
    for one, other in ((memory, file), (file, memory)):
        with pytest.raises(TypeError):
            one.replace(other)


def test_what_is_discarded_is_gone(tmp_path: Path) -> None:
    """The file is removed; discarding twice is fine."""
    content = InFiles(tmp_path).new("one", SIZE)
    content.discard()
    content.discard()
    assert list(tmp_path.iterdir()) == []
