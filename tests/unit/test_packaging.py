"""What an installation holds."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"


def _package_data() -> dict[str, list[str]]:
    """Package -> patterns, relative to its directory."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = settings["tool"]["setuptools"]["package-data"]
    return found


def _packaged() -> set[Path]:
    """The files that the patterns take, as setuptools reads them: below the directory of each package they are for."""
    packages = {".".join(each.parent.relative_to(SRC).parts): each.parent for each in SRC.rglob("__init__.py")}
    return {
        path
        for name, patterns in _package_data().items()
        for package, directory in packages.items()
        if name in ("*", package)
        for pattern in patterns
        for path in directory.glob(pattern)
    }


def _no_python() -> list[Path]:
    found = (each for each in SRC.rglob("*") if each.is_file() and each.suffix not in (".py", ".pyc"))
    return sorted(each for each in found if ".egg-info" not in each.parts[len(SRC.parts)])


def test_every_file_that_is_no_python_is_installed() -> None:
    """The scripts that run on hosts and the programs of the sandbox are files beside the modules that read them."""
    packaged = _packaged()

    assert _no_python()
    assert [str(each.relative_to(SRC)) for each in _no_python() if each not in packaged] == []


def test_every_directory_with_python_is_a_package() -> None:
    """One without `__init__.py` works in a checkout and is missing in an installation."""
    directories = {each.parent for each in SRC.rglob("*.py")} - {SRC}

    assert [str(each) for each in sorted(directories) if not (each / "__init__.py").exists()] == []
