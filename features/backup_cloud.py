"""oned's part in backups, and what the backup datastore would find (opennebula.md 5)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from feature_cloud import FeatureCloud
from worlds import VM, World, bytes_of

from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import READY

STORE, BACKUP = 107, 52


class BackupCloud:
    """Backups of the one VM. *base* is BACKUP_BASE_PATH."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.base = ""
        self.files: dict[str, Path] = {}

    @property
    def _cloud(self) -> FeatureCloud:
        return self._world.cloud

    def save(self, *, live: bool = True, **config: object) -> None:
        """Prebackup, the files are taken, postbackup."""
        vm = self._cloud.vms[VM]
        vm.backup.update({"MODE": "FULL", "LAST_INCREMENT_ID": -1, "INCREMENTAL_BACKUP_ID": -1, **config})
        self._cloud._tell(VM)
        suffix = "_live" if live else ""
        self._call(f"prebackup{suffix}")
        self._take()
        self._call(f"postbackup{suffix}")

    def _call(self, action: str) -> None:
        vm = self._cloud.vms[VM]
        where = f"{vm.now.host}:{self._cloud.directory(VM)}"
        argv = (where, ":".join(map(str, vm.disks)), f"one-{VM}", "-", VM, vm.now.datastore)
        self._cloud.call("tm", "linstor", action, *argv, stdin=vm.xml().encode())

    @property
    def directory(self) -> Path:
        """Where the backup datastore looks on the VM's host."""
        place = f"{self.base}/{VM}/backup" if self.base else f"{self._cloud.directory(VM)}/backup"
        return self._world.sandbox.host_path(self._world.host(), place)

    def _take(self) -> None:
        store = self._world.sandbox.root / "store"
        store.mkdir(exist_ok=True)
        for path in self.directory.iterdir():
            self.files[path.name] = Path(shutil.copy(path, store))

    def shown(self, name: str) -> bytes:
        """What a file shows on top of those before it."""
        raw = self.files[name].with_suffix(".raw")
        subprocess.run(["qemu-img", "convert", "-O", "raw", str(self.files[name]), str(raw)], check=True)
        return raw.read_bytes()

    def held(self) -> dict[int, bytes]:
        """What the disks hold now, by number."""
        definitions = self._world.sandbox.linstor.state.definitions
        return {disk: bytes_of(definitions[self.volume(disk)]) for disk in self._cloud.vms[VM].disks}

    def volume(self, disk: int) -> str:
        """The volume behind a disk."""
        values = self._cloud.vms[VM].disks[disk]
        return f"{values['SOURCE']}-vm{VM}-disk{disk}" if values["CLONE"] == "YES" else str(values["SOURCE"])

    def left(self) -> list[str]:
        """Volumes and snapshots in LINSTOR that only a backup or a restore makes."""
        found = self._world.sandbox.linstor.state.definitions
        names = [name for name in found if not name.startswith("OpenNebula-")]
        return [*names, *(f"{name} {each}" for name in found for each in found[name].snapshots)]

    def restore(self, *, without: int = -1) -> None:
        """`onevm restore` of all disks; the file of disk *without* is lost."""
        told = {str(disk): str(self._world.cloud.sources / f"kept-{disk}") for disk in self._cloud.vms[VM].disks}
        for disk in self._cloud.vms[VM].disks:
            if disk != without:
                shutil.copy(self.files[f"disk.{disk}.0"], told[str(disk)])
        script = self._world.sandbox.script("datastore", "kept", "ls")
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\ncat > /dev/null\necho '{json.dumps(told)}'\n", encoding="utf-8")
        script.chmod(0o755)
        self._cloud._tell_datastore(STORE, "backups", ("kept", "-"), {})
        image = documents.image(BACKUP, "backup", 4, {"DATASTORE_ID": STORE, "STATE": READY})
        self._world.sandbox.oned.put("image", BACKUP, image)
        where = f"{self._world.host()}:{self._cloud.directory(VM)}"
        self._cloud.call("tm", "linstor", "restore", where, VM, BACKUP, -1, -1)
