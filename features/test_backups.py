"""Steps of backups.feature."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import pytest
from backup_cloud import BACKUP, BackupCloud
from pytest_bdd import given, parsers, scenarios, then, when
from worlds import VM, World

scenarios("backups.feature")

CHAIN = {"MODE": "INCREMENT", "FS_FREEZE": "AGENT"}
NEXT = {**CHAIN, "LAST_INCREMENT_ID": 0, "INCREMENTAL_BACKUP_ID": BACKUP}


@dataclass
class Wanted:
    """What a scenario remembers: what the disks held when they were saved, and before they were restored."""

    saved: dict[int, bytes] = field(default_factory=dict)
    before: dict[int, bytes] = field(default_factory=dict)


@pytest.fixture
def wanted(still: list[bool]) -> Wanted:
    """What this scenario remembers."""
    assert still == []
    return Wanted()


@pytest.fixture
def backups(world: World) -> BackupCloud:
    """The backups of the VM."""
    return BackupCloud(world)


# -- given ----------------------------------------------------------------------------------------


@given("the VM has the first backup of a chain, and the guest has written since")
def _first(world: World, backups: BackupCloud) -> None:
    backups.save(**CHAIN)
    world.cloud.vms[VM].backup_ids.append(BACKUP)
    world.sandbox.guests.write_all(VM, 8)


@given("the snapshots of that backup are gone")
def _base_lost(world: World) -> None:
    for definition in world.sandbox.linstor.state.definitions.values():
        definition.snapshots.clear()


@given("the second disk is a CD-ROM")
def _cdrom(world: World) -> None:
    world.cloud.vms[VM].disks[1]["TYPE"] = "BLOCK_CDROM"


@given("BACKUP_BASE_PATH is set")
def _base_path(world: World, backups: BackupCloud) -> None:
    backups.base = f"{world.sandbox.datastores}/backups"
    file = world.sandbox.one / "var" / "remotes" / "etc" / "datastore" / "datastore.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'BACKUP_BASE_PATH="{backups.base}"\n', encoding="utf-8")


@given("the VM was backed up and has written since, and is powered off")
def _saved(world: World, backups: BackupCloud, wanted: Wanted) -> None:
    wanted.saved = backups.held()
    backups.save()
    world.sandbox.guests.write_all(VM, 8)
    world.cloud.power_off(VM)


@given("somebody has the second disk open")
def _open(world: World, backups: BackupCloud) -> None:
    world.sandbox.linstor.devices.open("alpha", backups.volume(1), write=True)


# -- when -----------------------------------------------------------------------------------------


@when(parsers.parse("the VM is backed up with FS_FREEZE={how}"))
def _back_up(world: World, backups: BackupCloud, wanted: Wanted, how: str) -> None:
    wanted.saved = backups.held()
    world.tried(lambda: backups.save(FS_FREEZE=how))


@when("the VM that does not run is backed up")
def _back_up_off(world: World, backups: BackupCloud, wanted: Wanted) -> None:
    wanted.saved = backups.held()
    world.tried(lambda: backups.save(live=False))


@when("the next increment is made")
def _next(world: World, backups: BackupCloud, wanted: Wanted) -> None:
    wanted.saved = backups.held()
    world.tried(lambda: backups.save(**NEXT))


@when("the VM is restored")
def _restore(world: World, backups: BackupCloud, wanted: Wanted) -> None:
    wanted.before = backups.held()
    world.tried(backups.restore)


@when("the VM is restored, and the file of the second disk is lost")
def _restore_without(world: World, backups: BackupCloud, wanted: Wanted) -> None:
    wanted.before = backups.held()
    world.tried(lambda: backups.restore(without=1))


# -- then -----------------------------------------------------------------------------------------


@then("the guest stood still for the snapshot of each disk, and goes on now")
def _stood_still(world: World, still: list[bool]) -> None:
    assert world.failed is None
    assert still == [True, True]
    world.sandbox.guests.write_all(VM)
    assert world.sandbox.guests.lost(VM) == []


@then("the files show what the disks had")
def _show(world: World, backups: BackupCloud, wanted: Wanted) -> None:
    assert world.failed is None
    assert sorted(backups.files) == ["disk.0.0", "disk.1.0", "vm.xml"]
    assert {disk: backups.shown(f"disk.{disk}.0")[: len(data)] for disk, data in wanted.saved.items()} == wanted.saved
    assert base64.b64decode(backups.files["vm.xml"].read_bytes()).startswith(b"<VM>")


@then("the increment on top of the first backup shows what the disks had")
def _increment_shows(world: World, backups: BackupCloud, wanted: Wanted) -> None:
    assert world.failed is None
    assert {disk: backups.shown(f"disk.{disk}.1")[: len(data)] for disk, data in wanted.saved.items()} == wanted.saved


@then("the increment is smaller than the first backup")
def _smaller(backups: BackupCloud) -> None:
    sizes = {name: path.stat().st_size for name, path in backups.files.items()}
    assert all(sizes[f"disk.{disk}.1"] < sizes[f"disk.{disk}.0"] / 2 for disk in (0, 1))


@then("nothing of the backup is left in LINSTOR and on the host")
@then("no file is left on the host")
def _nothing_left(world: World, backups: BackupCloud) -> None:
    assert not backups.directory.exists()
    assert world.cloud.vms[VM].backup["MODE"] == "INCREMENT" or backups.left() == []


@then("there is no file of the second disk")
def _no_second(world: World, backups: BackupCloud) -> None:
    assert world.failed is None
    assert sorted(backups.files) == ["disk.0.0", "vm.xml"]


@then("the disks have what the backup has")
def _restored(world: World, backups: BackupCloud, wanted: Wanted) -> None:
    assert world.failed is None
    assert wanted.before != wanted.saved
    assert backups.held() == wanted.saved
    assert backups.left() == []


@then("the disks have what they had before")
def _as_before(backups: BackupCloud, wanted: Wanted) -> None:
    assert backups.held() == wanted.before != wanted.saved


@then("the second disk has what it had before")
def _second_as_before(backups: BackupCloud, wanted: Wanted) -> None:
    assert backups.held()[1] == wanted.before[1] != wanted.saved[1]
