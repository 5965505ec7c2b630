"""oned's part in a sandbox: which executables it calls for an operation, in which order (opennebula.md 3.4)."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from entrypoints.sandbox import documents
from entrypoints.sandbox.documents import VmDocument
from entrypoints.sandbox.world import Completed, Sandbox

IMAGES, SYSTEM_SSH, SYSTEM_SHARED, SYSTEM_LINSTOR = 100, 102, 103, 104
SYSTEM_TM = {SYSTEM_SSH: "ssh", SYSTEM_SHARED: "shared", SYSTEM_LINSTOR: "linstor"}


class OrderFailed(Exception):
    """An executable ended with an error."""

    def __init__(self, name: str, ended: Completed) -> None:
        self.ended = ended
        super().__init__(f"{name} ended with {ended.exit_code}: {ended.stderr.strip()}")


class Cloud:
    """Operations on images and VMs, carried out by the executables in the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.vms: dict[int, VmDocument] = {}
        self.images: dict[int, tuple[str, int, bool]] = {}
        self.calls: list[tuple[str, Completed]] = []
        self._datastores = self._make_datastores()

    def _make_datastores(self) -> dict[int, str]:
        linstor = {"LINSTOR_CONTROLLERS": self.sandbox.controller, "SAFE_DIRS": str(self.sandbox.root / "sources")}
        images = {"LINSTOR_RESOURCE_GROUP": "OpenNebula-Default", "DISK_TYPE": "BLOCK", "RESTRICTED_DIRS": "/"}
        system = {"LINSTOR_RESOURCE_GROUP": "OpenNebula-System"}
        found = {
            IMAGES: documents.datastore(IMAGES, "linstor-images", "linstor", {**linstor, **images}, ds_mad="linstor"),
            SYSTEM_SSH: documents.datastore(SYSTEM_SSH, "system-ssh", "ssh", {"SHARED": "NO"}, kind=1),
            SYSTEM_SHARED: documents.datastore(SYSTEM_SHARED, "system-shared", "shared", {"SHARED": "YES"}, kind=1),
            SYSTEM_LINSTOR: documents.datastore(
                SYSTEM_LINSTOR, "system-linstor", "linstor", {**linstor, **system, "SHARED": "YES"}, kind=1
            ),
        }
        (self.sandbox.root / "sources").mkdir(exist_ok=True)
        for identity, document in found.items():
            self.sandbox.oned.put("datastore", identity, document)
        return found

    # -- calls ----------------------------------------------------------------------------------

    def call(self, kind: str, driver: str, action: str, *argv: str, stdin: bytes = b"") -> Completed:
        """Run one executable. Raises OrderFailed."""
        ended = self.sandbox.run(kind, driver, action, argv, stdin)
        self.calls.append((f"{kind}/{driver}/{action}", ended))
        if ended.exit_code:
            raise OrderFailed(f"{kind}/{driver}/{action}", ended)
        return ended

    def about_image(self, action: str, identity: int, document: str) -> str:
        """A datastore action about an image, as oned 6.8 and later call it."""
        data = base64.b64encode(documents.action_data(document, self._datastores[IMAGES]))
        return self.call("datastore", "linstor", action, str(identity), stdin=data).stdout.strip()

    def directory(self, vm: int) -> str:
        """The VM directory as oned writes it, with its doubled slash."""
        datastore = self.vms[vm].history[-1][1]
        return f"{self.sandbox.one / 'var'}//datastores/{datastore}/{vm}"

    def _tell(self, vm: int) -> None:
        self.sandbox.oned.put("vm", vm, self.vms[vm].xml())

    # -- images ---------------------------------------------------------------------------------

    def import_image(self, identity: int, name: str, path: str, *, persistent: bool = False) -> str:
        """`oneimage create --path`: stat, then cp."""
        asked = documents.image(-1, name, 0, {"PATH": path}, {})
        size = int(self.about_image("stat", identity, asked))
        document = documents.image(identity, name, size, {"PATH": path, "SOURCE": ""}, {})
        source = self.about_image("cp", identity, document).split()[0]
        self.images[identity] = (source, size, persistent)
        return source

    def make_image(self, identity: int, name: str, size_mib: int, *, fs: str = "", persistent: bool = False) -> str:
        """`oneimage create --type datablock`: mkfs."""
        values = {"SOURCE": "", "FORMAT": "raw", "FS": fs}
        source = self.about_image("mkfs", identity, documents.image(identity, name, size_mib, values, {}))
        self.images[identity] = (source, size_mib, persistent)
        return source

    def remove_image(self, identity: int) -> None:
        """`oneimage delete`: rm."""
        source, size, _ = self.images.pop(identity)
        self.about_image("rm", identity, documents.image(identity, "gone", size, {"SOURCE": source}, {}))

    # -- VMs ------------------------------------------------------------------------------------

    def _disk(self, image: int, system: int, size_mib: int = 0) -> dict[str, object]:
        source, size, persistent = self.images[image]
        values: dict[str, object] = {
            "IMAGE_ID": image,
            "SOURCE": source,
            "ORIGINAL_SIZE": size,
            "SIZE": size_mib or size,
            "CLONE": "NO" if persistent else "YES",
            "SAVE": "YES" if persistent else "NO",
            "READONLY": "NO",
            "TYPE": "BLOCK",
            "TM_MAD": "linstor",
            "DATASTORE_ID": IMAGES,
        }
        if persistent:
            values["PERSISTENT"] = "YES"
        if SYSTEM_TM[system] != "linstor":
            values["TM_MAD_SYSTEM"] = SYSTEM_TM[system]
        return values

    def _bring(self, vm: int, disk: int) -> None:
        """Clone or ln of one disk."""
        document = self.vms[vm]
        host, system, _ = document.history[-1]
        values = document.disks[disk]
        action = "clone" if values["CLONE"] == "YES" else "ln"
        suffix = "" if SYSTEM_TM[system] == "linstor" else f".{SYSTEM_TM[system]}"
        source = f"{self.sandbox.hosts.front_end}:{values['SOURCE']}"
        where = f"{host}:{self.directory(vm)}/disk.{disk}"
        self.call("tm", "linstor", action + suffix, source, where, str(vm), str(IMAGES))

    def deploy(self, vm: int, host: str, images: Mapping[int, int], *, system: int = SYSTEM_SSH) -> None:
        """`onevm deploy`: clone or ln for each disk, context, and the guest starts. *images*: image id -> MiB or 0."""
        document = VmDocument(vm, history=[(host, system, SYSTEM_TM[system])])
        self.vms[vm] = document
        for disk, (image, size) in enumerate(images.items()):
            document.disks[disk] = self._disk(image, system, size)
        document.context_disk = len(images)
        self._tell(vm)
        for disk in document.disks:
            self._bring(vm, disk)
        where = f"{host}:{self.directory(vm)}/disk.{document.context_disk}"
        script = self.sandbox.one / "var" / "vms" / str(vm) / "context.sh"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f"HOSTNAME=vm{vm}\n", encoding="utf-8")
        self.call("tm", SYSTEM_TM[system], "context", str(script), where, str(vm), str(system))
        self.sandbox.guests.start(vm, host, self.directory(vm), list(document.disks))

    def attach(self, vm: int, disk: int, image: int) -> None:
        """`onevm disk-attach`: clone or ln, and the guest plugs it in."""
        self.vms[vm].disks[disk] = self._disk(image, self.vms[vm].history[-1][1])
        self._tell(vm)
        self._bring(vm, disk)
        self.sandbox.guests.attach(vm, disk)

    def migrate_live(self, vm: int, target: str) -> None:
        """`onevm migrate --live`: premigrate, the hypervisor, postmigrate; failmigrate where the hypervisor fails."""
        document = self.vms[vm]
        source, system, tm = document.history[-1]
        document.history.append((target, system, tm))
        self._tell(vm)
        payload = base64.b64encode(document.xml(current_only=True).encode())
        argv = (source, target, self.directory(vm), str(vm), str(system))
        self.call("tm", tm, "premigrate", *argv, stdin=payload)
        try:
            self.sandbox.guests.migrate(vm, target, self.directory(vm))
        except OSError:
            document.history.pop()
            self._tell(vm)
            self.call("tm", tm, "failmigrate", *argv, stdin=payload)
            raise
        self.call("tm", tm, "postmigrate", *argv, stdin=payload)

    def terminate(self, vm: int) -> None:
        """`onevm terminate`: the guest stops; mvds or delete for each disk, then delete of the directory."""
        self.sandbox.guests.stop(vm)
        document = self.vms[vm]
        host, system, tm = document.history[-1]
        suffix = "" if tm == "linstor" else f".{tm}"
        for disk, values in document.disks.items():
            where = f"{host}:{self.directory(vm)}/disk.{disk}"
            if values["SAVE"] == "YES":
                self.call("tm", "linstor", "mvds" + suffix, where, str(values["SOURCE"]), str(vm), str(IMAGES))
            else:
                self.call("tm", "linstor", "delete" + suffix, where, str(vm), str(IMAGES))
        self.call("tm", tm, "delete", f"{host}:{self.directory(vm)}", str(vm), str(system))
        self.sandbox.oned.forget("vm", vm)
        del self.vms[vm]
