"""How a host is reached: `ssh HOST ...`, found through PATH, and what its ways of failing mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

from adapters.opennebula import processes
from domain.errors import HostCommandFailed, HostUnreachable
from domain.names import HostName, host_name
from domain.settings import Limits

SSH_FAILED = 255


class StartsCommands(Protocol):
    """Gives the words that run a command line on a host."""

    def command(self, host: HostName, line: str) -> list[str]:
        """The argument vector; *line* is shell text of quoted words."""


class Shell:
    """Words that start something on a host. *options* are more words for ssh, before the host."""

    def __init__(self, limits: Limits, options: Sequence[str] = ()) -> None:
        self._limits = limits
        self._options = tuple(options)

    def command(self, host: HostName, line: str) -> list[str]:
        """*line*, shell text of quoted words, on *host*. Raises BadName."""
        fixed = {
            "BatchMode": "yes",
            "ConnectTimeout": str(max(1, round(self._limits.ssh_connect))),
            # a host that dies in the middle of a long stream is noticed after a minute
            "ServerAliveInterval": "15",
            "ServerAliveCountMax": "4",
            "ControlMaster": "no",
            "ControlPath": "none",
        }
        given = [word for key, value in fixed.items() for word in ("-o", f"{key}={value}")]
        return ["ssh", *given, *self._options, host_name(host), line]


@contextmanager
def session(
    host: HostName, argv: Sequence[str], seconds: float, *, stdin: bytes | None = None, collect: bool = True
) -> Iterator[processes.Program]:
    """One session with *host*, gone at the end of the block. Raises HostUnreachable when ssh cannot be started."""
    with ExitStack() as open_sessions:
        try:
            program = open_sessions.enter_context(
                processes.started(argv, seconds=seconds, stdin=stdin, collect=collect)
            )
        except OSError as error:
            raise HostUnreachable(host, f"ssh cannot be started: {error.strerror}") from error
        yield program


def reached(host: HostName, ended: processes.Ended, seconds: float) -> processes.Ended:
    """*ended*, unless it says that the host could not be reached: HostUnreachable."""
    if ended.timed_out:
        raise HostUnreachable(host, f"no end after {seconds:g} seconds")
    if ended.code == SSH_FAILED:
        raise HostUnreachable(host, ended.said)
    return ended


def succeeded(host: HostName, ended: processes.Ended, seconds: float, doing: str) -> processes.Ended:
    """*ended*, unless *doing* it failed: HostUnreachable, HostCommandFailed."""
    reached(host, ended, seconds)
    if ended.too_much:
        raise HostCommandFailed(host, doing, "it writes without end")
    if ended.code != 0:
        raise HostCommandFailed(host, doing, ended.said)
    return ended
