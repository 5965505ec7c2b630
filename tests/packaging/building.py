"""Packages made from this tree: one, and a later one with a change in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*words: str | Path, **environment: str) -> str:
    """What a command prints in this tree; its errors are shown when it fails."""
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def built(kind: str, version: str) -> Path:
    """The package of that kind, `deb` or `rpm`."""
    run("make", kind, PACKAGE_VERSION=version)
    return next((ROOT / "dist").glob(f"one-linstor-driver[-_]{version}[-_]*.{kind}"))


def two(kind: str) -> tuple[Path, Path]:
    """Version 4.0.1, and 4.0.2 with a module more and one that is changed."""
    first = built(kind, "4.0.1")
    changed, added = ROOT / "src/domain/safe_paths.py", ROOT / "src/domain/added_later.py"
    text = changed.read_text(encoding="utf-8")
    try:
        changed.write_text(text + "\n", encoding="utf-8")
        added.write_text('"""Only the later package has it."""\n', encoding="utf-8")
        second = built(kind, "4.0.2")
    finally:
        changed.write_text(text, encoding="utf-8")
        added.unlink()
    return first, second
