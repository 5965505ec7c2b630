"""Port Hosts in memory: files of each host, shared file systems, devices behind a DeviceTable, hosts that are down."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from adapters.memory.clock import MemoryClock
from adapters.memory.device_table import DeviceInfo, DeviceTable
from adapters.memory.file_tree import Directory, Entry, FileTree, Link
from adapters.memory.host_steps import StepFailed, Steps
from domain.errors import HostCommandFailed, HostUnreachable
from domain.names import HostName, same_host
from domain.ports import Clock
from domain.steps import Step, WaitForDevice

BLOCK = 64 * 1024


class MemoryHost:
    """One host. Paths below one of *shared* are the same for every host."""

    def __init__(
        self, name: HostName, devices: DeviceTable, common: FileTree, shared: Collection[str], frozen: set[str]
    ) -> None:
        self.name = name
        self.agents: set[str] = set()
        self._devices = devices
        self._own, self._common, self._shared = FileTree(), common, tuple(shared)
        self._frozen = frozen

    def tree(self, path: str) -> FileTree:
        """The file system that *path* lies on."""
        is_shared = any(path == each or path.startswith(f"{each}/") for each in self._shared)
        return self._common if is_shared else self._own

    def get(self, path: str) -> Entry | None:
        """What lies at *path*."""
        return self.tree(path).get(path)

    def make_directory(self, path: str) -> None:
        """Make *path* and its parents. Raises OSError."""
        self.tree(path).make_directory(path)

    def put(self, path: str, entry: bytes | Link) -> None:
        """Put a file or link at *path*. Raises OSError."""
        self.tree(path).put(path, entry)

    def remove(self, path: str) -> None:
        """Remove *path* and everything below it."""
        self.tree(path).remove(path)

    def below(self, path: str) -> list[tuple[str, Entry]]:
        """Everything below *path*, sorted, whichever file system it lies on."""
        return sorted({**dict(self._own.below(path)), **dict(self._common.below(path))}.items(), key=_by_path)

    def device(self, name: str) -> DeviceInfo | None:
        """The device of that name."""
        return self._devices.paths(self.name).get(name)

    def write_device(self, name: str, offset: int, data: bytes) -> None:
        """Write to a device. Raises OSError."""
        self._devices.write(self.name, name, offset, data)

    def read_device(self, name: str, length: int, offset: int = 0) -> bytes:
        """Bytes of a device. Raises OSError."""
        return self._devices.read(self.name, name, offset, length)

    def freeze(self, deploy_id: str, *, frozen: bool) -> bool:
        """Freeze or thaw a guest; False where it has no agent."""
        if deploy_id not in self.agents:
            return False
        (self._frozen.add if frozen else self._frozen.discard)(deploy_id)
        return True

    def pause(self, deploy_id: str, *, paused: bool) -> None:
        """Pause a guest, or let it go on."""
        (self._frozen.add if paused else self._frozen.discard)(deploy_id)


def _by_path(item: tuple[str, Entry]) -> str:
    return item[0]


class MemoryHosts:
    """Hosts by name. *shared* are directories that all of them see as one; *frozen* the guests that are frozen now."""

    def __init__(
        self,
        devices: DeviceTable,
        names: Iterable[str],
        *,
        shared: Collection[str] = (),
        clock: Clock | None = None,
    ) -> None:
        self.frozen: set[str] = set()
        self.sessions: list[HostName] = []
        self._clock = clock or MemoryClock()
        self._down: set[str] = set()
        common = FileTree()
        self._hosts = [MemoryHost(HostName(name), devices, common, shared, self.frozen) for name in names]

    def host(self, name: str) -> MemoryHost:
        """The host of that name, short or long. Raises HostUnreachable for a name that nobody has."""
        for each in self._hosts:
            if same_host(each.name, name):
                return each
        raise HostUnreachable(name, "ssh: Could not resolve hostname")

    def down(self, name: str) -> None:
        """Let the host answer no more."""
        self._down.add(self.host(name).name)

    def up(self, name: str) -> None:
        """Let it answer again; its files are as they were."""
        self._down.discard(self.host(name).name)

    def _session(self, name: HostName) -> MemoryHost:
        self.sessions.append(name)
        host = self.host(name)
        if host.name in self._down:
            raise HostUnreachable(name, f"ssh: connect to host {name} port 22: No route to host")
        return host

    def run(self, host: HostName, steps: Sequence[Step]) -> tuple[str, ...]:
        """Carry out *steps* in order; one text for each. Raises HostUnreachable, HostCommandFailed."""
        if not steps:
            return ()
        work = Steps(self._session(host), self._clock)
        return tuple(_performed(host, work, step) for step in steps)

    def copy_files(
        self, source: HostName, directory: str, target: HostName, to: str, then: Sequence[Step] = (), only: str = ""
    ) -> bool:
        """Copy plain files; False when both are one directory. Raises HostUnreachable, HostCommandFailed."""
        origin = self._session(source)
        destination = origin if same_host(source, target) else self._session(target)
        copied = self._copied(origin, directory, destination, to, only)
        work = Steps(destination, self._clock)
        for step in then:
            _performed(target, work, step)
        return copied

    @staticmethod
    def _copied(origin: MemoryHost, directory: str, destination: MemoryHost, to: str, only: str) -> bool:
        if origin.get(directory) is None:
            return True
        if directory == to and origin.tree(directory) is destination.tree(to):
            return False
        try:
            _copied(origin, directory, destination, to, only)
        except OSError as error:
            raise HostCommandFailed(destination.name, f"receive the files of {to}", str(error)) from error
        return True

    def write_image(self, host: HostName, device: str, data: bytes, *, zeroed: bool, wait: float = 0.0) -> int:
        """Write *data* to a device in one session, skipping zeros where *zeroed*; how many bytes.

        A device that is not there yet, or too small, is waited for at most *wait* seconds. Raises HostUnreachable,
        HostCommandFailed.
        """
        here = self._session(host)
        _performed(host, Steps(here, self._clock), WaitForDevice(device, -(-len(data) // 1024), wait))
        try:
            for offset in range(0, len(data), BLOCK):
                block = data[offset : offset + BLOCK]
                if block.strip(b"\0") or not zeroed:
                    here.write_device(device, offset, block)
        except OSError as error:
            raise HostCommandFailed(host, f"write {device}", str(error)) from error
        return len(data)

    def read_image(self, host: HostName, device: str, size_bytes: int) -> bytes:
        """The first bytes of a device, in one session. Raises HostUnreachable, HostCommandFailed."""
        here = self._session(host)
        found = here.device(device)
        if found is None or found.size_bytes < size_bytes:
            raise HostCommandFailed(host, f"read {device}", "no device of this host, or too small a one")
        try:
            return here.read_device(device, size_bytes)
        except OSError as error:
            raise HostCommandFailed(host, f"read {device}", str(error)) from error


def _copied(origin: MemoryHost, directory: str, destination: MemoryHost, to: str, only: str) -> None:
    destination.make_directory(to)
    for path, entry in origin.below(directory):
        name = to + path[len(directory) :]
        if isinstance(entry, Directory):
            if not only:
                destination.make_directory(name)
        elif isinstance(entry, bytes) and only in ("", path[len(directory) + 1 :]):
            destination.put(name, entry)


def _performed(host: HostName, work: Steps, step: Step) -> str:
    try:
        return work.perform(step)
    except (StepFailed, OSError) as error:
        raise HostCommandFailed(host, _describe(step), str(error)) from error


def _describe(step: Step) -> str:
    """The step in words, for an error: what it does and to what."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(step).__name__).lower()
    fields = ("path", "device", "directory", "deploy_id")
    return f"{name} {next(str(getattr(step, field)) for field in fields if hasattr(step, field))}"
