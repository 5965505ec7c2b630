"""One life of images and a VM in a sandbox, through every action."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR, Cloud
from entrypoints.sandbox.documents import Record
from entrypoints.sandbox.world import Completed, Sandbox

OS_IMAGE, DATA_IMAGE, SAVED_IMAGE, CLONED_IMAGE, VM = 0, 1, 2, 3, 7
OS_DISK, DATA_DISK, VOLATILE_DISK, SWAP_DISK, LARGER_DISK = 0, 2, 3, 4, 5  # disk 1 is the context
MIB = 16
HOSTS = ("host-a", "host-b", "host-c", "host-d")
"""Two of them have the data, the others use it over the network."""
FILLING = "-"
"""Instead of a name: a call that is needed for what follows, and is measured elsewhere."""


class Life:
    """What happens to some images and a VM; `play` carries it out and yields the action of each call that ran."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._cloud = Cloud(sandbox, {"STAGING_DIR": str(sandbox.root)})

    def play(self) -> Iterator[tuple[str, Completed]]:
        """Every call of ours, by action."""
        steps = (
            self._images,
            self._larger,
            self._volatile,
            self._monitor,
            self._change,
            self._save,
            self._back_up,
            self._migrate,
            self._fail_to_migrate,
            self._stop,
            self._resume,
            self._set_back,
            self._end,
            self._change_images,
            self._remove_images,
        )
        for step in steps:
            begun = len(self._cloud.calls)
            names = step()
            calls = self._cloud.calls[begun:]
            yield from zip(names, (ended for _, ended in calls), strict=True)

    # -- calls ----------------------------------------------------------------------------------

    def _place(self, disk: int, host: str = "") -> str:
        return f"{host or self._cloud.vms[VM].now.host}:{self._cloud.directory(VM)}/disk.{disk}"

    def _about_disk(self, action: str, disk: int, *words: object) -> None:
        self._cloud.call("tm", "linstor", action, self._place(disk), *words, VM, IMAGES)

    def _about_image(self, action: str, identity: int, **values: object) -> str:
        document = documents.image(identity, "", MIB, values)
        data = documents.action_data(document, self._sandbox.oned.get("datastore", IMAGES) or "")
        return self._cloud.call("datastore", "linstor", action, identity, stdin=base64.b64encode(data)).stdout.strip()

    def _source(self, identity: int) -> str:
        return self._cloud.images[identity].source

    def _tell(self) -> None:
        self._sandbox.oned.put("vm", VM, self._cloud.vms[VM].xml())

    # -- steps ----------------------------------------------------------------------------------

    def _images(self) -> list[str]:
        path = self._cloud.sources / "os.raw"
        path.write_bytes(b"benchmark" * 512 + bytes(MIB * 1024 * 1024 - 4608))
        self._cloud.import_image(OS_IMAGE, "os", str(path))
        self._cloud.make_image(DATA_IMAGE, "data", MIB, persistent=True)
        self._cloud.deploy(VM, "host-a", [OS_IMAGE], system=SYSTEM_LINSTOR)
        self._cloud.attach(VM, DATA_DISK, DATA_IMAGE)
        return ["datastore stat", "datastore cp", "datastore mkfs", "tm clone", "tm context", "tm ln"]

    def _larger(self) -> list[str]:
        """A disk that is larger than its image, and goes again."""
        disks = self._cloud.vms[VM].disks
        disks[LARGER_DISK] = {**disks[OS_DISK], "SIZE": 2 * MIB}
        self._tell()
        self._cloud.call("tm", "linstor", "clone", self._source(OS_IMAGE), self._place(LARGER_DISK), VM, IMAGES)
        self._about_disk("delete", LARGER_DISK)
        del disks[LARGER_DISK]
        self._tell()
        return ["tm clone (larger)", FILLING]

    def _volatile(self) -> list[str]:
        """Disks that are made and deleted while the VM runs, one of them swap space."""
        wanted = {VOLATILE_DISK: ("mkimage", MIB, "raw"), SWAP_DISK: ("mkswap", MIB)}
        for disk, (action, *words) in wanted.items():
            kind = "swap" if action == "mkswap" else "fs"
            values = {"TYPE": kind, "FORMAT": "raw", "SIZE": MIB, "TM_MAD": "linstor", "SAVE": "NO"}
            self._cloud.vms[VM].disks[disk] = dict(values)
            self._tell()
            self._cloud.call("tm", "linstor", action, *words, self._place(disk), VM, SYSTEM_LINSTOR)
            self._cloud.call("tm", "linstor", "delete", self._place(disk), VM, SYSTEM_LINSTOR)
            del self._cloud.vms[VM].disks[disk]
            self._tell()
        return ["tm mkimage", "tm delete (volatile)", "tm mkswap", FILLING]

    def _monitor(self) -> list[str]:
        for kind, identity in (("datastore", IMAGES), ("tm", SYSTEM_LINSTOR)):
            document = self._sandbox.oned.get("datastore", identity) or ""
            data = base64.b64encode(documents.action_data(document))
            self._cloud.call(kind, "linstor", "monitor", identity, stdin=data)
        return ["datastore monitor", "tm monitor"]

    def _change(self) -> list[str]:
        """The disk grows and has snapshots."""
        self._about_disk("resize", OS_DISK, 2 * MIB)
        self._cloud.vms[VM].disks[OS_DISK]["SIZE"] = 2 * MIB
        for number, action in enumerate(("snap_create", "snap_create_live")):
            self._cloud.vms[VM].snapshots.setdefault(OS_DISK, {})[number] = number + 1
            self._tell()
            self._about_disk(action, OS_DISK, number)
        return ["tm resize", "tm snap_create", "tm snap_create_live"]

    def _save(self) -> list[str]:
        for number in ("-1", "0"):
            target = f"OpenNebula-Image-{SAVED_IMAGE}"
            self._about_disk("cpds", OS_DISK, f"{self._sandbox.hosts.front_end}:{target}", number)
            self._about_image("rm", SAVED_IMAGE, SOURCE=target)
        return ["tm cpds", FILLING, "tm cpds (snapshot)", FILLING]

    def _back_up(self) -> list[str]:
        """Two disks of the VM while it runs."""
        vm = self._cloud.vms[VM]
        actions = ["prebackup_live", "postbackup_live"]
        for action in actions:
            words = (f"{vm.now.host}:{self._cloud.directory(VM)}", f"{OS_DISK}:{DATA_DISK}", f"one-{VM}", "-", VM)
            self._cloud.call("tm", "linstor", action, *words, SYSTEM_LINSTOR, stdin=vm.xml().encode())
        return [f"tm {action}" for action in actions]

    def _migrate(self) -> list[str]:
        self._cloud.prepare_migration(VM, "host-c")
        self._cloud.migrate_guest(VM)
        self._cloud.finish_migration(VM)
        return ["tm premigrate", "tm postmigrate"]

    def _fail_to_migrate(self) -> list[str]:
        self._cloud.prepare_migration(VM, "host-a")
        document = self._cloud.vms[VM]
        source, target = document.history[-2:]
        payload = base64.b64encode(document.xml(current_only=True).encode())
        argv = (source.host, target.host, self._cloud.directory(VM), VM, SYSTEM_LINSTOR)
        self._cloud.call("tm", "linstor", "failmigrate", *argv, stdin=payload)
        document.history.pop()
        self._tell()
        return [FILLING, "tm failmigrate"]

    def _stop(self) -> list[str]:
        self._sandbox.guests.stop(VM)
        self._move(self._cloud.vms[VM].now.host, self._sandbox.hosts.front_end)
        return ["tm mv (to the front-end)", FILLING, "tm mv (directory)"]

    def _set_back(self) -> list[str]:
        """A disk of a VM that does not run; then its snapshots go."""
        self._about_disk("snap_revert", OS_DISK, 0)
        for number in (0, 1):
            self._about_disk("snap_delete", OS_DISK, number)
        return ["tm snap_revert", "tm snap_delete", FILLING]

    def _resume(self) -> list[str]:
        """The VM comes back on a host without its data, and is moved to another one while it does not run."""
        for source, target in ((self._sandbox.hosts.front_end, "host-d"), ("host-d", "host-c")):
            self._cloud.vms[VM].history.append(Record(target, SYSTEM_LINSTOR, "linstor"))
            self._tell()
            self._move(source, target)
        return ["tm mv (from the front-end)", FILLING, FILLING, "tm mv (host to host)", FILLING, FILLING]

    def _move(self, source: str, target: str) -> None:
        for disk in (OS_DISK, DATA_DISK):
            self._cloud.call("tm", "linstor", "mv", self._place(disk, source), self._place(disk, target), VM, IMAGES)
        directory = self._cloud.directory(VM)
        self._cloud.call("tm", "linstor", "mv", f"{source}:{directory}", f"{target}:{directory}", VM, SYSTEM_LINSTOR)

    def _end(self) -> list[str]:
        self._about_disk("snap_create", DATA_DISK, 0)
        self._about_disk("snap_create", DATA_DISK, 1)
        self._cloud.terminate(VM)
        return [FILLING, FILLING, "tm delete", "tm mvds", "tm delete (directory)"]

    def _change_images(self) -> list[str]:
        """A clone and an export of one image; the other has two snapshots of the VM's disk."""
        target = self._about_image("clone", CLONED_IMAGE, PATH=self._source(OS_IMAGE)).split()[0]
        self._about_image("rm", CLONED_IMAGE, SOURCE=target)
        self._about_image("export", OS_IMAGE, SOURCE=self._source(OS_IMAGE))
        for action, number in (("snap_revert", 0), ("snap_delete", 1), ("snap_flatten", 0)):
            self._about_image(action, DATA_IMAGE, SOURCE=self._source(DATA_IMAGE), TARGET_SNAPSHOT=number)
        snapshots = ["datastore snap_revert", "datastore snap_delete", "datastore snap_flatten"]
        return ["datastore clone", FILLING, "datastore export", *snapshots]

    def _remove_images(self) -> list[str]:
        self._cloud.remove_image(OS_IMAGE)
        self._cloud.remove_image(DATA_IMAGE)
        return ["datastore rm", FILLING]
