"""A copy of this machine that nobody keeps: what is written there lies in an overlay, in a name space of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SET_UP = """
set -e
mount -t tmpfs none "$1"
cd "$1"
mkdir up work root
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" root
for each in dev proc sys; do mount --rbind "/$each" "root/$each"; done
echo ready
read -r _ || true
"""
"""The name space lasts as long as its standard input, so it ends with the tests however these end."""


@dataclass(frozen=True)
class Machine:
    """Its files are below *root*, as any process of this machine may see them."""

    process: int
    below: Path

    @property
    def root(self) -> Path:
        """The root of its file system."""
        return Path(f"/proc/{self.process}/root{self.below}/root")

    def command(self, *words: str | Path, user: str = "root") -> list[str]:
        """The words that run a program there."""
        enter = ["nsenter", f"--target={self.process}", "--mount", "chroot", f"--userspec={user}"]
        return [*enter, f"{self.below}/root", *map(str, words)]

    def ended(self, *words: str | Path, user: str = "root", stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A program there, at its end; both of its outputs are in `stdout`."""
        return subprocess.run(
            self.command(*words, user=user),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "DEBIAN_FRONTEND": "noninteractive"},
        )

    def run(self, *words: str | Path, user: str = "root", stdin: str = "") -> str:
        """What it prints; shown when it fails."""
        done = self.ended(*words, user=user, stdin=stdin)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def put(self, file: Path) -> str:
        """Where a copy of *file* is there."""
        shutil.copy(file, self.root / "tmp")
        return f"/tmp/{file.name}"


def reason_against() -> str:
    """Why there can be no such copy here; "" where there can."""
    if os.environ.get("PACKAGES") != "1":
        return "PACKAGES=1 lets it make packages"
    return "" if os.geteuid() == 0 else "needs root"


@contextmanager
def machine(below: Path) -> Iterator[Machine]:
    """One, with all that it needs in the new directory *below*."""
    below.mkdir()
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", SET_UP, "sh", below],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        yield Machine(holder.pid, below)
    finally:
        with suppress(BrokenPipeError):
            holder.communicate()
        shutil.rmtree(below)
