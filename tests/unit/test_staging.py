"""What a killed order left staged goes with a later one; what is in use, young or not ours stays."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.opennebula.locks import private_directory
from adapters.opennebula.staging import LOCK, PREFIX, forgotten, staged

SRC = Path(__file__).parents[2] / "src"
ORDER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from adapters.opennebula.staging import staged
with staged(Path(sys.argv[2])) as place:
    (place / "source").write_bytes(b"half")
    print(place, flush=True)
    time.sleep(600)
"""


@contextmanager
def order(base: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process that stages an image, and where."""
    argv = [sys.executable, "-c", ORDER, str(SRC), str(base)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def aged(path: Path) -> Path:
    """*path*, and all in it, as it was two days ago."""
    then = time.time() - 2 * 86400
    for each in (*(path.iterdir() if path.is_dir() else ()), path):
        os.utime(each, (then, then), follow_symlinks=False)
    return path


def left(base: Path, name: str = "left", *, locked: bool = True, content: bool = True) -> Path:
    """A directory as a killed order leaves it, two days ago."""
    place = base / f"{PREFIX}{name}"
    place.mkdir(mode=0o700)
    for file in [LOCK] * locked + ["source"] * content:
        (place / file).write_bytes(b"")
    return aged(place)


def later_order(base: Path) -> None:
    with staged(base):
        pass


def test_a_directory_is_private_and_gone_after(tmp_path: Path) -> None:
    """Images are secrets of their owners."""
    with staged(tmp_path) as place:
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_order_left_goes_with_a_later_one(tmp_path: Path) -> None:
    """Its lock ended with it; an image may be as large as the file system."""
    with order(tmp_path) as (process, place):
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (aged(place) / "source").exists()

    later_order(tmp_path)

    assert not place.exists()


def test_what_a_running_order_uses_stays_however_old_it_is(tmp_path: Path) -> None:
    """A slow download, a clock that was set."""
    with order(tmp_path) as (_, place):
        aged(place)

        later_order(tmp_path)

        assert (place / "source").read_bytes() == b"half"


def test_what_is_young_stays(tmp_path: Path) -> None:
    """A downloader that outlived its order may still write."""
    young, written = left(tmp_path, "young"), left(tmp_path, "written")
    os.utime(young)
    (written / "source").write_bytes(b"more")

    later_order(tmp_path)

    assert young.exists()
    assert written.exists()


def test_what_another_user_has_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is called."""
    foreign = left(tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: foreign.stat().st_uid + 1)

    later_order(tmp_path)

    assert (foreign / "source").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Neither one in the place of the directory, nor one in the place of its lock."""
    base, away = tmp_path / "base", tmp_path / "away"
    base.mkdir()
    away.mkdir()
    victim = left(away)
    link = base / f"{PREFIX}link"
    link.symlink_to(victim)
    aged(link)
    lock_is_link = left(base, "odd", locked=False)
    (lock_is_link / LOCK).symlink_to(victim / LOCK)
    aged(lock_is_link)

    later_order(base)

    assert link.is_symlink()
    assert (victim / "source").exists()
    assert (lock_is_link / "source").exists()


def test_a_link_inside_is_removed_and_what_it_names_stays(tmp_path: Path) -> None:
    """Only the directory itself is ours."""
    base, treasure = tmp_path / "base", tmp_path / "treasure"
    base.mkdir()
    treasure.mkdir()
    (treasure / "disk").write_bytes(b"data")
    place = left(base)
    (place / "out").symlink_to(treasure)
    aged(place)

    later_order(base)

    assert not place.exists()
    assert (treasure / "disk").read_bytes() == b"data"


def test_one_without_a_lock_goes_only_while_it_is_empty(tmp_path: Path) -> None:
    """An order was killed before it could lock; anything else with that name is not of ours."""
    empty, full = left(tmp_path, "empty", locked=False, content=False), left(tmp_path, "full", locked=False)

    later_order(tmp_path)

    assert not empty.exists()
    assert full.exists()


def test_the_directory_of_the_locks_stays(tmp_path: Path) -> None:
    """It may lie beside, is old and empty, and orders hold files in it."""
    locks = aged(private_directory(tmp_path))

    later_order(tmp_path)

    assert locks.exists()


def test_only_plain_files_of_ours_are_forgotten_exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link or a directory with such a name is of somebody else."""
    file, link, directory = (tmp_path / f"x-{name}" for name in ("file", "link", "directory"))
    file.write_bytes(b"old")
    link.symlink_to(file)
    directory.mkdir()
    for each in (file, link, directory):
        aged(each)

    assert list(forgotten(tmp_path, "x-", stat.S_ISREG)) == [file]
    monkeypatch.setattr(os, "getuid", lambda: file.stat().st_uid + 1)
    assert list(forgotten(tmp_path, "x-", stat.S_ISREG)) == []
