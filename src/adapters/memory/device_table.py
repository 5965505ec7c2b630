"""What the hosts in memory must know of devices; any world of volumes can stand behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.names import HostName


@dataclass(frozen=True)
class DeviceInfo:
    """One name of a device: its size, whether a program there has it open, and the device that the name leads to."""

    size_bytes: int
    is_open: bool = False
    device: str = ""


class DeviceTable(Protocol):
    """The devices of all hosts. Reading and writing raise OSError where the kernel would refuse the open."""

    def paths(self, host: HostName) -> Mapping[str, DeviceInfo]:
        """Every name of a device on *host*, aliases included."""

    def write(self, host: HostName, device: str, offset: int, data: bytes) -> None:
        """Put *data* on a device."""

    def read(self, host: HostName, device: str, offset: int, length: int) -> bytes:
        """Bytes of a device."""
