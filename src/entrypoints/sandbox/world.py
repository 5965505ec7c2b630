"""A whole small cloud below one directory: LINSTOR, oned, hosts, guests, and the driver's real executables."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import TracebackType

from adapters.memory.linstor import InFiles, LinstorModel
from entrypoints.sandbox.door import Door
from entrypoints.sandbox.executables import written
from entrypoints.sandbox.guests import Guests
from entrypoints.sandbox.hosts import SandboxHosts
from entrypoints.sandbox.linstor import serve
from entrypoints.sandbox.oned import SimulatedOned
from entrypoints.sandbox.picture import Picture, picture
from entrypoints.sandbox.processes import Ended, run

HOSTS = ("host-a", "host-b", "host-c")
GROUPS = {"OpenNebula-Default": 2, "OpenNebula-System": 2, "OpenNebula-Second": 2}
TIMEOUT = 120.0


@dataclass(frozen=True)
class Session:
    """One ssh session; *bytes_in* went to the host, *bytes_out* came from it. *by* opened it."""

    host: str
    seconds: float
    exit_code: int
    bytes_in: int
    bytes_out: int
    by: str = ""
    began: float = 0.0

    @property
    def ours(self) -> bool:
        """Whether an executable of this driver opened it, and not one of OpenNebula's own that it called."""
        return "/linstor/" in self.by


@dataclass(frozen=True)
class Completed:
    """How an executable ended and what it took. LINSTOR's requests are `METHOD path`, oned's are method names.

    *waited* is how long LINSTOR worked on a request or an ssh session was open, *linstor_bytes* how much LINSTOR
    answered.
    """

    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    linstor_requests: tuple[str, ...]
    waited: float
    linstor_bytes: int
    oned_requests: tuple[str, ...]
    ssh_sessions: tuple[Session, ...]


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """How long at least one of *spans*, (beginning, end), lasted."""
    total = reached = 0.0
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(reached, began))
        reached = max(reached, ended)
    return total


@dataclass(frozen=True)
class _Mark:
    """How far the counters were when a call began."""

    linstor: int
    oned: int
    log_bytes: int


class Sandbox:
    """The cloud. Everything lives below *root*, which goes at the end unless it was given or *keep* is set.

    *hosts* have storage; the *front_end* has none. *nodes* are LINSTOR's names of hosts where they are others,
    *groups* its resource groups with their number of replicas, *version* is that of OpenNebula.
    *executables* puts the driver into it.
    """

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
        executables: Callable[[Path], None] = written,
    ) -> None:
        self.root = Path(root or tempfile.mkdtemp(prefix="onelinstor-")).resolve()
        self.one = self.root / "one"
        with ExitStack() as stack:
            if root is None and not keep:
                stack.callback(shutil.rmtree, self.root, ignore_errors=True)
            _install(self.one, version)
            executables(self.one)
            self.hosts = SandboxHosts(self.root, hosts, front_end, nodes or {})
            self.linstor = self._model(hosts, groups or GROUPS)
            self.guests = Guests(self.linstor, self.hosts)
            self._serve(stack)
            self._stack = stack.pop_all()

    def _model(self, hosts: Sequence[str], groups: Mapping[str, int]) -> LinstorModel:
        names = self.hosts.nodes
        model = LinstorModel.simple(
            [names[host] for host in hosts],
            diskless=[names[self.hosts.front_end]],
            groups=groups,
            contents=InFiles(self.root / "volumes"),
        )
        self.hosts.follow(model)
        return model

    def _serve(self, stack: ExitStack) -> None:
        self.server = serve(self.linstor)
        stack.callback(self.server.close)
        self.oned = SimulatedOned()
        stack.callback(self.oned.close)
        door = Door(self.linstor, self.hosts, self.guests)
        stack.callback(door.close)
        self.hosts.answer_at(door.port)
        (self.one / "auth").write_text(self.oned.session + "\n", encoding="utf-8")

    @property
    def datastores(self) -> Path:
        """Where the datastores are."""
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
        """Start an executable as oned does, with *extra* in its environment; only one at a time is counted right.

        Raises TimeoutExpired; nothing that it started is left running then.
        """
        before = _Mark(len(self.server.requests), len(self.oned.requests), self._log_size())
        environment = {**self.environment(), **(extra or {})}
        argv = [str(self.script(kind, driver, action)), *argv]
        return self.noted(self._completed(run(argv, stdin, environment, self.one / "var", timeout), before))

    def noted(self, call: Completed) -> Completed:
        """A call that has ended: where a sandbox that counts more than this one looks."""
        return call

    def _completed(self, ended: Ended, before: _Mark) -> Completed:
        requests, sessions = self.server.requests[before.linstor :], self.sessions(before.log_bytes)
        asked = ((each.began, each.began + each.seconds) for each in requests)
        return Completed(
            ended.exit_code,
            ended.stdout.decode("utf-8", "replace"),
            ended.stderr.decode("utf-8", "replace"),
            ended.seconds,
            linstor_requests=tuple(f"{each.method} {each.path}" for each in requests),
            waited=covered([*asked, *((each.began, each.began + each.seconds) for each in sessions)]),
            linstor_bytes=sum(each.bytes_out for each in requests),
            oned_requests=tuple(name for name, _ in self.oned.requests[before.oned :]),
            ssh_sessions=tuple(sessions),
        )

    # -- what there is --------------------------------------------------------------------------

    @property
    def _log(self) -> Path:
        return self.root / "log" / "ssh.jsonl"

    def _log_size(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0

    def sessions(self, since: int = 0) -> list[Session]:
        """The ssh sessions that have ended; *since* is a size in bytes that the log had."""
        if not self._log.exists():
            return []
        with self._log.open(encoding="utf-8") as file:
            file.seek(since)
            lines = [json.loads(line) for line in file]
        fields = ("host", "seconds", "exit", "in", "out", "by", "began")
        return [Session(*(each[name] for name in fields)) for each in lines]

    def host_path(self, host: str, path: str) -> Path:
        """Where a path of a host is in the sandbox."""
        return self.hosts.path(host, path)

    def picture(self) -> Picture:
        """What LINSTOR and the hosts have now."""
        return picture(self.linstor, self.hosts, self.datastores)

    def close(self) -> None:
        """Stop everything; the directory goes, too. Closing twice is fine."""
        self._stack.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _install(one: Path, version: str) -> None:
    """A self-contained OpenNebula (opennebula.md 1.2): its own drivers played by stand-ins."""
    remotes = one / "var" / "remotes"
    with resources.as_file(resources.files("entrypoints.sandbox") / "scripts") as tree:
        shutil.copytree(tree, remotes, dirs_exist_ok=True, copy_function=_copy_executable)
    with resources.as_file(resources.files("entrypoints.sandbox") / "lib") as tree:
        shutil.copytree(tree, one / "lib", dirs_exist_ok=True)
    for directory in ("etc", "var/vms", "var/datastores"):
        (one / directory).mkdir(parents=True, exist_ok=True)
    (remotes / "VERSION").write_text(version + "\n", encoding="utf-8")


def _copy_executable(source: str, target: str) -> None:
    text = Path(source).read_text(encoding="utf-8")
    Path(target).write_text(text.replace("@PYTHON@", sys.executable), encoding="utf-8")
    Path(target).chmod(0o755)
