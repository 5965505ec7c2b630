"""A cloud in the middle of its life, and the orders that oned would give there (opennebula.md 3.1)."""

from __future__ import annotations

import base64
import json
import random

from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import IMAGES, READY, SYSTEM_LINSTOR, SYSTEM_TM, Cloud
from entrypoints.sandbox.documents import Record, VmDocument
from entrypoints.sandbox.torture.starting import Order

VM, OS, DATA, NEW = 7, 20, 21, 30
MIB = 4
FIRST_DATE = 1_790_000_000
STORE, STORE_DRIVER = 107, "kept"
HOME, AWAY, FRONT_END = "host-a", "host-c", "one-fe"


class Stage(Cloud):
    """Image 20 is not persistent, image 21 is. VM 7 has them as disks 0 and 1 on our own system datastore."""

    def furnish(self, seed: int) -> None:
        """Import the images from files of bytes that follow from *seed*."""
        source = random.Random(seed)  # noqa: S311 - test data
        for identity, persistent in ((OS, False), (DATA, True)):
            path = self.sources / str(identity)
            path.write_bytes(source.randbytes(MIB << 20))
            self.import_image(identity, str(identity), str(path), persistent=persistent)

    def boot(self) -> None:
        """VM 7 runs at home, and its guest has written."""
        self.deploy(VM, HOME, [OS, DATA], system=SYSTEM_LINSTOR)
        self.sandbox.guests.write_all(VM, 16)

    def known_vm(self) -> VmDocument:
        """VM 7 as oned knows it before its first disk is there."""
        vm = VmDocument(VM, [Record(HOME, SYSTEM_LINSTOR, SYSTEM_TM[SYSTEM_LINSTOR])], context_disk=2)
        self.vms[VM] = vm
        vm.disks.update(
            {0: self._disk(OS, VM), 1: self._disk(DATA, VM), 3: _volatile(3, "fs"), 4: _volatile(4, "swap")}
        )
        self._tell(VM)
        return vm

    def power_off(self) -> None:
        """The guest ends; its disks stay."""
        self.sandbox.guests.stop(VM)

    def go_to(self, host: str) -> None:
        """Oned writes down that the VM is to be on *host*."""
        self.vms[VM].history.append(Record(host, SYSTEM_LINSTOR, SYSTEM_TM[SYSTEM_LINSTOR]))
        self._tell(VM)

    def ask_snapshot(self, disk: int, number: int) -> None:
        """Oned writes a snapshot down before it asks for it."""
        self.vms[VM].snapshots.setdefault(disk, {})[number] = FIRST_DATE + number
        self._tell(VM)

    # -- orders -----------------------------------------------------------------------------------

    def place(self, host: str, disk: int | None = None) -> str:
        """`HOST:DIR` or `HOST:DIR/disk.N`."""
        return f"{host}:{self.directory(VM)}" + (f"/disk.{disk}" if disk is not None else "")

    def tm(self, action: str, *words: object, datastore: int = IMAGES) -> Order:
        """An order of the transfer manager; VM and datastore come last."""
        return Order("tm", action, tuple(str(word) for word in (*words, VM, datastore)))

    def bring(self, action: str, disk: int) -> Order:
        """`clone` or `ln`."""
        source = self.vms[VM].disks[disk]["SOURCE"]
        return self.tm(action, f"{FRONT_END}:{source}", self.place(HOME, disk))

    def migration(self, action: str) -> Order:
        """Pre-, post- or failmigrate from home to the other host."""
        payload = base64.b64encode(self.vms[VM].xml(current_only=True).encode())
        words = (HOME, AWAY, self.directory(VM), VM, SYSTEM_LINSTOR)
        return Order("tm", action, tuple(map(str, words)), payload)

    def image(self, action: str, identity: int, size_mib: int = MIB, **values: object) -> Order:
        """An order about an image."""
        source = self.images[identity].source if identity in self.images else ""
        document = documents.image(identity, str(identity), size_mib, {"SOURCE": source, **values})
        data = base64.b64encode(documents.action_data(document, self._image_datastore))
        return Order("datastore", action, (str(identity),), data)

    def backup(self, action: str, **config: object) -> Order:
        """`prebackup` and the like of both disks, with that BACKUP_CONFIG."""
        vm = self.vms[VM]
        vm.backup.update({"MODE": "FULL", "LAST_INCREMENT_ID": -1, "INCREMENTAL_BACKUP_ID": -1, **config})
        self._tell(VM)
        words = (self.place(HOME), "0:1", f"one-{VM}", "-", VM, SYSTEM_LINSTOR)
        return Order("tm", action, tuple(map(str, words)), vm.xml().encode())

    def restore(self) -> Order:
        """`restore` of both disks from a backup whose files are raw ones, of bytes that the disks do not have."""
        files = {disk: self.sources / f"backup-{disk}" for disk in (0, 1)}
        for disk, path in files.items():
            path.write_bytes(bytes([1 + disk]) * (MIB << 20))
        told = json.dumps({str(disk): str(path) for disk, path in files.items()})
        script = self.sandbox.script("datastore", STORE_DRIVER, "ls")
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f"#!/bin/sh\ncat > /dev/null\necho '{told}'\n", encoding="utf-8")
        script.chmod(0o755)
        self._tell_datastore(STORE, "backups", (STORE_DRIVER, "-"), {})
        image = documents.image(NEW, "backup", MIB, {"DATASTORE_ID": STORE, "STATE": READY})
        self.sandbox.oned.put("image", NEW, image)
        words = (self.place(HOME), VM, NEW, -1, -1)
        return Order("tm", "restore", tuple(map(str, words)))

    def monitor(self, kind: str) -> Order:
        """The space of a datastore."""
        datastore = IMAGES if kind == "datastore" else SYSTEM_LINSTOR
        document = self.sandbox.oned.get("datastore", datastore) or ""
        return Order(kind, "monitor", (str(datastore),), base64.b64encode(documents.action_data(document)))


def _volatile(disk: int, kind: str) -> dict[str, object]:
    return {"TYPE": kind, "SIZE": 8, "FORMAT": "raw", "TM_MAD": "linstor", "DATASTORE_ID": SYSTEM_LINSTOR}
