"""What the packages are made from, as far as it can be seen without making them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.onelinstor.install.environment import pins

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "src/entrypoints/onelinstor/install/requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPTS = [
    path
    for path in sorted((ROOT / "packaging").rglob("*"))
    if path.is_file() and path.read_text(encoding="utf-8").startswith("#!/bin/sh")
]


def _locked() -> dict[str, str]:
    """Library -> its lines of the lock."""
    parts = re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)
    return {part.split("==")[0]: part for part in parts if "==" in part}


def _needed() -> list[str]:
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["sandbox"]]
    return [re.split(r"[<>=]", each)[0] for each in wanted]


def test_every_library_is_pinned_with_checksums() -> None:
    """A package holds the libraries that were tested, byte for byte."""
    locked = _locked()

    assert set(_needed()) <= set(locked)
    assert [name for name, lines in locked.items() if "--hash=sha256:" not in lines] == []


def test_an_installation_from_the_network_gets_the_same_versions() -> None:
    """The installer hands the versions of the lock to pip, all of them."""
    assert {line.split("==")[0] for line in pins().splitlines()} == set(_locked())


def test_the_lock_names_no_server() -> None:
    """Where libraries come from is the builder's choice."""
    assert "://" not in LOCK
    assert "--index" not in LOCK


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_can_be_read_by_the_shell(script: Path) -> None:
    """A maintainer script with an error in it would leave a package half installed."""
    subprocess.run(["sh", "-n", script], check=True)

    assert os.access(script, os.X_OK)


def test_a_development_version_sorts_before_its_release() -> None:
    """Both dpkg and rpm take `~` for "before"."""
    told = subprocess.run(["sh", ROOT / "packaging" / "version.sh"], check=True, capture_output=True, text=True)

    plain = PROJECT["version"]
    assert told.stdout.strip() == re.sub(r"\.?(dev|a|b|rc)(\d+)$", r"~\1\2", plain)
