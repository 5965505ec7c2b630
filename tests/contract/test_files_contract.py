"""What every file system of the installer promises: the disk's, and the one in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.install.memory_files import MemoryFiles

from entrypoints.onelinstor.install.entries import Directory, File, Link, Meta
from entrypoints.onelinstor.install.files import DiskFiles, Files

OWNER = (os.geteuid(), os.getegid())
PRIVATE, SHARED, FOLDER = Meta(0o600, *OWNER), Meta(0o755, *OWNER), Meta(0o750, *OWNER)


@pytest.fixture(params=["disk", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return DiskFiles() if request.param == "disk" else MemoryFiles.of(tmp_path)


def test_what_was_written_is_there(files: Files, tmp_path: Path) -> None:
    """With its mode and owner; in a directory with its own."""
    files.make_directory(tmp_path / "one", FOLDER)
    files.write(tmp_path / "one" / "clone", b"#!", SHARED)
    assert files.look(tmp_path / "one") == Directory(FOLDER)
    assert files.look(tmp_path / "one" / "clone") == File(b"#!", SHARED)
    assert files.names(tmp_path / "one") == ["clone"]


def test_what_is_not_there_is_nothing(files: Files, tmp_path: Path) -> None:
    """Nor is what would be below it, or below a file."""
    files.write(tmp_path / "file", b"", SHARED)
    assert [files.look(tmp_path / each) for each in ("none", "none/below", "file/below")] == [None] * 3


def test_names_are_sorted_and_none_where_there_is_no_directory(files: Files, tmp_path: Path) -> None:
    """A link to a directory has its names."""
    files.make_directory(tmp_path / "one", FOLDER)
    for name in ("b", "a", ".hidden"):
        files.write(tmp_path / "one" / name, b"", SHARED)
    files.make_directory(tmp_path / "one" / "c", FOLDER)
    files.write(tmp_path / "one" / "c" / "below", b"", SHARED)
    files.link(tmp_path / "link", "one")
    assert files.names(tmp_path / "one") == files.names(tmp_path / "link") == [".hidden", "a", "b", "c"]
    assert [files.names(tmp_path / each) for each in ("none", "one/a")] == [[], []]


def test_a_link_is_looked_at_and_not_followed(files: Files, tmp_path: Path) -> None:
    """But one on the way is: what is put behind it is where it leads."""
    files.make_directory(tmp_path / "real", FOLDER)
    files.link(tmp_path / "link", "real")
    files.write(tmp_path / "link" / "clone", b"#!", SHARED)
    assert files.look(tmp_path / "link") == Link("real")
    assert files.look(tmp_path / "real" / "clone") == files.look(tmp_path / "link" / "clone") == File(b"#!", SHARED)


def test_an_absolute_link_is_followed_too(files: Files, tmp_path: Path) -> None:
    """As to a checkout elsewhere."""
    files.make_directory(tmp_path / "real", FOLDER)
    files.link(tmp_path / "link", str(tmp_path / "real"))
    files.write(tmp_path / "link" / "clone", b"#!", SHARED)
    assert files.names(tmp_path / "real") == ["clone"]


def test_a_file_is_written_over_what_is_there_and_not_through_a_link(files: Files, tmp_path: Path) -> None:
    """What the link led to stays as it was."""
    files.write(tmp_path / "theirs", b"theirs", PRIVATE)
    files.link(tmp_path / "ours", "theirs")
    files.write(tmp_path / "ours", b"ours", SHARED)
    files.write(tmp_path / "ours", b"ours again", PRIVATE)
    assert files.look(tmp_path / "ours") == File(b"ours again", PRIVATE)
    assert files.look(tmp_path / "theirs") == File(b"theirs", PRIVATE)


def test_a_directory_gets_another_mode_and_keeps_what_is_in_it(files: Files, tmp_path: Path) -> None:
    """Its contents are not its own."""
    files.make_directory(tmp_path / "one", FOLDER)
    files.write(tmp_path / "one" / "clone", b"#!", SHARED)
    files.dress(tmp_path / "one", SHARED)
    assert files.look(tmp_path / "one") == Directory(SHARED)
    assert files.names(tmp_path / "one") == ["clone"]


def test_a_copy_is_the_same_file_or_link(files: Files, tmp_path: Path) -> None:
    """Over what is there, and where a link leads does not matter."""
    files.write(tmp_path / "file", b"#!", SHARED)
    files.link(tmp_path / "link", "nowhere")
    files.write(tmp_path / "over", b"old", PRIVATE)
    files.copy(tmp_path / "file", tmp_path / "over")
    files.copy(tmp_path / "link", tmp_path / "as link")
    assert files.look(tmp_path / "over") == files.look(tmp_path / "file") == File(b"#!", SHARED)
    assert files.look(tmp_path / "as link") == files.look(tmp_path / "link") == Link("nowhere")


def test_a_rename_takes_the_place_of_what_is_there(files: Files, tmp_path: Path) -> None:
    """A file over a link, and the old name is gone."""
    files.write(tmp_path / "new", b"new", SHARED)
    files.link(tmp_path / "old", "nowhere")
    files.rename(tmp_path / "new", tmp_path / "old")
    assert files.look(tmp_path / "old") == File(b"new", SHARED)
    assert files.names(tmp_path) == ["old"]


def test_what_is_removed_is_gone_and_gone_is_done(files: Files, tmp_path: Path) -> None:
    """A link goes and what it leads to stays; so does the directory behind a link."""
    files.make_directory(tmp_path / "one", FOLDER)
    files.write(tmp_path / "one" / "clone", b"", SHARED)
    files.link(tmp_path / "link", "one")
    files.remove_tree(tmp_path / "link")
    files.remove(tmp_path / "link")
    files.remove(tmp_path / "link")
    files.remove(tmp_path / "none" / "below")
    assert files.names(tmp_path / "one") == ["clone"]
    files.remove_tree(tmp_path / "one")
    files.remove_tree(tmp_path / "one")
    files.make_directory(tmp_path / "empty", FOLDER)
    files.remove_directory(tmp_path / "empty")
    assert files.names(tmp_path) == []


@pytest.mark.parametrize(
    "effect",
    [
        lambda files, one: files.make_directory(one, FOLDER),
        lambda files, one: files.make_directory(one / "none" / "below", FOLDER),
        lambda files, one: files.write(one, b"", SHARED),
        lambda files, one: files.write(one / "none" / "below", b"", SHARED),
        lambda files, one: files.link(one / "file", "elsewhere"),
        lambda files, one: files.link(one, "elsewhere"),
        lambda files, one: files.copy(one / "none", one / "new"),
        lambda files, one: files.copy(one / "file", one / "none" / "below"),
        lambda files, one: files.rename(one / "none", one / "new"),
        lambda files, one: files.rename(one / "file", one / "folder"),
        lambda files, one: files.remove(one / "folder"),
        lambda files, one: files.remove_directory(one),
        lambda files, one: files.remove_directory(one / "none"),
        lambda files, one: files.remove_directory(one / "file"),
    ],
)
def test_what_cannot_be_done_is_an_error_and_changes_nothing(
    files: Files, tmp_path: Path, effect: Callable[[Files, Path], None]
) -> None:
    """As the kernel says it, an OSError."""
    one = tmp_path / "one"
    files.make_directory(one, FOLDER)
    files.make_directory(one / "folder", FOLDER)
    files.write(one / "file", b"here", SHARED)
    with pytest.raises(OSError, match=r"\[Errno \d+\]"):
        effect(files, one)
    assert files.names(one) == ["file", "folder"]
    assert files.look(one / "file") == File(b"here", SHARED)
