"""What would change, and who may change it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.install.trees import Tree, listing

from entrypoints.onelinstor.install.entries import Change, Directory, File, Link, Meta, Problem
from entrypoints.onelinstor.install.files import DiskFiles
from entrypoints.onelinstor.install.planning import check_rights
from entrypoints.onelinstor.install.showing import diff
from entrypoints.onelinstor.install.undoing_edits import undone

ROOT, ONE, OTHER = (Meta(0o644, uid, uid) for uid in (0, 9869, 33))


def _writable(_path: Path) -> bool:
    return True


@pytest.mark.parametrize("before", [None, File(b"", ONE), Link("x"), Directory(ONE)])
def test_the_user_of_oned_may_change_what_is_its_own(before: File | Link | Directory | None, tmp_path: Path) -> None:
    """Nothing, its own files, and links."""
    check_rights([Change(tmp_path / "a" / "b", before, None)], 9869, _writable)


@pytest.mark.parametrize("before", [File(b"", ROOT), Directory(OTHER)])
def test_what_belongs_to_others_needs_root(before: File | Directory, tmp_path: Path) -> None:
    """Nobody else could give it back with its owner; said before anything is changed."""
    changes = [Change(tmp_path / "conf", before, None)]

    with pytest.raises(Problem, match="run this as root"):
        check_rights(changes, 9869, _writable)
    check_rights(changes, 0, _writable)


def test_a_directory_that_cannot_be_written_needs_root(tmp_path: Path) -> None:
    """The nearest one that exists decides."""
    asked: list[Path] = []

    with pytest.raises(Problem, match="run this as root"):
        check_rights([Change(tmp_path / "a" / "b", None, Link("x"))], 9869, lambda path: asked.append(path) is not None)
    assert asked == [tmp_path]


def test_modes_and_links_are_shown() -> None:
    """A change that is no change of text is seen, too."""
    dressed = Change(Path("/x"), File(b"a", Meta(0o600, 1, 2)), File(b"a", Meta(0o755, 3, 4)))

    told = diff([dressed, Change(Path("/y"), Link("t"), None)])

    assert "/x: file 0600 1:2 -> file 0755 3:4\n" in told
    assert "/y: link -> nothing\n" in told
    assert "--- /y\n+++ /dev/null\n" in told
    assert "--> t\n" in told


def test_a_configuration_that_is_a_link_stays_one(
    plain_tree: Tree, install: Callable[..., int], uninstall: Callable[..., int]
) -> None:
    """The file that it leads to is edited, and given back."""
    conf, real = plain_tree.etc / "oned.conf", plain_tree.etc / "oned.conf.site"
    conf.rename(real)
    conf.symlink_to("oned.conf.site")
    before = listing(plain_tree.root)

    assert install(plain_tree, "--configure") == 0
    assert os.readlink(conf) == "oned.conf.site"
    assert "linstor" in real.read_text()
    assert uninstall(plain_tree) == 0

    assert listing(plain_tree.root) == before


def test_a_pipe_in_the_place_of_a_launcher_is_refused(
    plain_tree: Tree, install: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """It could not be given back."""
    plain_tree.driver("tm").mkdir()
    os.mkfifo(plain_tree.driver("tm") / "clone")

    assert install(plain_tree) == 1

    assert "neither a file nor a directory nor a link" in capsys.readouterr().err


def test_a_journal_that_cannot_be_read_stops_everything(
    plain_tree: Tree, install: Callable[..., int], uninstall: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an upgrade nor a removal guesses what was there."""
    install(plain_tree)
    (plain_tree.var / "onelinstor" / "journal.json").write_text("{")
    (plain_tree.driver("tm") / "clone").write_text("changed")
    before = listing(plain_tree.root)

    assert (install(plain_tree), uninstall(plain_tree)) == (1, 1)

    assert listing(plain_tree.root) == before
    assert capsys.readouterr().err.count("cannot be read") == 2


def test_a_copy_that_is_lost_is_told(
    addon_tree: Tree, install: Callable[..., int], uninstall: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The launcher is not taken away where nothing can take its place."""
    install(addon_tree)
    place = addon_tree.driver("tm") / "clone"
    (addon_tree.var / "onelinstor" / "saved" / str(place).lstrip("/")).unlink()

    assert uninstall(addon_tree) == 1

    assert "cannot be given back" in capsys.readouterr().err
    assert place.exists()


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        (b"a\nX\nb\n", b"a\nb\n"),
        (b"a\nb\n", b"a\nb\n"),
        (b"0\na\nX\nb\n1", b"0\na\nb\n1"),
        (b"X\nX\n", b"X\nX\n"),
        (b"a\nY\nb\n", b"a\nY\nb\n"),
    ],
)
def test_lines_are_taken_out_where_they_are_found_once(now: bytes, wanted: bytes) -> None:
    """And never where it is not clear which ones are ours."""
    assert undone(b"a\nb\n", b"a\nX\nb\n", now) == wanted


def test_a_file_is_only_seen_as_a_whole(tmp_path: Path) -> None:
    """Content, mode and owner of what is written are there when it has its name."""
    files = DiskFiles()

    files.write(tmp_path / "a", b"text", Meta(0o640, os.geteuid(), os.getegid()))

    assert files.look(tmp_path / "a") == File(b"text", Meta(0o640, os.geteuid(), os.getegid()))
