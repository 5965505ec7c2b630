"""Real sshds in the place of the stand-in: the unmodified `ssh HOST ...` reaches a host of a sandbox over TCP."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from entrypoints.sandbox import kin
from entrypoints.sandbox.world import Sandbox

SSHD = "/usr/sbin/sshd"
PRIVILEGES = Path("/run/sshd")
"""Where sshd separates its privileges; Debian's init script makes it."""
PATIENCE = 10.0

CLIENT = """Host {host}
    HostName {address}
    Port {port}
    HostKeyAlias {host}
    User {user}
    IdentityFile {common}/key
    IdentitiesOnly yes
    IdentityAgent none
    StrictHostKeyChecking yes
    UserKnownHostsFile {common}/known_hosts
    GlobalKnownHostsFile none
"""

SERVER = """ListenAddress {address}:{port}
HostKey {own}/host_key
AuthorizedKeysFile {common}/key.pub
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
PrintMotd no
MaxStartups 100
Banner {own}/banner
ForceCommand {own}/login
"""

LOGIN = """#!/bin/sh
PATH={bin}:$PATH SANDBOX_HOST={host}
export PATH SANDBOX_HOST
. {own}/profile
exec {session} {host} "$SSH_ORIGINAL_COMMAND"
"""


class Sshd:
    """The sshd of one host, on a loopback address of its own. What follows a login is the stand-in's session."""

    def __init__(self, root: Path, host: str, address: str) -> None:
        self.host, self.address, self.port = host, address, _free_port(address)
        self._root, self._own = root, root / "sshd" / host
        self._process: subprocess.Popen[bytes] | None = None
        self._own.mkdir(parents=True)
        _make_key(self._own / "host_key")
        self._write("sshd_config", SERVER)
        self._write("login", LOGIN, 0o755)
        self.say()

    @property
    def public_key(self) -> str:
        """Its host key, as known_hosts has it."""
        return (self._own / "host_key.pub").read_text(encoding="utf-8")

    def filled(self, text: str) -> str:
        """A template about this host."""
        common = self._own.parent
        return text.format(
            **{"host": self.host, "address": self.address, "port": self.port, "user": getpass.getuser()},
            **{"own": self._own, "common": common, "session": common / "session", "bin": self._root / "bin"},
        )

    def _write(self, name: str, template: str, mode: int = 0o600) -> None:
        path = self._own / name
        path.write_text(self.filled(template), encoding="utf-8")
        path.chmod(mode)

    def say(self, *, banner: str = "", profile: str = ":") -> None:
        """What a login shows before it authenticates, and what its shell runs before the command."""
        (self._own / "banner").write_text(banner, encoding="utf-8")
        (self._own / "profile").write_text(profile + "\n", encoding="utf-8")

    def start(self) -> None:
        """Listen. Raises OSError with sshd's words when it does not."""
        argv = [SSHD, "-D", "-e", "-f", str(self._own / "sshd_config")]
        with (self._own / "log").open("ab") as log:
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > until:
                said = (self._own / "log").read_text(encoding="utf-8", errors="replace")
                self.stop()
                raise OSError(f"sshd of {self.host} does not listen: {said.strip()}")
            time.sleep(0.02)

    def _listens(self) -> bool:
        try:
            with socket.create_connection((self.address, self.port), timeout=PATIENCE) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def stop(self) -> None:
        """The host goes down: nothing listens, and what ran there is gone. Stopped already is fine."""
        kin.end(self._root, self.host, {self._process.pid} if self._process else set())
        if self._process is not None:
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """The host hangs: the kernel goes on taking connections, and nobody answers them."""
        if self._process is not None:
            kin.tell(kin.below({self._process.pid}), signal.SIGSTOP)


class Sshds:
    """One sshd for each host of *sandbox*, by name; the client of the sandbox becomes the real one for good."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._common = sandbox.root / "sshd"
        self._common.mkdir()
        _make_key(self._common / "key")
        names = sandbox.hosts.names
        self.hosts = {host: Sshd(sandbox.root, host, f"127.0.0.{n}") for n, host in enumerate(names, 2)}
        self._configure_client()
        self._replace_client(sandbox.root / "bin" / "ssh")
        with ExitStack() as stack:
            PRIVILEGES.mkdir(mode=0o755, parents=True, exist_ok=True)
            for each in self.hosts.values():
                each.start()
                stack.callback(each.stop)
            self._stack = stack.pop_all()

    def __getitem__(self, host: str) -> Sshd:
        return self.hosts[host]

    def _configure_client(self) -> None:
        known = "".join(f"{each.host} {each.public_key}" for each in self.hosts.values())
        (self._common / "known_hosts").write_text(known, encoding="utf-8")
        client = "".join(each.filled(CLIENT) for each in self.hosts.values())
        (self._common / "client").write_text(client, encoding="utf-8")

    def _replace_client(self, client: Path) -> None:
        """What the stand-in did on the client's side it now does behind the login."""
        client.rename(self._common / "session")
        argv = [shutil.which("ssh") or "/usr/bin/ssh", "-F", str(self._common / "client")]
        client.write_text(f'#!/bin/sh\nexec {shlex.join(argv)} "$@"\n', encoding="utf-8")
        client.chmod(0o755)

    def close(self) -> None:
        """Stop all. Closing twice is fine."""
        self._stack.close()

    def __enter__(self) -> Sshds:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def missing() -> str:
    """Why real sshds cannot be started here; "" where they can."""
    if not os.access(SSHD, os.X_OK):
        return f"there is no {SSHD}; install openssh-server"
    return "" if os.geteuid() == 0 else "sshd lets others log in only when root starts it"


def _free_port(address: str) -> int:
    with socket.socket() as free:
        free.bind((address, 0))
        return int(free.getsockname()[1])


def _make_key(path: Path) -> None:
    argv: Sequence[str] = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
