"""Port Scripts in memory: functions in the place of OpenNebula's own drivers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from domain.errors import ScriptFailed
from domain.ports import DAY

Script = Callable[[Sequence[str], bytes], str]
"""Gets arguments and standard input, gives what it prints; raises ScriptFailed."""


@dataclass(frozen=True)
class ScriptCall:
    """One call that was made."""

    script: str
    argv: tuple[str, ...]
    stdin: bytes


def _silent(_argv: Sequence[str], _stdin: bytes) -> str:
    return ""


@dataclass
class MemoryScripts:
    """*installed* by `kind/driver/action`; *calls* is what was run, in order; *hanging* never ends."""

    installed: dict[str, Script] = field(default_factory=dict)
    calls: list[ScriptCall] = field(default_factory=list)
    hanging: set[str] = field(default_factory=set)

    def install(self, name: str, script: Script = _silent) -> None:
        """Put a script under `kind/driver/action`; without one it does nothing and succeeds."""
        self.installed[name] = script

    def exists(self, kind: str, driver: str, action: str) -> bool:
        """Whether that script is installed."""
        return f"{kind}/{driver}/{action}" in self.installed

    def run(self, kind: str, driver: str, action: str, argv: Sequence[str], stdin: bytes, seconds: float = DAY) -> str:
        """Run it and give what it prints. Raises ScriptFailed; one that is in `hanging` runs into its limit."""
        name = f"{kind}/{driver}/{action}"
        if name not in self.installed:
            raise ScriptFailed(name, "it cannot be started: No such file or directory")
        self.calls.append(ScriptCall(name, tuple(argv), stdin))
        if name in self.hanging:
            raise ScriptFailed(name, f"no end after {seconds:g} seconds")
        return self.installed[name](argv, stdin)
