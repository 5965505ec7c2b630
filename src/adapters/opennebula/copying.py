"""Copy the files of a directory from host to host: streamed, checked, never through a link.

One session on each host. The sender leaves a probe in its directory for the moment; a receiver that sees the probe
in its own directory knows that both are one (a shared file system), and does nothing.
"""

from __future__ import annotations

import re
import secrets
import select
import subprocess
from typing import IO, Protocol

from adapters.opennebula.processes import LONGEST_OUTPUT, kill
from adapters.opennebula.rendering import words
from domain.errors import HostCommandFailed, HostUnreachable
from domain.names import HostName, same_host
from domain.settings import Limits

SENDER = r"""
set -u; export LANG=C LC_ALL=C
cd -- "$1" 2>/dev/null || { printf 'LINSTOR-NOTHING\n' >&2; exit 0; }
trap 'rm -f -- "$2"' EXIT
: > "$2" || exit 1
printf x
cat > /dev/null
rm -f -- "$2"
find . -xdev \( -type f -o -type d \) -print0 | tar --null --no-recursion -cf - -T - || exit 1
sum=$(find . -xdev -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum | sha256sum)
printf 'LINSTOR-SUM %s\n' "${sum%% *}" >&2
"""
"""Leaves the probe until it is told (by the end of its input) that the receiver has looked."""

RECEIVER = r"""
set -u; export LANG=C LC_ALL=C
mkdir -p -- "$1" && cd -- "$1" || exit 1
IFS= read -r -N 1 first || { printf 'LINSTOR-NOTHING\n'; exit 0; }
[ ! -e "$2" ] || { printf 'LINSTOR-SHARED\n'; exit 0; }
printf 'LINSTOR-APART\n'
new=".linstor-arriving.$$"
trap 'rm -rf -- "$new"' EXIT
rm -rf -- "$new"; mkdir -- "$new" || exit 1
tar -C "$new" -xf - || exit 1
sync -f "$new" 2>/dev/null || sync
sum=$(cd -- "$new" && find . -xdev -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum | sha256sum) || exit 1
cp -a -- "$new"/. . || exit 1
printf 'LINSTOR-SUM %s\n' "${sum%% *}"
"""

_SUM = re.compile(rb"LINSTOR-SUM ([0-9a-f]{64})")


class StartsCommands(Protocol):
    """Gives the words that run a command line on a host."""

    def command(self, host: HostName, line: str) -> list[str]:
        """The argument vector; *line* is shell text of quoted words."""


class Copier:
    """Copies of directories."""

    def __init__(self, shell: StartsCommands, limits: Limits) -> None:
        self._shell = shell
        self._limits = limits

    def copy(self, source: HostName, directory: str, target: HostName, to: str) -> bool:
        """Whether anything may have had to be copied; see `Hosts.copy_files`."""
        if same_host(source, target) and directory == to:
            return False
        probe = f".linstor-probe-{secrets.token_hex(8)}"
        sender = self._start(source, SENDER, directory, probe, subprocess.PIPE, subprocess.PIPE)
        receiver = self._start(target, RECEIVER, to, probe, sender.stdout, subprocess.PIPE)
        assert sender.stdout is not None  # noqa: S101 - it was asked for
        sender.stdout.close()
        return self._judge(source, directory, sender, target, receiver)

    def _start(
        self, host: HostName, script: str, directory: str, probe: str, stdin: int | IO[bytes] | None, stdout: int
    ) -> subprocess.Popen[bytes]:
        line = words("bash", "-c", script, "linstor", directory, probe)
        try:
            return subprocess.Popen(
                self._shell.command(host, line),
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise HostUnreachable(host, f"ssh cannot be started: {error.strerror}") from error

    def _judge(
        self,
        source: HostName,
        directory: str,
        sender: subprocess.Popen[bytes],
        target: HostName,
        receiver: subprocess.Popen[bytes],
    ) -> bool:
        looked = self._first_line(target, receiver)
        assert sender.stdin is not None  # noqa: S101 - it was asked for
        sender.stdin.close()
        told, said = self._ended(target, receiver)
        sent = self._sender_ended(sender)
        if b"LINSTOR-SHARED" in looked:
            return False
        if b"LINSTOR-NOTHING" in sent:
            return True
        _check(receiver.returncode, target, f"receive the files of {directory}", said)
        _check(sender.returncode, source, f"send the files of {directory}", sent)
        sums = [_SUM.search(text) for text in (sent, told)]
        if not sums[0] or not sums[1] or sums[0][1] != sums[1][1]:
            raise HostCommandFailed(target, f"receive the files of {directory}", "what arrived is not what was sent")
        return True

    def _first_line(self, host: HostName, receiver: subprocess.Popen[bytes]) -> bytes:
        """What the receiver says once it has looked for the probe."""
        assert receiver.stdout is not None  # noqa: S101 - it was asked for
        ready, _, _ = select.select([receiver.stdout], [], [], self._limits.host)
        if not ready:
            kill(receiver)
            raise HostUnreachable(host, f"no answer within {self._limits.host:g} seconds")
        return receiver.stdout.readline()

    def _ended(self, host: HostName, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        try:
            out, err = process.communicate(timeout=self._limits.transfer)
        except subprocess.TimeoutExpired as expired:
            kill(process)
            raise HostUnreachable(host, f"no end after {self._limits.transfer:g} seconds") from expired
        return out[:LONGEST_OUTPUT], err[-LONGEST_OUTPUT:]

    def _sender_ended(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stderr is not None  # noqa: S101 - it was asked for
        said = process.stderr.read(LONGEST_OUTPUT)
        try:
            process.wait(self._limits.host)
        except subprocess.TimeoutExpired:
            kill(process)
        return said


def _check(code: int, host: HostName, doing: str, said: bytes) -> None:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    last = lines[-1] if lines else f"exit code {code}"
    if code == 255:
        raise HostUnreachable(host, last)
    if code != 0:
        raise HostCommandFailed(host, doing, last)
