"""Implementations of the Hosts port, each in a world of its own.

*memory* is the fake. *bash* is the real adapter with the real scripts, run by the bash of this machine instead of by
ssh: a host is a directory, and the two directories where devices show are mapped into it by text.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.device_table import DeviceInfo
from adapters.memory.exports import MemoryExports
from adapters.memory.file_tree import Directory, Link
from adapters.memory.hosts import MemoryHosts
from adapters.memory.sources import MemorySources
from adapters.opennebula.exports import FrontEndExports
from adapters.opennebula.front_end import Installation
from adapters.opennebula.hosts import SshHosts
from adapters.opennebula.sources import FrontEndSources
from domain.names import HostName
from domain.ports import Exports, Hosts, Sources
from domain.settings import Limits

ALPHA, BETA = HostName("alpha"), HostName("beta")
VIRSH = """#!/bin/bash
# a guest has an agent where a file of its name lies; it is frozen while that file says so
state=$GUESTS/${!#}
[ -e "$state" ] || { echo "error: Guest agent is not responding" >&2; exit 1; }
case " $* " in
    *" domfsfreeze "* | *" suspend "*) echo frozen > "$state" ;;
    *" domfsthaw "* | *" resume "*) echo thawed > "$state" ;;
esac
"""


class BashShell:
    """Runs on this machine what ssh would run on a host, with the places of devices mapped into a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.down: set[str] = set()
        self.sessions: list[str] = []

    def _mapping(self, host: str) -> str:
        home = self._root / host
        return f"s#/sys/class/block/#{home}/sys/class/block/#g; s#/dev/drbd#{home}/dev/drbd#g"

    def command(self, host: HostName, line: str) -> list[str]:
        """A command with its own standard input, and what a login may print first."""
        self.sessions.append(host)
        mapped = subprocess.run(["sed", self._mapping(host)], input=line, text=True, check=True, capture_output=True)
        back = f"LC_ALL=C sed -u 's#{self._root / host}/dev/#/dev/#g'"
        line = f"(echo; echo Welcome; {mapped.stdout}) | {back}"
        return self._gone(host) or ["bash", "-o", "pipefail", "-c", line]

    def _gone(self, host: str) -> list[str]:
        words = f"echo 'ssh: connect to host {host} port 22: No route to host' >&2; exit 255"
        return ["bash", "-c", words] if host in self.down else []


