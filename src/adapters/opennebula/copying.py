"""Copy the files of a directory from host to host: streamed, checked, never through a link.

One session on each host, and the driver between them. The sender leaves a probe in its directory until the receiver
has looked: a receiver that sees the probe in its own directory knows that both are one (a shared file system).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from adapters.opennebula.processes import Program
from adapters.opennebula.rendering import calls
from adapters.opennebula.scripts_for_hosts import command
from adapters.opennebula.ssh import StartsCommands, reached, session, succeeded
from adapters.opennebula.step_texts import told
from domain.errors import HostCommandFailed
from domain.names import HostName
from domain.settings import Limits
from domain.steps import Step

MOST_NOISE = 200
"""Lines that a login may print before our own."""


class Copier:
    """Copies of directories."""

    def __init__(self, shell: StartsCommands, limits: Limits) -> None:
        self._shell = shell
        self._limits = limits

    def copy(
        self, source: HostName, directory: str, target: HostName, to: str, then: Sequence[Step], only: str = ""
    ) -> bool:
        """Copy between two hosts; *then* follows in the session of the target. See `Hosts.copy_files`."""
        mark = f"linstor-files-{secrets.token_hex(8)}"
        probe = f".linstor-probe-{secrets.token_hex(8)}"
        send = self._shell.command(source, command("files", mark, "send_files", directory, probe, only))
        line = command("files", mark, "receive_files", to, probe, then=calls(then, f"{mark}-then"))
        receive = self._shell.command(target, line)
        with (
            session(source, send, self._limits.host, collect=False) as sender,
            session(target, receive, self._limits.host, collect=False) as receiver,
        ):
            passage = _Passage(mark, self._limits, source, sender, target, receiver)
            copied = passage.carry(directory, to)
            passage.finish(to, then)
            return copied

    def copy_here(self, host: HostName, directory: str, to: str, only: str = "") -> bool:
        """Copy between two directories of one host. See `Hosts.copy_files`."""
        if directory == to:
            return False
        mark = f"linstor-files-{secrets.token_hex(8)}"
        argv = self._shell.command(host, command("files", mark, "copy_here", directory, to, only))
        with session(host, argv, self._limits.host, stdin=b"") as program:
            program.allow_after(f"{mark} begun\n".encode(), self._limits.transfer)
            ended = succeeded(host, program.end(), program.seconds, f"copy the files of {directory} to {to}")
        return f"{mark} shared".encode() not in ended.out.splitlines()


class _Passage:
    """One copy from one host to another."""

    def __init__(
        self, mark: str, limits: Limits, source: HostName, sender: Program, target: HostName, receiver: Program
    ) -> None:
        self._mark = mark.encode()
        self._limits = limits
        self._source, self._sender = source, sender
        self._target, self._receiver = target, receiver

    def carry(self, directory: str, to: str) -> bool:
        """Bring the files over and see that they arrived; the target's session goes on."""
        sending, receiving = f"send the files of {directory}", f"receive the files of {to}"
        if self._answer(self._source, self._sender, sending) == "missing":
            return True
        self._receiver.feed(b"look\n")
        if self._answer(self._target, self._receiver, receiving) == "shared":
            self._sender.close_input()
            succeeded(self._source, self._sender.end(), self._sender.seconds, sending)
            return False
        for each in (self._sender, self._receiver):
            each.allow(self._limits.transfer)
        self._sender.feed(b"go\n")
        if not self._pass_on():
            succeeded(self._target, self._receiver.end(), self._receiver.seconds, receiving)
            raise HostCommandFailed(self._target, receiving, "it stopped reading")
        sent = succeeded(self._source, self._sender.end(), self._sender.seconds, sending)
        arrived = self._answer(self._target, self._receiver, receiving)
        if self._mark + b" " + arrived.encode() not in sent.err.splitlines():
            raise HostCommandFailed(self._target, receiving, "what arrived is not what was sent")
        return True

    def finish(self, to: str, then: Sequence[Step]) -> None:
        """The end of the target's session. Raises HostCommandFailed for the one of the steps that failed."""
        self._receiver.allow(self._limits.host + sum(float(getattr(each, "seconds", 0.0)) for each in then))
        self._receiver.close_input()
        rest = self._receiver.rest()
        ended = reached(self._target, self._receiver.end(), self._receiver.seconds)
        if then:
            told(self._target, then, replace(ended, out=rest), f"{self._mark.decode()}-then")
        else:
            succeeded(self._target, ended, self._receiver.seconds, f"receive the files of {to}")

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
        ended = succeeded(host, program.end(), program.seconds, doing)
        raise HostCommandFailed(host, doing, ended.said)
