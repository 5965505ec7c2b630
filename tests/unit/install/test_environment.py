"""Which interpreter the launchers name, and that it is one which oned's user can start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.install.trees import Tree, listing

from entrypoints.onelinstor.install import environment
from entrypoints.onelinstor.install.entries import Problem
from entrypoints.onelinstor.install.environment import Interpreter
from entrypoints.onelinstor.install.front_end import find
from entrypoints.onelinstor.main import main
from entrypoints.remotes.launchers import import_paths


def test_a_checkout_is_not_used_unless_told(plain_tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    """An administrator's cloud must not depend on a directory that somebody works in."""
    before = listing(plain_tree.root)

    assert main(["install", *plain_tree.option]) == 1

    assert "give --venv DIR" in capsys.readouterr().err
    assert listing(plain_tree.root) == before


def test_an_installed_driver_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the command runs in a virtual environment that holds the driver, the launchers use that one."""
    monkeypatch.setattr(environment, "import_paths", lambda: [f"{tmp_path}/lib/site-packages"])
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    assert environment.own(in_place=False) == Interpreter(sys.executable, (f"{tmp_path}/lib/site-packages",))


@pytest.mark.parametrize(("directory", "accepted"), [("0123456789ab", True), ("one-linstor-driver", False)])
def test_the_copy_of_a_package_is_used_and_never_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, directory: str, accepted: bool
) -> None:
    """It has no virtual environment; the unpacked files beside it change one by one and are refused."""
    home = tmp_path / directory
    (home / "domain").mkdir(parents=True)
    (home / "domain" / "names.py").write_text("")
    (home / environment.BUILD).write_text("0123456789ab\n")
    monkeypatch.setattr(environment, "import_paths", lambda: [str(home)])
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    if not accepted:
        with pytest.raises(Problem, match="give --venv DIR"):
            environment.own(in_place=False)
        return

    before = listing(home)
    environment.compile_all(environment.own(in_place=False))

    assert listing(home) == before


@pytest.mark.parametrize("python", [f"/opt/{'long' * 30}/bin/python", "/opt/one linstor/bin/python"])
def test_a_first_line_that_no_kernel_reads_is_refused(python: str) -> None:
    """It would be cut off, and every action of the cloud with it."""
    with pytest.raises(Problem, match="use another --venv"):
        _ = Interpreter(python, ()).launcher


def test_an_interpreter_without_the_libraries_is_refused(plain_tree: Tree) -> None:
    """It is started once, as oned will, before any launcher names it."""
    front = find(plain_tree.environment, plain_tree.root)

    with pytest.raises(Problem, match=r"cannot run the driver .*No module named"):
        environment.probe(Interpreter(sys.executable, ("/nonexistent",)), front)
    environment.probe(Interpreter(sys.executable, tuple(import_paths())), front)


def test_an_interpreter_that_the_user_of_oned_cannot_start_is_refused(plain_tree: Tree, tmp_path: Path) -> None:
    """As one below root's home; the sentence says where to make another."""
    front = find(plain_tree.environment, plain_tree.root)
    python = tmp_path / "python"
    python.touch(mode=0o600)

    with pytest.raises(
        Problem, match=rf"cannot start {python}: Permission denied; use .* --venv that {front.user} can"
    ):
        environment.probe(Interpreter(str(python), ()), front)


def test_byte_code_is_made_for_whoever_runs_the_actions(tmp_path: Path) -> None:
    """An installer with a umask of its own must not make every action compile the driver again."""
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "names.py").write_text("")
    before = os.umask(0o077)
    try:
        environment.compile_all(Interpreter(sys.executable, (str(tmp_path),)))
    finally:
        os.umask(before)

    (made,) = (tmp_path / "domain" / "__pycache__").iterdir()
    assert made.stat().st_mode & 0o044 == 0o044


def test_a_new_environment_never_takes_the_place_of_another(tmp_path: Path) -> None:
    """Actions may be running from the old ones; they are numbered."""
    assert environment.next_below(tmp_path / "none") == tmp_path / "none" / "1"
    for name in ("2", "10", "onelinstor"):
        (tmp_path / name).mkdir()

    assert environment.next_below(tmp_path) == tmp_path / "11"


def test_an_environment_that_cannot_be_made_leaves_nothing(
    plain_tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last words of pip are told, and the launchers that were there go on."""

    def refuse(place: Path, wheelhouse: Path | None) -> None:
        place.mkdir()
        raise Problem("pip failed: no wheel")

    monkeypatch.setattr(environment, "make", refuse)

    assert main(["install", *plain_tree.option, "--venv", str(tmp_path / "venv")]) == 1

    assert "pip failed: no wheel" in capsys.readouterr().err
    assert list((tmp_path / "venv").iterdir()) == []
    assert not plain_tree.driver("tm").exists()


def test_a_dry_run_makes_no_environment(plain_tree: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says where the environment would be, and shows launchers that name it."""
    assert main(["install", *plain_tree.option, "--dry-run", "--venv", str(tmp_path / "venv")]) == 0

    assert f"+#!{tmp_path / 'venv' / '1'}/bin/python -IS\n" in capsys.readouterr().out
    assert not (tmp_path / "venv").exists()


@pytest.mark.skipif(not os.environ.get("WHEELHOUSE"), reason="WHEELHOUSE names no directory of wheels")
def test_from_wheels_without_network_and_back(
    addon_tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed three times, the last two environments are there; removed, none is, and the addon is back."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    venv, before = tmp_path / "venv", listing(addon_tree.root)
    words = [*addon_tree.option, "--venv", str(venv), "--wheelhouse", os.environ["WHEELHOUSE"]]

    assert [main(["install", *words]) for _ in range(3)] == [0, 0, 0]

    assert sorted(each.name for each in venv.iterdir()) == ["2", "3", "onelinstor"]
    ended = subprocess.run([addon_tree.driver("tm") / "ln"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert b"ln wants" in ended.stderr
    assert list((venv / "3").glob("lib/*/site-packages/domain/__pycache__/*.pyc"))
    assert subprocess.run([venv / "onelinstor", "uninstall", *addon_tree.option], check=False).returncode == 0
    assert listing(addon_tree.root) == before
    assert not venv.exists()
