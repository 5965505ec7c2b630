"""A whole small cloud below one directory: LINSTOR, oned, hosts, guests, and the driver's real executables."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any

from adapters.memory.linstor import InFiles, LinstorModel
from entrypoints.remotes import launchers
from entrypoints.sandbox.door import Door
from entrypoints.sandbox.guests import Guests
from entrypoints.sandbox.hosts import SandboxHosts
from entrypoints.sandbox.linstor import serve
from entrypoints.sandbox.oned import SimulatedOned

HOSTS = ("host-a", "host-b", "host-c")
GROUPS = {"OpenNebula-Default": 2, "OpenNebula-System": 2, "OpenNebula-Second": 2}
TIMEOUT = 120.0


@dataclass(frozen=True)
class Completed:
    """How an executable ended and what it took."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    linstor: tuple[str, ...]
    linstor_seconds: float
    oned: tuple[str, ...]
    ssh: tuple[str, ...]
    ssh_seconds: float
    answered_bytes: int


class Sandbox:
    """The cloud. Everything lives below *root*, which goes at the end unless it was given or *keep* is set."""

    def __init__(
        self,
        root: Path | None = None,
        *,
        hosts: Sequence[str] = HOSTS,
        front_end: str = "one-fe",
        nodes: Mapping[str, str] | None = None,
        groups: Mapping[str, int] | None = None,
        version: str = "7.4.0",
        keep: bool = False,
    ) -> None:
        self._keep = keep or root is not None
        self.root = Path(root or tempfile.mkdtemp(prefix="onelinstor-")).resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.one = self.root / "one"
        self._install(version)
        names = {**{host: host for host in (*hosts, front_end)}, **(nodes or {})}
        self.linstor = LinstorModel.simple(
            [names[host] for host in hosts],
            diskless=[names[front_end]],
            groups=groups or GROUPS,
            contents=InFiles(self.root / "volumes"),
        )
        self.hosts = SandboxHosts(self.root, hosts, front_end, names)
        self.hosts.follow(self.linstor)
        self.guests = Guests(self.linstor, self.hosts)
        self.server = serve(self.linstor)
        self.oned = SimulatedOned()
        self._door = Door(self.root / "door", self.linstor, self.hosts)
        (self.one / "auth").write_text(self.oned.session + "\n", encoding="utf-8")
        self._calls = itertools.count(1)

    def _install(self, version: str) -> None:
        """A self-contained OpenNebula, its own drivers played by stand-ins, and our executables."""
        remotes = self.one / "var" / "remotes"
        scripts = resources.files("entrypoints.sandbox") / "scripts"
        with resources.as_file(scripts) as tree:
            shutil.copytree(tree, remotes, dirs_exist_ok=True, copy_function=_copy_executable)
        for directory in ("etc", "lib", "var/vms", "var/datastores"):
            (self.one / directory).mkdir(parents=True, exist_ok=True)
        (remotes / "VERSION").write_text(version + "\n", encoding="utf-8")
        launchers.write(remotes, sys.executable)

    @property
    def datastores(self) -> Path:
        """Where the datastores are, as oned writes it."""
        return self.one / "var" / "datastores"

    @property
    def controller(self) -> str:
        """What LINSTOR_CONTROLLERS of the datastores says."""
        return f"{self.server.host}:{self.server.port}"

    def environment(self) -> dict[str, str]:
        """What oned gives a script."""
        return {
            "HOME": str(self.one),
            "PATH": f"{self.root / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "ONE_LOCATION": str(self.one),
            "ONE_XMLRPC": self.oned.url,
            "ONE_AUTH": str(self.one / "auth"),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.root),
        }

    def script(self, kind: str, driver: str, action: str) -> Path:
        """The executable; one without the suffix stands in for one with it, as in oned (opennebula.md 3.3)."""
        directory = self.one / "var" / "remotes" / {"ds": "datastore"}.get(kind, kind) / driver
        path = directory / action
        return path if path.exists() or "." not in action else directory / action.partition(".")[0]

    def run(
        self,
        kind: str,
        driver: str,
        action: str,
        argv: Sequence[str],
        stdin: bytes = b"",
        *,
        timeout: float = TIMEOUT,
        extra: Mapping[str, str] | None = None,
    ) -> Completed:
        """Start an executable as oned does, and count what it asks for."""
        mark = f"{next(self._calls)}"
        before = len(self.server.requests), len(self.oned.requests)
        environment = {**self.environment(), "SANDBOX_CALL": mark, **(extra or {})}
        began = time.monotonic()
        ended = subprocess.run(
            [str(self.script(kind, driver, action)), *argv],
            input=stdin,
            capture_output=True,
            env=environment,
            cwd=self.one / "var",
            timeout=timeout,
            check=False,
        )
        seconds = time.monotonic() - began
        return self._completed(ended, seconds, before, mark)

    def _completed(
        self, ended: subprocess.CompletedProcess[bytes], seconds: float, before: tuple[int, int], mark: str
    ) -> Completed:
        asked = self.server.requests[before[0] :]
        sessions = [each for each in self.sessions() if each["action"] == mark]
        return Completed(
            ended.returncode,
            ended.stdout.decode("utf-8", "replace"),
            ended.stderr.decode("utf-8", "replace"),
            seconds,
            tuple(f"{each.method} {each.path}" for each in asked),
            sum(each.seconds for each in asked),
            tuple(name for name, _ in self.oned.requests[before[1] :]),
            tuple(str(each["host"]) for each in sessions),
            sum(float(each["seconds"]) for each in sessions),
            sum(each.bytes_out for each in asked),
        )

    def sessions(self) -> list[dict[str, Any]]:
        """Every ssh session so far."""
        path = self.root / "log" / "ssh.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def host_path(self, host: str, path: str) -> Path:
        """Where a path of a host is in the sandbox."""
        return self.hosts.path(host, path)

    def picture(self) -> dict[str, str]:
        """What LINSTOR and the hosts have now, a line each: for showing what changed, and for the audit."""
        return {**self._volumes(), **self._files()}

    def _volumes(self) -> dict[str, str]:
        seen: dict[str, str] = {}
        for definition in self.linstor.state.definitions.values():
            for resource in definition.resources.values():
                role = "witness" if resource.tiebreaker else "attachment" if resource.diskless else "replica"
                state = ", in use" if self.linstor.devices.in_use(definition, resource.node) else ""
                seen[f"{definition.name} on {resource.node}"] = role + state
            for name in definition.snapshots:
                seen[f"{definition.name} snapshot {name}"] = "taken"
            if definition.kernel:
                seen[f"{definition.name} two writers"] = "allowed"
        return seen

    def _files(self) -> dict[str, str]:
        seen: dict[str, str] = {}
        for host in self.hosts.names:
            base = self.host_path(host, str(self.datastores))
            for path in sorted(base.rglob("*")) if base.exists() else ():
                if path.is_symlink():
                    seen[f"{host}:{path.relative_to(base)}"] = f"link to {self._plain(host, path.readlink())}"
                elif path.is_file():
                    seen[f"{host}:{path.relative_to(base)}"] = "file"
        return seen

    def _plain(self, host: str, path: Path) -> str:
        home = self.root / "hosts" / host
        return f"/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)

    def close(self) -> None:
        """Stop everything; the directory goes, too."""
        self._door.close()
        self.server.close()
        self.oned.close()
        if not self._keep:
            shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _copy_executable(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    Path(target).chmod(0o755)