class BashWorld:
    """The real scripts on real directories."""

    real = True

    def __init__(self, root: Path) -> None:
        self._root = root
        self.shell = BashShell(root)
        limits = Limits(host=30.0, transfer=30.0)
        self.hosts: Hosts = SshHosts(lambda: limits, self.shell)  # type: ignore[arg-type]
        installation = Installation(root, root, root, (7, 4, 0))
        self.sources: Sources = FrontEndSources(installation, os.environ, limits, self.shell)  # type: ignore[arg-type]
        self.exports: Exports = FrontEndExports(limits, self.shell)  # type: ignore[arg-type]
        self.shared = str(root / "shared" / "datastores" / "0")
        Path(self.shared).mkdir(parents=True)
        for host in (ALPHA, BETA):
            for name in ("sys/class/block", "dev", "var/lib/one/datastores/0"):
                (root / host / name).mkdir(parents=True)
        (root / "guests").mkdir()

    def exported(self, path: str) -> bytes | None:
        """What is in a file of the front-end, None where there is none."""
        return Path(path).read_bytes() if Path(path).exists() else None

    def staging(self, *, forgotten: Sequence[str] = ()) -> str:
        """A directory of the front-end, with files in it that were exported two days ago."""
        directory = self._root / "staging"
        directory.mkdir()
        for name in forgotten:
            (directory / name).write_bytes(b"old")
            os.utime(directory / name, (time.time() - 2 * 86400,) * 2)
        return str(directory)

    def staged(self, directory: str) -> list[str]:
        """The names of its files."""
        return sorted(each.name for each in Path(directory).iterdir())

    def home(self, host: str) -> str:
        """The system datastore directory of a host."""
        return str(self._root / host / "var/lib/one/datastores/0")

    def image(self, data: bytes) -> str:
        """The path of an image file on the front-end."""
        (self._root / "image").write_bytes(data)
        return str(self._root / "image")

    def path_of_image(self, name: str) -> str:
        """Where a file of that name would be."""
        return str(self._root / name)

    def link_to_image(self, name: str, target: str) -> str:
        """A link on the front-end; its path."""
        (self._root / name).symlink_to(target)
        return self.path_of_image(name)

    def dirty(self, host: str, name: str, data: bytes) -> None:
        """What an earlier life left on a device."""
        with self._real(host, name).open("r+b") as file:
            file.write(data)

    def file_for_device(self, host: str, name: str) -> None:
        """A plain file under the name of a device."""
        self._real(host, name).write_bytes(b"x" * 4096)

    def put(self, _host: str, path: str, data: bytes) -> None:
        """A plain file."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)

    def link(self, host: str, path: str, target: str) -> None:
        """A link, whatever is there."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).symlink_to(self._real(host, target))

    def _real(self, host: str, path: str) -> Path:
        return Path(f"{self._root / host}{path}") if path.startswith("/dev/drbd") else Path(path)

    def device_exists(self, host: str, name: str) -> bool:
        """Whether anything lies under the name of a device."""
        return self._real(host, name).exists()

    def get(self, host: str, path: str) -> bytes | str | None:
        """The bytes of a file, the target of a link, "directory", or None."""
        here = Path(path)
        if here.is_symlink():
            return str(here.readlink()).removeprefix(str(self._root / host))
        if here.is_dir():
            return "directory"
        return here.read_bytes() if here.exists() else None

    def device(self, host: str, name: str, size: int, alias: str = "") -> None:
        """A device of that name, in bytes; a second call resizes it."""
        file = self._real(host, name)
        with file.open("ab") as stream:
            stream.truncate(size)
        entry = self._root / host / "sys/class/block" / file.name
        entry.mkdir(exist_ok=True)
        (entry / "size").write_text(f"{size // 512}\n")
        if alias:
            link = self._real(host, alias)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)

    def content(self, host: str, name: str) -> bytes:
        """What is on a device."""
        return self._real(host, name).read_bytes()

    def saved(self, _host: str, path: str) -> bytes:
        """What a qcow2 file holds with its backing files."""
        raw = self._root / "raw"
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", path, str(raw)], check=True)
        return raw.read_bytes()

    def allocated(self, host: str, name: str) -> int:
        """How many of its bytes are no hole."""
        return self._real(host, name).stat().st_blocks * 512

    @contextmanager
    def opened(self, host: str, name: str) -> Iterator[None]:
        """A program of the host has the device open."""
        if shutil.which("fuser") is None:
            pytest.skip("a plain file that stands for a device can be seen open by fuser only")
        with self._real(host, name).open("rb"):
            yield

    def agent(self, _host: str, deploy_id: str) -> None:
        """The guest answers."""
        (self._root / "guests" / deploy_id).write_text("thawed\n")

    def is_frozen(self, deploy_id: str) -> bool:
        """Whether its file systems are frozen."""
        return (self._root / "guests" / deploy_id).read_text() == "frozen\n"

    def down(self, host: str) -> None:
        """The host answers no more."""
        self.shell.down.add(host)

    @property
    def sessions(self) -> list[str]:
        """The hosts that were logged in to."""
        return self.shell.sessions


class Table:
    """Devices of the memory world."""

    def __init__(self) -> None:
        self.sizes: dict[tuple[str, str], int] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.open: set[tuple[str, str]] = set()
        self.data: dict[tuple[str, str], bytearray] = {}

    def paths(self, host: HostName) -> Mapping[str, DeviceInfo]:
        """Names and what they lead to."""
        return {
            name: DeviceInfo(self.sizes[host, device], (host, device) in self.open, device)
            for (where, name), device in self.names.items()
            if where == host
        }

    def write(self, host: HostName, device: str, offset: int, data: bytes) -> None:
        """Put bytes on a device."""
        self.data[host, self.names[host, device]][offset : offset + len(data)] = data

    def read(self, host: HostName, device: str, offset: int, length: int) -> bytes:
        """Bytes of a device."""
        return bytes(self.data[host, self.names[host, device]][offset : offset + length])


