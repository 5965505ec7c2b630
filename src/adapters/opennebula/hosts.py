"""Port Hosts over ssh: one session for each host and call."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from adapters.opennebula import processes
from adapters.opennebula.copying import Copier
from adapters.opennebula.rendering import describe, script
from domain.errors import HostCommandFailed, HostUnreachable
from domain.names import HostName, host_name
from domain.settings import Limits
from domain.steps import Step

SSH_FAILED = 255


class Shell:
    """How to run something on a host: `ssh HOST ...`, found through PATH."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def argv(self, host: HostName) -> list[str]:
        """The words that start a shell on *host* which reads its script from standard input."""
        return self.command(host, "bash -s")

    def command(self, host: HostName, line: str) -> list[str]:
        """The words that run *line*, shell text of quoted words, on *host*."""
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": str(round(self._limits.ssh_connect)),
            "ServerAliveInterval": "15",
            "ControlMaster": "no",
            "ControlPath": "none",
        }
        given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        return ["ssh", *given, host_name(host), line]


class SshHosts:
    """Hosts reached by ssh as oneadmin, without a password."""

    def __init__(self, limits: Limits, shell: Shell | None = None) -> None:
        self._limits = limits
        self._shell = shell or Shell(limits)

    def run(self, host: HostName, steps: Sequence[Step]) -> tuple[str, ...]:
        """Carry out *steps* in one session; one text for each. Raises HostUnreachable, HostCommandFailed."""
        wanted = tuple(steps)
        if not wanted:
            return ()
        marker = f"--{secrets.token_hex(8)}--"
        ended = self._ended(host, script(wanted, marker), self._limits.host + _waits(wanted))
        texts = ended.out.decode("utf-8", "replace").split(f"\n{marker}\n")
        if ended.code != 0 or len(texts) <= len(wanted):
            failed = wanted[min(len(texts) - 1, len(wanted) - 1)]
            raise HostCommandFailed(host, describe(failed), ended.said)
        return tuple(text.strip("\n") for text in texts[: len(wanted)])

    def _ended(self, host: HostName, text: str, seconds: float) -> processes.Ended:
        try:
            ended = processes.run(self._shell.argv(host), stdin=text.encode(), seconds=seconds)
        except OSError as error:
            raise HostUnreachable(host, f"ssh cannot be started: {error.strerror}") from error
        if ended.timed_out:
            raise HostUnreachable(host, f"no end after {seconds:g} seconds")
        if ended.code == SSH_FAILED:
            raise HostUnreachable(host, ended.said)
        return ended

    def copy_files(self, source: HostName, directory: str, target: HostName, to: str) -> bool:
        """Copy plain files between directories, streamed and compared. See the port."""
        return Copier(self._shell, self._limits).copy(source, directory, target, to)


def _waits(steps: Sequence[Step]) -> float:
    """What the steps themselves may wait for, on top of the limit of the session."""
    return sum(float(getattr(step, "seconds", 0.0)) for step in steps)
