"""oned's part in the scenarios: what the sandbox's own demonstration never does."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping

from changing_cloud import ChangingCloud
from lxml import etree

from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR, ImageRecord
from entrypoints.sandbox.documents import Record, VmDocument


class FeatureCloud(ChangingCloud):
    """A cloud that can do what the sandbox's own demonstration never does."""

    cdroms: frozenset[int] = frozenset()
    sizes: dict[int, int] = {}  # noqa: RUF012 - replaced as a whole, never changed

    def _disk(self, image: int, vm: int) -> dict[str, object]:
        """Also CD-ROMs (opennebula.md 4.3) and disks larger than their image."""
        values = super()._disk(image, vm)
        if image in self.cdroms:
            values.update({"CLONE": "NO", "SAVE": "NO", "READONLY": "YES"})
            values.pop("PERSISTENT", None)
        if image in self.sizes:
            values["SIZE"] = self.sizes[image]
        return values

    def say(self, datastore: int, **attributes: str) -> None:
        """The datastore has these attributes from now on."""
        root = etree.fromstring(self.sandbox.oned.get("datastore", datastore) or "")
        template = root.find("TEMPLATE")
        for name, value in attributes.items():
            for each in template.findall(name):
                template.remove(each)
            etree.SubElement(template, name).text = value
        document = etree.tostring(root, encoding="unicode")
        if datastore == IMAGES:
            self._image_datastore = document
        self.sandbox.oned.put("datastore", datastore, document)

    def make_image_with(self, identity: int, size_mib: int, template: Mapping[str, str]) -> None:
        """`oneimage create --type datablock` with a template of its own."""
        document = documents.image(identity, "new", size_mib, {"SOURCE": "", "FORMAT": "raw"}, template)
        self._made("mkfs", identity, "new", document, ImageRecord("", size_mib, persistent=False))

    def export_image(self, identity: int) -> str:
        """`onemarketapp create --image`: export. What it printed."""
        image = self.images[identity]
        return self._about_image(
            "export", identity, documents.image(identity, "", image.size_mib, {"SOURCE": image.source})
        )

    def monitor(self, kind: str, datastore: int, *more: str) -> str:
        """The periodic look at the space of a datastore (opennebula.md 2.8), *more* are elements. What it printed."""
        document = documents.action_data(self.sandbox.oned.get("datastore", datastore) or "", *more)
        return self.call(kind, "linstor", "monitor", datastore, stdin=base64.b64encode(document)).stdout

    def delete_by_force(self, vm: int) -> None:
        """`onevm recover --delete`: delete for every disk, whatever it is, and then for the directory."""
        self.sandbox.guests.stop(vm)
        for disk in self.vms[vm].disks:
            self.call("tm", "linstor", self._suffixed(vm, "delete"), self._place(vm, disk), vm, IMAGES)
        now = self.vms[vm].now
        self.call("tm", now.tm, "delete", f"{now.host}:{self.directory(vm)}", vm, now.datastore)

    def begin_in_hypervisor(self, vm: int) -> None:
        """Both hosts have the disks of a migrating VM open."""
        document = self.vms[vm]
        source, target = document.history[-2:]
        self.hypervisor._carry_files(source.host, target.host, self.directory(vm))
        self.sandbox.guests.begin_migration(vm, target.host, self.directory(vm))

    def fail_in_hypervisor(self, vm: int) -> None:
        """The target gives a migrating VM up, and oned calls failmigrate."""
        self.begin_in_hypervisor(vm)
        self.sandbox.guests.cancel_migration(vm)
        document = self.vms[vm]
        self.hypervisor._give_up(*(each.host for each in document.history[-2:]), self.directory(vm))
        self._migration_script(vm, "failmigrate")
        self.forget_target(vm)

    def deploy_context(self, vm: int, host: str) -> None:
        """The context of a VM without other disks, on our own system datastore."""
        self.vms[vm] = VmDocument(vm, [Record(host, SYSTEM_LINSTOR, "linstor")], context_disk=0)
        self._tell(vm)
        self._context(vm)

    def copy_image(self, identity: int, name: str, size_mib: int, url: str) -> None:
        """`oneimage create --path` of something whose size oned knows already."""
        self._about_image("cp", identity, documents.image(identity, name, size_mib, {"PATH": url, "SOURCE": ""}))

    def change_system_datastore(self, vm: int, datastore: int) -> str:
        """`onevm migrate --live` to another system datastore of the same host; the directory that the VM has left."""
        old, host = self.directory(vm), self.vms[vm].now.host
        self.vms[vm].history.append(Record(host, datastore, "linstor"))
        self._tell(vm)
        self._migration_script(vm, "premigrate")
        for name in ("vm.xml", "ds.xml", f"disk.{self.vms[vm].context_disk}"):
            shutil.copyfile(*(self.sandbox.host_path(host, f"{each}/{name}") for each in (old, self.directory(vm))))
        self.sandbox.guests.begin_migration(vm, host, self.directory(vm))
        self.sandbox.guests.finish_migration(vm, host, self.directory(vm))
        self._migration_script(vm, "postmigrate")
        return old

    def forget_target(self, vm: int) -> None:
        """Oned gives a migration up, and no script is told."""
        self.vms[vm].history.pop()
        self._tell(vm)

    def deploy_again(self, vm: int, host: str) -> None:
        """A VM that was recreated is deployed: a new history record, and its disks are made anew."""
        now = self.vms[vm].now
        self.vms[vm].history.append(Record(host, now.datastore, now.tm))
        self._tell(vm)
        for disk in self.vms[vm].disks:
            self._bring(vm, disk)
        self._context(vm)
        self.hypervisor.deploy(self.vms[vm], self.directory(vm))
