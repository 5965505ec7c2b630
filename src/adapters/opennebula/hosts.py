"""Port Hosts over ssh: one session for each host and call."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from adapters.opennebula.copying import Copier
from adapters.opennebula.processes import Ended
from adapters.opennebula.rendering import describe, script
from adapters.opennebula.ssh import Shell, reached, session
from domain.errors import HostCommandFailed
from domain.names import HostName
from domain.settings import Limits
from domain.steps import MakeFileSystem, Step


class SshHosts:
    """Hosts reached by ssh as oneadmin, without a password."""

    def __init__(self, limits: Limits, shell: Shell | None = None) -> None:
        self._limits = limits
        self._shell = shell or Shell(limits)

    def run(self, host: HostName, steps: Sequence[Step]) -> tuple[str, ...]:
        """Carry out *steps* in one session; one text for each. Raises HostUnreachable, HostCommandFailed."""
        if not steps:
            return ()
        mark = f"linstor-step-{secrets.token_hex(8)}"
        seconds = self._limits.host + sum(self._may_wait(step) for step in steps)
        with session(host, self._shell.argv(host), seconds, stdin=script(steps, mark).encode()) as program:
            ended = reached(host, program.end(), seconds)
        return _told(host, steps, ended, mark)

    def _may_wait(self, step: Step) -> float:
        """Seconds that the step itself may take, on top of the limit of the session."""
        if isinstance(step, MakeFileSystem):
            return self._limits.change
        return float(getattr(step, "seconds", 0.0))

    def copy_files(self, source: HostName, directory: str, target: HostName, to: str) -> bool:
        """Copy plain files between directories, streamed and compared. See the port."""
        return Copier(self._shell, self._limits).copy(source, directory, target, to)


def _told(host: HostName, steps: Sequence[Step], ended: Ended, mark: str) -> tuple[str, ...]:
    """The texts between the marks. Raises HostCommandFailed for the step after whose mark the script ended."""
    texts = _between_marks(ended.out.decode("utf-8", "replace"), mark)
    if ended.too_much:
        raise HostCommandFailed(host, describe(steps[max(0, len(texts) - 2)]), "it writes without end")
    if ended.code != 0 or len(texts) <= len(steps):
        begun = min(max(1, len(texts)), len(steps))
        raise HostCommandFailed(host, describe(steps[begun - 1]), ended.said)
    return tuple(texts[: len(steps)])


def _between_marks(text: str, mark: str) -> list[str]:
    """What follows each mark; what a login printed before the first one is nobody's."""
    parts: list[list[str]] = []
    for line in text.splitlines():
        if line == mark:
            parts.append([])
        elif parts:
            parts[-1].append(line)
    return ["\n".join(part) for part in parts]
