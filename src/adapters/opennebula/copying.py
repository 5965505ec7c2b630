"""Copy the files of a directory from host to host: streamed, checked, never through a link.

One session on each host, and the driver between them. The sender leaves a probe in its directory until the receiver
has looked: a receiver that sees the probe in its own directory knows that both are one (a shared file system).
"""

from __future__ import annotations

import secrets

from adapters.opennebula.processes import Program
from adapters.opennebula.scripts_for_hosts import command
from adapters.opennebula.ssh import StartsCommands, session, succeeded
from domain.errors import HostCommandFailed
from domain.names import HostName, same_host
from domain.settings import Limits

MOST_NOISE = 200
"""Lines that a login may print before our own."""


class Copier:
    """Copies of directories."""

    def __init__(self, shell: StartsCommands, limits: Limits) -> None:
        self._shell = shell
        self._seconds = limits.transfer

    def copy(self, source: HostName, directory: str, target: HostName, to: str) -> bool:
        """Whether anything may have had to be copied; see `Hosts.copy_files`."""
        if same_host(source, target):
            return self._copy_here(source, directory, to)
        mark = f"linstor-files-{secrets.token_hex(8)}"
        probe = f".linstor-probe-{secrets.token_hex(8)}"
        send = self._shell.command(source, command("files", mark, "send_files", directory, probe))
        receive = self._shell.command(target, command("files", mark, "receive_files", to, probe))
        with (
            session(source, send, self._seconds, collect=False) as sender,
            session(target, receive, self._seconds, collect=False) as receiver,
        ):
            return _Passage(mark, self._seconds, source, sender, target, receiver).carry(directory, to)

    def _copy_here(self, host: HostName, directory: str, to: str) -> bool:
        if directory == to:
            return False
        mark = f"linstor-files-{secrets.token_hex(8)}"
        argv = self._shell.command(host, command("files", mark, "copy_here", directory, to))
        with session(host, argv, self._seconds, stdin=b"") as program:
            ended = succeeded(host, program.end(), self._seconds, f"copy the files of {directory} to {to}")
        return f"{mark} shared".encode() not in ended.out.splitlines()


class _Passage:
    """One copy from one host to another."""

    def __init__(
        self, mark: str, seconds: float, source: HostName, sender: Program, target: HostName, receiver: Program
    ) -> None:
        self._mark = mark.encode()
        self._seconds = seconds
        self._source, self._sender = source, sender
        self._target, self._receiver = target, receiver

    def carry(self, directory: str, to: str) -> bool:
        sending, receiving = f"send the files of {directory}", f"receive the files of {to}"
        if self._answer(self._source, self._sender, sending) == "missing":
            return True
        self._receiver.feed(b"look\n")
        if self._answer(self._target, self._receiver, receiving) == "shared":
            self._sender.close_input()
            succeeded(self._source, self._sender.end(), self._seconds, sending)
            return False
        self._sender.feed(b"go\n")
        if not self._pass_on():
            succeeded(self._target, self._receiver.end(), self._seconds, receiving)
            raise HostCommandFailed(self._target, receiving, "it stopped reading")
        sent = succeeded(self._source, self._sender.end(), self._seconds, sending)
        arrived = self._answer(self._target, self._receiver, receiving)
        succeeded(self._target, self._receiver.end(), self._seconds, receiving)
        if self._mark + b" " + arrived.encode() not in sent.err.splitlines():
            raise HostCommandFailed(self._target, receiving, "what arrived is not what was sent")
        return True

    def _pass_on(self) -> bool:
        """Pass the stream on to its end; False when the receiver stopped reading."""
        while data := self._sender.chunk():
            if not self._receiver.feed(data):
                return False
        self._receiver.close_input()
        return True

    def _answer(self, host: HostName, program: Program, doing: str) -> str:
        """The next line for us. Raises HostUnreachable, HostCommandFailed when none comes."""
        for _ in range(MOST_NOISE):
            line = program.line()
            if line.startswith(self._mark + b" "):
                return line[len(self._mark) + 1 :].decode("utf-8", "replace").strip()
            if not line:
                break
        program.close_input()
        ended = succeeded(host, program.end(), self._seconds, doing)
        raise HostCommandFailed(host, doing, ended.said)