class MemoryWorld:
    """The fake."""

    real = False

    def __init__(self, _root: Path) -> None:
        self._table = Table()
        self.shared = "/shared/datastores/0"
        self.memory = MemoryHosts(self._table, [ALPHA, BETA], shared=[self.shared], clock=MemoryClock())
        self.hosts: Hosts = self.memory
        self._sources = MemorySources(self.memory)
        self.sources: Sources = self._sources
        self._exports = MemoryExports(self.memory, set())
        self.exports: Exports = self._exports
        self.memory.host(ALPHA).make_directory(self.shared)
        for host in (ALPHA, BETA):
            self.memory.host(host).make_directory(self.home(host))

    def exported(self, path: str) -> bytes | None:
        """What is in a file of the front-end, None where there is none."""
        return self._exports.files.get(path)

    def staging(self, *, forgotten: Sequence[str] = ()) -> str:
        """A directory of the front-end, with files in it that were exported two days ago."""
        self._exports.directories.add("/staging")
        for name in forgotten:
            self._exports.files[f"/staging/{name}"] = b"old"
            self._exports.stale.add(f"/staging/{name}")
        return "/staging"

    def staged(self, directory: str) -> list[str]:
        """The names of its files."""
        return sorted(path.removeprefix(f"{directory}/") for path in self._exports.files)

    def home(self, _host: str) -> str:
        """The system datastore directory of a host."""
        return "/var/lib/one/datastores/0"

    def image(self, data: bytes) -> str:
        """The path of an image file on the front-end."""
        self._sources.files["/image"] = data
        return "/image"

    def path_of_image(self, name: str) -> str:
        """Where a file of that name would be."""
        return f"/{name}"

    def link_to_image(self, name: str, target: str) -> str:
        """A link on the front-end; its path."""
        self._sources.links[self.path_of_image(name)] = target
        return self.path_of_image(name)

    def dirty(self, host: str, name: str, data: bytes) -> None:
        """What an earlier life left on a device."""
        self._table.write(HostName(host), name, 0, data)

    def file_for_device(self, host: str, name: str) -> None:
        """A plain file under the name of a device."""
        self.put(host, name, b"x" * 4096)

    def put(self, host: str, path: str, data: bytes) -> None:
        """A plain file."""
        self.memory.host(host).make_directory(path.rpartition("/")[0])
        self.memory.host(host).put(path, data)

    def link(self, host: str, path: str, target: str) -> None:
        """A link, whatever is there."""
        self.memory.host(host).make_directory(path.rpartition("/")[0])
        self.memory.host(host).put(path, Link(target))

    def device_exists(self, host: str, name: str) -> bool:
        """Whether anything lies under the name of a device."""
        return (host, name) in self._table.names or self.get(host, name) is not None

    def get(self, host: str, path: str) -> bytes | str | None:
        """The bytes of a file, the target of a link, "directory", or None."""
        found = self.memory.host(host).get(path)
        if isinstance(found, Directory):
            return "directory"
        return found.target if isinstance(found, Link) else found

    def device(self, host: str, name: str, size: int, alias: str = "") -> None:
        """A device of that name, in bytes; a second call resizes it."""
        self._table.sizes[host, name] = size
        self._table.data.setdefault((host, name), bytearray(size))
        for each in filter(None, (name, alias)):
            self._table.names[host, each] = name

    def content(self, host: str, name: str) -> bytes:
        """What is on a device."""
        return bytes(self._table.data[host, name])

    def saved(self, host: str, path: str) -> bytes:
        """What a qcow2 file holds with its backing files."""
        found = self.get(host, path)
        assert isinstance(found, bytes)
        return found

    @contextmanager
    def opened(self, host: str, name: str) -> Iterator[None]:
        """A program of the host has the device open."""
        self._table.open.add((host, name))
        yield
        self._table.open.discard((host, name))

    def agent(self, host: str, deploy_id: str) -> None:
        """The guest answers."""
        self.memory.host(host).agents.add(deploy_id)

    def is_frozen(self, deploy_id: str) -> bool:
        """Whether its file systems are frozen."""
        return deploy_id in self.memory.frozen

    def down(self, host: str) -> None:
        """The host answers no more."""
        self.memory.down(host)

    @property
    def sessions(self) -> list[str]:
        """The hosts that were logged in to."""
        return list(self.memory.sessions)


World = BashWorld | MemoryWorld
WORLDS: dict[str, Callable[[Path], World]] = {"memory": MemoryWorld, "bash": BashWorld}


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with the hosts alpha and beta."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "virsh").write_text(VIRSH)
    (programs / "virsh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("GUESTS", str(tmp_path / "guests"))
    return WORLDS[request.param](tmp_path)
