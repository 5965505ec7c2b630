"""Orders in a world in memory that knows every VM, disk and datastore, so that a spoilt order gets far."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from tests.unit.conftest import SYSTEM, Driver, Ended

from domain.opennebula import Datastore, Disk, DiskSnapshot, History, Vm
from entrypoints.remotes import main
from entrypoints.remotes.parser import Call

NOWHERE = "/nowhere"
IMAGES = range(10)
KEPT = "rsync://107//0:a/disk.0.0"
_LOG = re.compile(r"(INFO: order [0-9a-f]{6}|WARN): \D.*")
_MESSAGE = re.compile(r"(?!ERROR:|INFO:|WARN:|DEBUG:)\S.* \(order [0-9a-f]{6}\)")
_LONGEST = main.LONGEST_SENTENCE + 100


class _KnowsAll:
    """Every VM has disks of each kind; every datastore is there."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self._attributes = attributes

    def put(self, *_: object) -> None:
        """There is nothing to put."""

    def vm(self, vm_id: int) -> Vm:
        """A VM on host-a, on a system datastore of this driver."""
        disks = [_disk(number) for number in range(6)]
        snapshots = tuple(DiskSnapshot(0, number, 1795394313, 64) for number in range(3))
        history = (History(0, "host-a", SYSTEM, "linstor"),)
        return Vm(vm_id, 3, 3, f"one-{vm_id}", tuple(disks), 6, history, snapshots=snapshots)

    def datastore(self, datastore_id: int) -> Datastore:
        """A datastore with the attributes of this world."""
        return Datastore(datastore_id, attributes=self._attributes)


def _disk(number: int) -> Disk:
    source = f"OpenNebula-Image-{number}"
    if number < 2:
        return Disk(number, number, source, 64, 64, clone=True, tm_mad="linstor")
    if number < 4:
        return Disk(number, number, source, 64, 64, clone=False, persistent=True, tm_mad="linstor")
    return Disk(number, size_mib=16, kind="fs", file_system="ext4", format="raw")


def world() -> Driver:
    """A world with some images."""
    driver = Driver()
    driver.oned = _KnowsAll(driver.attributes)  # type: ignore[assignment]
    for number in IMAGES:
        driver.volume(f"OpenNebula-Image-{number}", 16 * 1024)
    driver.sources.files["/var/tmp/os.raw"] = b"x" * 4096
    driver.sources.files[KEPT] = b"y" * 4096
    for number in range(100):
        driver.backup_stores.backups[number] = {disk: [KEPT] * 3 for disk in range(2)}
    for each in ("datastore/fs/stat", "tm/ssh/context", "tm/ssh/premigrate", "tm/ssh/postmigrate"):
        driver.scripts.install(each, lambda _argv, _stdin: "64\n")
    return driver


def carried_out(driver: Driver, call: Call, environment: dict[str, str] | None = None) -> Ended:
    """How *call* ends in that world."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        container: Any = driver._container
        patch.setattr(main, "Container", container)
        code = main.run(call, {"ONE_LOCATION": NOWHERE, **(environment or {})}, out, err)
    return Ended(code, out.getvalue(), err.getvalue())


def judge(ended: Ended) -> None:
    """0 with an answer, or 1 with one sentence and nothing on standard output; log lines beside (opennebula.md 1.5)."""
    *logs, message = ended.err.split("\n")[:-1] if ended.code else [*ended.err.split("\n")[:-1], ""]
    assert ended.err.endswith("\n"), ended.err
    assert all(_LOG.fullmatch(each) and each.isprintable() for each in logs), ended.err
    assert len(ended.err) < 3 * _LONGEST
    assert "Traceback" not in ended.err
    assert "internal error" not in ended.err, ended.err
    if ended.code:
        assert ended.code == 1
        assert ended.out == ""
        assert _MESSAGE.fullmatch(message) and message.isprintable(), message
