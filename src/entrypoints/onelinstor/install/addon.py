"""What an addon 2.x or 3.x left on the front-end, by what it really installs.

It puts its scripts below `remotes/tm/linstor` and `remotes/datastore/linstor`, and a Python package `one` beside the
system's own. It has no file of configuration. Its Debian and RPM packages are called `linstor-opennebula`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from entrypoints.remotes.parser import ACTIONS

PACKAGE = "linstor-opennebula"
THEIRS = {
    "tm": ("monitor_ds",),
    "datastore": ("backup", "restore", "ls", "increment_flatten"),
}
"""Actions that oned may call and that this driver may not have: a script of another driver must not stay for them."""


def callable_by_oned(kind: str, name: str) -> bool:
    """Whether oned could run a file of this name: an action, alone or with a suffix (opennebula.md 3.3)."""
    return name.partition(".")[0] in (*ACTIONS[kind], *THEIRS[kind])


def package_of(root: Path) -> str:
    """The command that keeps the addon's package from overwriting this driver, "" where there is no such package."""
    if (_dpkg(root) / f"{PACKAGE}.list").exists():
        return f"apt-mark hold {PACKAGE}"
    rpm = shutil.which("rpm") if root == Path("/") else None
    if rpm and subprocess.run([rpm, "-q", PACKAGE], capture_output=True, check=False).returncode == 0:
        return f"dnf versionlock add {PACKAGE}"
    return ""


def changed_locally(root: Path, below: Path, copies: Iterable[Path]) -> list[Path]:
    """Those *copies* that are not as the addon's Debian package brought them.

    Each is below *below* at the whole path that it had.
    None where the package's check sums are not there.
    """
    sums = _check_sums(root)
    originals = {each: Path("/") / each.relative_to(below) for each in copies}
    return [copy for copy, path in originals.items() if path in sums and copy.is_file() and _md5(copy) != sums[path]]


def _check_sums(root: Path) -> dict[Path, str]:
    file = _dpkg(root) / f"{PACKAGE}.md5sums"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {root / name.strip(): digest for digest, _, name in (line.partition(" ") for line in lines)}


def _dpkg(root: Path) -> Path:
    return root / "var" / "lib" / "dpkg" / "info"


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
