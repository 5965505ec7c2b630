"""Port Exports in memory: the files are bytes by path."""

from __future__ import annotations

import hashlib
from itertools import count

from adapters.memory.hosts import MemoryHosts
from domain.errors import ExportFailed
from domain.names import HostName
from domain.ports import SavedImage


class MemoryExports:
    """*files* by path; *directories* that can be written to; *stale* are files that ended more than a day ago."""

    def __init__(self, hosts: MemoryHosts, directories: set[str]) -> None:
        self._hosts = hosts
        self._numbers = count()
        self.directories = directories
        self.files: dict[str, bytes] = {}
        self.stale: set[str] = set()

    def save(self, host: HostName, device: str, size_bytes: int, directory: str) -> SavedImage:
        """Read a device into a new file. Raises HostUnreachable, HostCommandFailed, ExportFailed."""
        if directory not in self.directories:
            raise ExportFailed(f"{directory}: No such file or directory")
        for path in self.stale:
            self.files.pop(path, None)
        data = self._hosts.read_image(host, device, size_bytes)
        path = f"{directory}/one-linstor-export-{next(self._numbers)}"
        self.files[path] = data
        return SavedImage(path, hashlib.md5(data, usedforsecurity=False).hexdigest())
