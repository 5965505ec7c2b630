"""A VM with disks to save, and what a backup of it makes and leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from adapters.memory.parallel import MemoryParallel
from domain.backups import Backups
from domain.names import DiskOf, HostName, VolumeName, volatile_volume
from domain.opennebula import Disk, Vm
from domain.orders import BackUp, Place
from domain.steps import ExportDevice
from domain.undoing import Undo

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
IMAGE = VolumeName("OpenNebula-Image-6")
SCRATCH = volatile_volume(DiskOf(7, 1))
HERE = HostName("host-a")
DIRECTORY = "/var/ds/101/7/backup"
DOCUMENT = b"<VM><ID>7</ID></VM>"
THEN, NOW = b"then" * 1024, b"now!" * 1024
FULL: dict[str, str] = {}


def increment(last: int, chain: int) -> dict[str, str]:
    return {"MODE": "INCREMENT", "LAST_INCREMENT_ID": str(last), "INCREMENTAL_BACKUP_ID": str(chain)}


def rules(bench) -> Backups:
    """The rules of backups on the bench's ports."""
    return Backups(bench.storages, bench.hosts, bench.locks, MemoryParallel(), bench.clock, bench.backup_snapshots, "")


def saved_vm(bench) -> Vm:
    """A VM with a copy of an image, a volatile disk and a CD-ROM."""
    bench.volume(DISK)
    bench.volume(SCRATCH)
    made = bench.vm(DISK, "host-a")
    scratch = Disk(1, kind="fs", size_mib=64)
    cdrom = Disk(2, 5, "OpenNebula-Image-5", 64, 64, clone=False, kind="BLOCK_CDROM", tm_mad="linstor")
    made = replace(made, disks=(*made.disks, scratch, cdrom))
    bench.oned.put(made)
    bench.write(DISK, THEN)
    bench.write(SCRATCH, b"scratch")
    return made


def order(
    vm: Vm, config: dict[str, str] = FULL, ids: tuple[int, ...] = (), disks: tuple[int, ...] = (0, 1, 2)
) -> BackUp:
    told = replace(vm, backup=config, backup_ids=ids)
    return BackUp(Place(HERE, "/var/ds/101/7"), disks, "one-7", told, 101, DOCUMENT)


def files(bench) -> dict[str, bytes]:
    """What the backup datastore would take."""
    below = bench.hosts.host(HERE).below(DIRECTORY)
    return {path.removeprefix(f"{DIRECTORY}/"): entry for path, entry in below if isinstance(entry, bytes)}


def left(bench) -> list[str]:
    """Volumes and snapshots that only backups make."""
    laid_out = [name for name in bench.model.state.definitions if name.startswith(("Backup-", "Base-"))]
    return laid_out + [each.name for name in (DISK, SCRATCH) for each in bench.cluster.snapshots(name)]


class Killed(BaseException):
    """The process is gone: nothing is undone."""


@contextmanager
def dying(bench) -> Iterator[None]:
    """A block in which an order is killed while it writes files."""
    run = bench.hosts.run

    def until_files(host, steps):
        if any(isinstance(each, ExportDevice) for each in steps):
            raise Killed
        return run(host, steps)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Undo, "add", lambda _undo, _action: None)
        patch.setattr(bench.hosts, "run", until_files)
        yield
