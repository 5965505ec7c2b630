"""Where OpenNebula lies on the front-end, and which version it is. Every order asks, so little is imported here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Installation:
    """Where OpenNebula lies (opennebula.md 1.2) and which version it is; (99,) where that is unknown."""

    var: Path
    etc: Path
    lib: Path
    version: tuple[int, ...]

    @property
    def remotes(self) -> Path:
        """The tree of drivers."""
        return self.var / "remotes"

    @staticmethod
    def find(environment: Mapping[str, str]) -> Installation:
        """The packaged installation, or the self-contained one that ONE_LOCATION names."""
        location = environment.get("ONE_LOCATION")
        if location:
            var, etc, lib = (Path(location) / name for name in ("var", "etc", "lib"))
        else:
            var, etc, lib = Path("/var/lib/one"), Path("/etc/one"), Path("/usr/lib/one")
        return Installation(var, etc, lib, read_version(var / "remotes" / "VERSION"))


def read_version(path: Path) -> tuple[int, ...]:
    """The version in `remotes/VERSION`, at most three numbers; (99,) where it says none."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return (99,)
    numbers = re.findall(r"[0-9]{1,9}", text.split()[0] if text else "")
    return tuple(int(each) for each in numbers[:3]) or (99,)
