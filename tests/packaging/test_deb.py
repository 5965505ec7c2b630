"""The deb on this very machine: installed, used, upgraded, removed. Only where PACKAGES=1 allows it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAME = "one-linstor-driver"
COPIES = Path("/var/lib") / NAME
PLACES = (Path("/usr/lib") / NAME, COPIES, Path("/usr/bin/onelinstor"), Path("/usr/share/doc") / NAME)
SHARED = (
    Path("/usr/share/man/man1/onelinstor.1.gz"),
    Path("/usr/share/bash-completion/completions/onelinstor"),
    Path("/usr/share/zsh/vendor-completions/_onelinstor"),
)

pytestmark = [
    pytest.mark.packages,
    pytest.mark.skipif(os.environ.get("PACKAGES") != "1", reason="PACKAGES=1 lets it install packages on this machine"),
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("dpkg-deb") is None, reason="needs root and dpkg"),
]


def _run(*argv: str | Path, **environment: str) -> str:
    """What the command prints; its errors are shown when it fails."""
    done = subprocess.run(
        argv, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _built(version: str) -> Path:
    _run("make", "deb", PACKAGE_VERSION=version)
    return next((ROOT / "dist").glob(f"{NAME}_{version}_*.deb"))


@pytest.fixture(scope="module")
def packages() -> tuple[Path, Path]:
    """A package and a later one with a change in it."""
    first = _built("4.0.1")
    changed = ROOT / "src" / "domain" / "safe_paths.py"
    text = changed.read_text(encoding="utf-8")
    try:
        changed.write_text(text + "\n", encoding="utf-8")
        second = _built("4.0.2")
    finally:
        changed.write_text(text, encoding="utf-8")
    return first, second


@pytest.fixture
def clean_machine() -> Iterator[None]:
    """Nothing of the package before and after."""
    assert [place for place in (*PLACES, *SHARED) if place.exists() or place.is_symlink()] == []
    yield
    subprocess.run(["dpkg", "--purge", NAME], check=False, capture_output=True)


def test_it_is_installed_used_upgraded_and_leaves_nothing(packages: tuple[Path, Path], clean_machine: None) -> None:
    """The command works from the package's own copy, an upgrade keeps the build before it, removal takes all."""
    first, second = packages

    _run("dpkg", "-i", first)
    assert "sandbox" in _run("onelinstor", "--help")
    before = (COPIES / "current").resolve()
    _run("dpkg", "-i", second)

    assert (COPIES / "current").resolve() != before
    assert before.is_dir()
    assert "nothing is left behind" in _run("onelinstor", "sandbox", "demo")
    _run("dpkg", "-r", NAME)
    assert [place for place in PLACES if place.exists() or place.is_symlink()] == []


def test_the_same_sources_give_the_same_package(packages: tuple[Path, Path]) -> None:
    """Whoever doubts a package can build it again and compare."""
    first = packages[0].read_bytes()

    assert _built("4.0.1").read_bytes() == first


def test_the_wheelhouse_needs_no_network(packages: tuple[Path, Path], tmp_path: Path) -> None:
    """A front-end without network gets everything from one directory."""
    _run("/usr/bin/python3", "-m", "venv", tmp_path / "venv")
    _run(
        tmp_path / "venv/bin/pip", "install", "--quiet", "--no-index", "--find-links", "dist/wheelhouse", NAME,
        PIP_FIND_LINKS="",
    )  # fmt: skip

    assert "sandbox" in _run(tmp_path / "venv/bin/onelinstor", "--help")


def test_licences_of_the_libraries_are_in_it(packages: tuple[Path, Path], tmp_path: Path) -> None:
    """Who distributes a library distributes its licence."""
    _run("dpkg-deb", "-x", packages[0], tmp_path)
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    libraries = {name.split("/")[3].split("-")[0] for name in names if name.endswith(".dist-info/RECORD")}
    licensed = {
        name.split("/")[3].split("-")[0]
        for name in names
        if ".dist-info/" in name and any(word in name.upper() for word in ("LICEN", "COPYING"))
    }
    assert len(libraries) > 5
    assert libraries - licensed == set()
