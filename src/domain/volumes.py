"""What LINSTOR says of volumes, in the words of the rules: volume, replica, attachment, witness."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

from domain.names import GroupName, HostName, SnapshotName, VolumeName, same_host

DevicePath = NewType("DevicePath", str)


class Role(Enum):
    """What a deployment is there for (linstor.md 1.3)."""

    REPLICA = "replica"
    ATTACHMENT = "attachment"
    WITNESS = "witness"


class DiskState(Enum):
    """State of the data of one deployment; UNKNOWN where LINSTOR tells none (offline node)."""

    UP_TO_DATE = "up to date"
    BEHIND = "behind"
    FAILED = "failed"
    DISKLESS = "diskless"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Definition:
    """A volume as a whole.

    *marks* are its `Aux/OpenNebula/` properties without that prefix. *size_kib* is what was asked for.
    *replicated* is whether DRBD is on top, so that other hosts can use it over the network.
    """

    name: VolumeName
    size_kib: int
    group: GroupName
    marks: Mapping[str, str] = field(default_factory=dict)
    deleting: bool = False
    copying: bool = False
    failed: bool = False
    resizing: bool = False
    two_writers: bool = False
    replicated: bool = True


@dataclass(frozen=True)
class Deployment:
    """A volume on one host.

    *reachable*: the satellite there is online. *in_use*: somebody there has it open for writing; None where
    unknown, which is not "free". *connected*: DRBD talks to every replica elsewhere. *device* is None where there is
    none. *alias* is the stable udev name that may appear beside the device. *replicated*: DRBD is on top, so that other
    hosts have the same data. *half_written*: a revert that ended early left neither its old data nor the new, wherever
    the volume is (decision 3). Sizes in KiB, 0 where unknown. *created*: seconds since 1970, 0 where not told.
    """

    volume: VolumeName
    host: HostName
    role: Role
    device: DevicePath | None = None
    alias: DevicePath | None = None
    state: DiskState = DiskState.UNKNOWN
    in_use: bool | None = None
    reachable: bool = True
    connected: bool = True
    deleting: bool = False
    inactive: bool = False
    size_kib: int = 0
    allocated_kib: int = 0
    zeroed: bool = False
    replicated: bool = True
    created: int = 0
    half_written: bool = False

    @property
    def good_replica(self) -> bool:
        """Whether the data here is complete and can be reached now."""
        return (
            self.role is Role.REPLICA
            and self.reachable
            and not self.deleting
            and not self.inactive
            and self.state is DiskState.UP_TO_DATE
        )

    @property
    def usable(self) -> bool:
        """Whether a program on this host can open the volume now (linstor.md 2.17 no. 1)."""
        return (
            self.device is not None
            and self.reachable
            and not self.deleting
            and not self.inactive
            and self.state in (DiskState.UP_TO_DATE, DiskState.DISKLESS)
        )


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of a volume. *complete* only when every part succeeded and none is going away.

    *volume_marks* are those that the volume itself had when it was taken, None where LINSTOR does not tell them.
    """

    volume: VolumeName
    name: SnapshotName
    hosts: tuple[HostName, ...]
    size_kib: int
    complete: bool
    marks: Mapping[str, str] = field(default_factory=dict)
    created: int = 0
    volume_marks: Mapping[str, str] | None = None


class CopyState(Enum):
    """Progress of a copy that LINSTOR makes."""

    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True)
class Capacity:
    """Space that the placement of a resource group can use, in KiB."""

    total_kib: int
    free_kib: int
    largest_volume_kib: int


def on_host(deployments: Collection[Deployment], host: str) -> Deployment | None:
    """The deployment on *host*, None when there is none."""
    exact = [each for each in deployments if each.host.lower() == host.lower()]
    found = exact or [each for each in deployments if same_host(each.host, host)]
    return found[0] if len(found) == 1 else None
