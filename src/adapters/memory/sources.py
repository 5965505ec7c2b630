"""Port Sources in memory: files and URLs that a test names, written to the devices of a DeviceTable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.memory.hosts import MemoryHosts
from domain.errors import SourceUnreadable
from domain.names import HostName
from domain.ports import FetchedImage, ImageSource

LONGEST_CHAIN = 40


class MemorySources:
    """*files*: raw bytes by path or URL; *links*: where a link leads; *broken*: error to raise when it is fetched."""

    def __init__(self, hosts: MemoryHosts) -> None:
        self._hosts = hosts
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.directories: set[str] = set()
        self.broken: dict[str, Exception] = {}

    def real_path(self, path: str) -> str:
        """*path* with its links resolved. Raises SourceUnreadable when it does not exist."""
        found = path
        for _ in range(LONGEST_CHAIN):
            if found in self.files or found in self.directories:
                return found
            if found not in self.links:
                break
            found = self.links[found]
        raise SourceUnreadable(f"{path} cannot be read: No such file or directory")

    @contextmanager
    def fetch(self, source: ImageSource) -> Iterator[FetchedImage]:
        """The bytes under that path or URL. Raises SourceUnreadable, or what *broken* says."""
        if source.path in self.broken:
            raise self.broken[source.path]
        path = self.real_path(source.path)
        yield FetchedImage(len(self.files[path]), path)

    def write(self, image: FetchedImage, host: HostName, device: str, *, zeroed: bool, wait: float = 0.0) -> int:
        """Write the bytes; zeros are skipped only where *zeroed*. Raises HostUnreachable, HostCommandFailed."""
        return self._hosts.write_image(host, device, self.files[image.path], zeroed=zeroed, wait=wait)
