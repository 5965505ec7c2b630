"""Port Scripts: OpenNebula's own drivers beside this one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.opennebula import processes
from adapters.opennebula.installation import Installation
from domain.errors import ScriptFailed
from domain.ports import DAY

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class OpenNebulaScripts:
    """Runs `remotes/<kind>/<driver>/<action>` as oned does."""

    def __init__(self, installation: Installation, environment: Mapping[str, str]) -> None:
        self._installation = installation
        self._environment = environment

    def _path(self, kind: str, driver: str, action: str) -> Path:
        for word in (kind, driver, action):
            if not _WORD.fullmatch(word):
                raise ScriptFailed(f"{kind}/{driver}/{action}", "there can be no such script")
        return self._installation.remotes / kind / driver / action

    def exists(self, kind: str, driver: str, action: str) -> bool:
        """Whether that script is installed."""
        try:
            return self._path(kind, driver, action).is_file()
        except ScriptFailed:
            return False

    def run(self, kind: str, driver: str, action: str, argv: Sequence[str], stdin: bytes, seconds: float = DAY) -> str:
        """Run the script with exactly these arguments. Raises ScriptFailed with the last line it said, or the limit."""
        path = self._path(kind, driver, action)
        name = f"{kind}/{driver}/{action}"
        try:
            ended = processes.run(
                [str(path), *argv],
                stdin=stdin,
                seconds=seconds,
                environment=self._environment,
                directory=str(self._installation.var),
            )
        except OSError as error:
            raise ScriptFailed(name, f"it cannot be started: {error.strerror}") from error
        if ended.timed_out:
            raise ScriptFailed(name, f"no end after {seconds:g} seconds")
        if ended.code != 0:
            raise ScriptFailed(name, ended.said)
        if ended.too_much:
            raise ScriptFailed(name, f"it printed more than {processes.LONGEST_OUTPUT} bytes")
        return ended.out.decode("utf-8", "replace")
