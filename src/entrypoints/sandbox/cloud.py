"""oned's part in a sandbox: which executables it calls for an operation, in which order (opennebula.md 3.4)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace

from entrypoints.sandbox import documents
from entrypoints.sandbox.documents import Record, VmDocument
from entrypoints.sandbox.hypervisor import Hypervisor
from entrypoints.sandbox.world import Completed, Sandbox

IMAGES, SYSTEM_SSH, SYSTEM_SHARED, SYSTEM_LINSTOR = 100, 102, 103, 104
LOCKED, READY = 4, 1
SYSTEM_TM = {SYSTEM_SSH: "ssh", SYSTEM_SHARED: "shared", SYSTEM_LINSTOR: "linstor"}


LOG_LINES = ("ERROR: ", "WARN: ", "INFO: ", "DEBUG: ")


class OrderFailed(Exception):
    """An executable ended with an error."""

    def __init__(self, name: str, ended: Completed) -> None:
        self.name, self.ended = name, ended
        super().__init__(f"{name} ended with {ended.exit_code}: {message(ended.stderr)}")


def message(stderr: str) -> str:
    """What oned takes for the message: all but the lines for its log (opennebula.md 1.5)."""
    lines = [line for line in stderr.strip().splitlines() if not line.startswith(LOG_LINES)]
    return "\n".join(lines)


@dataclass(frozen=True)
class ImageRecord:
    """An image that oned has: *source* is what the datastore driver called it."""

    source: str
    size_mib: int
    persistent: bool


class Cloud:
    """Operations on images and VMs, carried out by the executables in the sandbox. Each raises OrderFailed.

    *calls* are the executables that ran, in order, under `kind/driver/action`. *attributes* are those of the datastores
    in LINSTOR, besides or instead of the ones that they have here.
    """

    def __init__(self, sandbox: Sandbox, attributes: Mapping[str, str] | None = None) -> None:
        self.sandbox = sandbox
        self.hypervisor = Hypervisor(sandbox)
        self.vms: dict[int, VmDocument] = {}
        self.images: dict[int, ImageRecord] = {}
        self.calls: list[tuple[str, Completed]] = []
        self.sources = sandbox.root / "sources"
        self.sources.mkdir(exist_ok=True)
        self._image_datastore = self._make_datastores(attributes or {})
        sandbox.hosts.share(SYSTEM_SHARED)

    def _make_datastores(self, attributes: Mapping[str, str]) -> str:
        """Tell oned the datastores; the document of the one for images."""
        here = {"LINSTOR_CONTROLLERS": self.sandbox.controller, "LINSTOR_RESOURCE_GROUP": "OpenNebula-Default"}
        own = {**here, **attributes}
        images = {**own, "DISK_TYPE": "BLOCK", "RESTRICTED_DIRS": "/", "SAFE_DIRS": str(self.sources)}
        self._tell_datastore(IMAGES, "linstor-images", ("linstor", "linstor"), images)
        for number, host in enumerate(
            each for each in self.sandbox.hosts.names if each != self.sandbox.hosts.front_end
        ):
            self.sandbox.oned.put("host", number, documents.host(number, host))
        self._tell_datastore(SYSTEM_SSH, "system-ssh", ("-", "ssh"), {"SHARED": "NO"})
        self._tell_datastore(SYSTEM_SHARED, "system-shared", ("-", "shared"), {"SHARED": "YES"})
        self._tell_datastore(SYSTEM_LINSTOR, "system-linstor", ("-", "linstor"), {**own, "SHARED": "YES"})
        return self.sandbox.oned.get("datastore", IMAGES) or ""

    def _tell_datastore(self, identity: int, name: str, drivers: tuple[str, str], template: Mapping[str, str]) -> None:
        base = f"{self.sandbox.one / 'var'}//datastores/{identity}"
        kind = 0 if identity == IMAGES else 1
        document = documents.datastore(identity, name, drivers, template, kind=kind, base=base)
        self.sandbox.oned.put("datastore", identity, document)

    # -- calls ----------------------------------------------------------------------------------

    def call(self, kind: str, driver: str, action: str, *argv: object, stdin: bytes = b"") -> Completed:
        """Run one executable."""
        name = f"{kind}/{driver}/{action}"
        ended = self.sandbox.run(kind, driver, action, [str(word) for word in argv], stdin)
        self.calls.append((name, ended))
        if ended.exit_code:
            raise OrderFailed(name, ended)
        return ended

    def _about_image(self, action: str, identity: int, document: str) -> str:
        """A datastore action about an image, as oned 6.8 and later call it (opennebula.md 2.1)."""
        data = base64.b64encode(documents.action_data(document, self._image_datastore))
        return self.call("datastore", "linstor", action, identity, stdin=data).stdout.strip()

    def directory(self, vm: int) -> str:
        """The VM directory as oned writes it, with its doubled slash."""
        return f"{self.sandbox.one / 'var'}//datastores/{self.vms[vm].now.datastore}/{vm}"

    def place_of(self, vm: int) -> str:
        """Where the files of the VM directory are."""
        return self.vms[vm].now.host

    def _place(self, vm: int, disk: int) -> str:
        return f"{self.place_of(vm)}:{self.directory(vm)}/disk.{disk}"

    def _suffixed(self, vm: int, action: str) -> str:
        """Oned names the driver of the system datastore where it is another one (opennebula.md 3.3)."""
        tm = self.vms[vm].now.tm
        return action if tm == "linstor" else f"{action}.{tm}"

    def _tell(self, vm: int) -> None:
        self.sandbox.oned.put("vm", vm, self.vms[vm].xml())

    # -- images ---------------------------------------------------------------------------------

    def import_image(self, identity: int, name: str, path: str, *, persistent: bool = False) -> str:
        """`oneimage create --path`: stat, then cp. What cp called it."""
        size = int(self._about_image("stat", identity, documents.image(-1, name, 0, {"PATH": path})))
        document = documents.image(identity, name, size, {"PATH": path, "SOURCE": ""})
        return self._made("cp", identity, name, document, ImageRecord("", size, persistent))

    def make_image(self, identity: int, name: str, size_mib: int, *, fs: str = "", persistent: bool = False) -> str:
        """`oneimage create --type datablock`: mkfs. What mkfs called it."""
        document = documents.image(identity, name, size_mib, {"SOURCE": "", "FORMAT": "raw", "FS": fs})
        return self._made("mkfs", identity, name, document, ImageRecord("", size_mib, persistent))

    def _made(self, action: str, identity: int, name: str, document: str, record: ImageRecord) -> str:
        """Oned knows the image as locked before it has a source."""
        self._tell_image(identity, name, record, LOCKED)
        source = self._about_image(action, identity, document).split()[0]
        self.images[identity] = replace(record, source=source)
        self._tell_image(identity, name, self.images[identity], READY)
        return source

    def _tell_image(self, identity: int, name: str, record: ImageRecord, state: int) -> None:
        values = {"SOURCE": record.source, "STATE": state, "DATASTORE_ID": IMAGES, "PERSISTENT": int(record.persistent)}
        self.sandbox.oned.put("image", identity, documents.image(identity, name, record.size_mib, values))

    def remove_image(self, identity: int) -> None:
        """`oneimage delete`: rm."""
        image = self.images[identity]
        self._about_image("rm", identity, documents.image(identity, "", image.size_mib, {"SOURCE": image.source}))
        self.sandbox.oned.forget("image", identity)
        del self.images[identity]

    # -- VMs ------------------------------------------------------------------------------------

    def _disk(self, image: int, vm: int) -> dict[str, object]:
        """The DISK of an image, as oned fills it in (opennebula.md 4.2)."""
        record, tm = self.images[image], self.vms[vm].now.tm
        return {
            "IMAGE_ID": image,
            "SOURCE": record.source,
            "ORIGINAL_SIZE": record.size_mib,
            "SIZE": record.size_mib,
            "CLONE": "NO" if record.persistent else "YES",
            "SAVE": "YES" if record.persistent else "NO",
            "READONLY": "NO",
            "TYPE": "BLOCK",
            "TM_MAD": "linstor",
            "DATASTORE_ID": IMAGES,
            **({"PERSISTENT": "YES"} if record.persistent else {}),
            **({"TM_MAD_SYSTEM": tm} if tm != "linstor" else {}),
        }

    def _bring(self, vm: int, disk: int) -> None:
        """Clone or ln of one disk."""
        values = self.vms[vm].disks[disk]
        action = self._suffixed(vm, "clone" if values["CLONE"] == "YES" else "ln")
        source = f"{self.sandbox.hosts.front_end}:{values['SOURCE']}"
        self.call("tm", "linstor", action, source, self._place(vm, disk), vm, IMAGES)

    def deploy(self, vm: int, host: str, images: list[int], *, system: int = SYSTEM_SSH) -> None:
        """`onevm deploy`: clone or ln for each of *images*, context, and the guest starts. Raises OSError, too."""
        document = VmDocument(vm, [Record(host, system, SYSTEM_TM[system])], context_disk=len(images))
        self.vms[vm] = document
        document.disks.update({disk: self._disk(image, vm) for disk, image in enumerate(images)})
        self._tell(vm)
        for disk in document.disks:
            self._bring(vm, disk)
        self._context(vm)
        self.hypervisor.deploy(document, self.directory(vm))

    def _context(self, vm: int) -> None:
        script = self.sandbox.one / "var" / "vms" / str(vm) / "context.sh"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f"SET_HOSTNAME='vm{vm}'\n", encoding="utf-8")
        now, disk = self.vms[vm].now, self.vms[vm].context_disk
        self.call("tm", now.tm, "context", script, self._place(vm, disk or 0), vm, now.datastore)

    def attach(self, vm: int, disk: int, image: int) -> None:
        """`onevm disk-attach`: clone or ln, and the guest plugs it in. Raises OSError, too."""
        self.vms[vm].disks[disk] = self._disk(image, vm)
        self._tell(vm)
        self._bring(vm, disk)
        self.sandbox.guests.attach(vm, disk)

    def terminate(self, vm: int) -> None:
        """`onevm terminate`: the guest stops; mvds or delete for each disk, then delete of the directory."""
        self.sandbox.guests.stop(vm)
        document = self.vms[vm]
        for disk, values in document.disks.items():
            if values["SAVE"] == "YES":
                mvds = self._suffixed(vm, "mvds")
                self.call("tm", "linstor", mvds, self._place(vm, disk), values["SOURCE"], vm, IMAGES)
            else:
                self.call("tm", "linstor", self._suffixed(vm, "delete"), self._place(vm, disk), vm, IMAGES)
        now = document.now
        self.call("tm", now.tm, "delete", f"{self.place_of(vm)}:{self.directory(vm)}", vm, now.datastore)
        self.sandbox.oned.forget("vm", vm)
        del self.vms[vm]

    # -- live migration -------------------------------------------------------------------------

    def prepare_migration(self, vm: int, target: str) -> None:
        """`onevm migrate --live` begins: oned writes a new history record, premigrate makes the disks ready."""
        now = self.vms[vm].now
        self.vms[vm].history.append(Record(target, now.datastore, now.tm))
        self._tell(vm)
        self._migration_script(vm, "premigrate")

    def migrate_guest(self, vm: int) -> None:
        """The hypervisor moves the guest. Raises OSError after failmigrate; oned has forgotten the record then."""
        document = self.vms[vm]
        try:
            self.hypervisor.migrate(document, document.history[-2].host, self.directory(vm))
        except OSError:
            self._migration_script(vm, "failmigrate")
            document.history.pop()
            self._tell(vm)
            raise

    def finish_migration(self, vm: int) -> None:
        """Postmigrate takes the disks away from the source."""
        self._migration_script(vm, "postmigrate")

    def _migration_script(self, vm: int, action: str) -> None:
        document = self.vms[vm]
        source, target = document.history[-2:]
        payload = base64.b64encode(document.xml(current_only=True).encode())
        argv = (source.host, target.host, self.directory(vm), vm, target.datastore)
        self.call("tm", target.tm, action, *argv, stdin=payload)
