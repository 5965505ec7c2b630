"""Two administrators, or a package and an administrator, install at once: real processes take turns."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.unit.install.trees import Tree, listing

from entrypoints.onelinstor.install import locking
from entrypoints.onelinstor.install.locking import INHERITED, alone
from entrypoints.remotes.launchers import import_paths
from entrypoints.remotes.parser import ACTIONS

COMMAND = "import sys; from entrypoints.onelinstor.main import main; sys.exit(main(sys.argv[1:]))"
HOLDING = """
import pathlib, sys
from entrypoints.onelinstor.install.locking import alone
with alone(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def _started(code: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(import_paths())},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def _held(tree: Tree) -> Iterator[subprocess.Popen[str]]:
    """A process that installs all the time, until its input ends."""
    with _started(HOLDING, str(tree.var / "remotes")) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.communicate()


def _installing(tree: Tree) -> subprocess.Popen[str]:
    return _started(COMMAND, "install", *tree.option, "--in-place")


def test_the_second_waits_for_the_first(plain_tree: Tree) -> None:
    """It says for whom, changes nothing in the meantime, and then does its work."""
    before = listing(plain_tree.root)
    with _held(plain_tree) as holder, _installing(plain_tree) as second:
        assert second.stderr is not None
        assert f"waiting for process {holder.pid}, " in second.stderr.readline()
        assert listing(plain_tree.root) == before

        holder.communicate()
        _, said = second.communicate()

        assert (second.returncode, said) == (0, "")
    assert (plain_tree.driver("tm") / "clone").exists()


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_it_does_not_wait_for_ever(
    command: str,
    plain_tree: Tree,
    install: Callable[..., int],
    uninstall: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Then it names who holds the lock and ends; a look only is not kept waiting."""
    monkeypatch.setattr(locking, "SECONDS", 0.0)
    run = {"install": install, "uninstall": uninstall}[command]
    before = listing(plain_tree.root)
    with _held(plain_tree) as holder:
        assert run(plain_tree) == 1
        assert f"process {holder.pid} is installing or uninstalling here" in capsys.readouterr().err
        assert run(plain_tree, "--dry-run") == 0

    assert listing(plain_tree.root) == before


def test_one_that_was_killed_holds_nobody_up(plain_tree: Tree, install: Callable[..., int]) -> None:
    """The lock ends with its process, and is no file that somebody would have to remove."""
    with _held(plain_tree) as holder:
        holder.kill()
        holder.communicate()

        assert install(plain_tree) == 0


def test_what_the_holder_starts_goes_on_under_its_lock(plain_tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new virtual environment installs itself; a number that is another file's counts for nothing."""
    remotes = plain_tree.var / "remotes"
    with alone(remotes) as lock:
        monkeypatch.setenv(INHERITED, str(lock))
        with alone(remotes) as again:
            assert again == lock
    monkeypatch.setenv(INHERITED, "0")
    with _held(plain_tree):
        monkeypatch.setattr(locking, "SECONDS", 0.0)
        with pytest.raises(locking.Problem, match="is installing"), alone(remotes):
            pass


def test_two_at_once_leave_what_one_leaves(addon_tree: Tree, uninstall: Callable[..., int]) -> None:
    """Every launcher is there, and what stood there before the first of them comes back."""
    before = listing(addon_tree.root)
    with _installing(addon_tree) as first, _installing(addon_tree) as second:
        for each in (first, second):
            assert each.wait() == 0

    assert [each for kind in ACTIONS for each in ACTIONS[kind] if not (addon_tree.driver(kind) / each).exists()] == []
    assert uninstall(addon_tree) == 0
    assert listing(addon_tree.root) == before
