"""Disks and VMs as oned would describe them: from the recorded document that is nearest, else from the image."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from entrypoints.sandbox.replay.recording import Call, Operation, Recording
from entrypoints.sandbox.replay.rewriting import Rewriting, set_text
from entrypoints.sandbox.replay.subject import LINSTOR, Subject, subject
from entrypoints.sandbox.replay.vm_document import disk_element, find_disk, find_snapshot, snapshots_of

CDROM = "1"
"""IMAGE/TYPE of a CD-ROM (opennebula.md 4.5)."""


class DiskTemplates:
    """What the recorded documents tell of VMs, disks and images."""

    def __init__(self, recording: Recording, rewriting: Rewriting) -> None:
        self._order = {id(operation): place for place, operation in enumerate(recording.operations)}
        self._vms = list(self._recorded_vms(recording, rewriting))
        self._images = list(self._recorded_images(recording, rewriting))
        self._resizes = [
            (place, subject(call))
            for place, operation in enumerate(recording.operations)
            for call in operation.calls
            if call.kind == "tm" and call.plain_action == "resize" and not call.exit_code
        ]

    @staticmethod
    def _recorded_vms(recording: Recording, rewriting: Rewriting) -> Iterator[tuple[int, int, etree._Element]]:
        """(place of the operation, VM id, document), from `xml/` and from what migrations were given."""
        for place, operation in enumerate(recording.operations):
            for document in operation.documents:
                if document.kind == "vm":
                    yield place, document.number, rewriting.tree(document.xml)
            for call in operation.calls:
                if call.kind == "tm" and call.document.startswith("<VM>"):
                    yield place, subject(call).vm or -1, rewriting.tree(call.document)

    @staticmethod
    def _recorded_images(recording: Recording, rewriting: Rewriting) -> Iterator[tuple[int, str, etree._Element]]:
        """(place of the operation, volume, IMAGE): the volume as the driver printed it, or as the document says."""
        for place, operation in enumerate(recording.operations):
            for call in operation.calls:
                if call.kind == "ds" and call.plain_action in ("cp", "mkfs", "clone") and "<IMAGE>" in call.document:
                    image = rewriting.tree(call.document).find("IMAGE")
                    source = (call.stdout or "").split(" ")[0].strip() or subject(call).source
                    if image is not None and source:
                        yield place, source, image
            for document in operation.documents:
                if document.kind == "image":
                    image = rewriting.tree(document.xml)
                    yield place, (image.findtext("SOURCE") or "").strip(), image

    # -- VMs --------------------------------------------------------------------------------------

    def vm_without_history(self, vm_id: int, operation: Operation) -> etree._Element | None:
        """The VM as it was created: the nearest document, without its places, its snapshots and later disks."""
        tree = next((deepcopy(each) for each in self._nearest(vm_id, operation)), None)
        if tree is None:
            return None
        for name, text in (("STATE", "1"), ("LCM_STATE", "0")):
            set_text(tree, name, text)
        for name in ("HISTORY_RECORDS", "SNAPSHOTS"):
            for element in tree.findall(name):
                tree.remove(element)
        if not self._ends_with(operation, vm_id):
            _keep_disks(tree, {subject(call).disk for call in operation.calls if subject(call).vm == vm_id})
        return tree

    @staticmethod
    def _ends_with(operation: Operation, vm_id: int) -> bool:
        """Whether the document is of this very operation, which may have failed before it came to every disk."""
        return any(each.kind == "vm" and each.number == vm_id for each in operation.documents)

    def _nearest(self, vm_id: int, operation: Operation) -> Iterator[etree._Element]:
        """The documents of a VM: of this operation and later ones, then of earlier ones, the nearest first."""
        place = self._order.get(id(operation), 0)
        own = [(at, tree) for at, number, tree in self._vms if number == vm_id]
        yield from (tree for at, tree in own if at >= place)
        yield from (tree for at, tree in reversed(own) if at < place)

    def snapshot_date(self, vm_id: int, disk: int, number: int, operation: Operation) -> str:
        """When oned says that a snapshot was taken, "" where no document tells."""
        for tree in self._nearest(vm_id, operation):
            own = snapshots_of(tree, disk)
            record = find_snapshot(own, number) if own is not None else None
            if record is not None:
                return record.findtext("DATE") or ""
        return ""

    # -- disks ------------------------------------------------------------------------------------

    def disk(self, call: Call, about: Subject, operation: Operation) -> etree._Element:
        """The DISK that *call* makes."""
        disk = self._recorded_disk(about, operation)
        if disk is None:
            disk = self._of_image(call, about, operation) if about.source else _volatile(call, about)
        return disk

    def _recorded_disk(self, about: Subject, operation: Operation) -> etree._Element | None:
        for tree in self._nearest(about.vm if about.vm is not None else -1, operation):
            found = find_disk(tree, about.disk if about.disk is not None else -1)
            if found is not None and (found.findtext("SOURCE") or "") == about.source:
                return self._as_made(deepcopy(found), about, operation)
        return None

    def _as_made(self, disk: etree._Element, about: Subject, operation: Operation) -> etree._Element:
        """The disk before it was resized: a document from later on tells a later size."""
        place = self._order.get(id(operation), 0)
        later = [each for at, each in self._resizes if at >= place and (each.vm, each.disk) == (about.vm, about.disk)]
        size = disk.find("SIZE")
        if later and size is not None and size.text in {str(each.size_mib) for each in later}:
            size.text = str(about.size_mib or disk.findtext("ORIGINAL_SIZE") or size.text)
        return disk

    def _of_image(self, call: Call, about: Subject, operation: Operation) -> etree._Element:
        image = self._image(about.source, operation)
        size = _size_mib(image)
        persistent = image is not None and image.findtext("PERSISTENT") == "1" and call.plain_action == "ln"
        return disk_element(
            {
                "DISK_ID": about.disk,
                "IMAGE_ID": image.findtext("ID") if image is not None else 0,
                "SOURCE": about.source,
                "SIZE": size,
                "ORIGINAL_SIZE": size,
                "DATASTORE_ID": about.datastore,
                "TM_MAD": call.driver,
                "TM_MAD_SYSTEM": call.action.partition(".")[2],
                "CLONE": "YES" if call.plain_action == "clone" else "NO",
                "PERSISTENT": "YES" if persistent else "",
                "SAVE": "YES" if persistent else "NO",
                "READONLY": "YES" if image is not None and image.findtext("TYPE") == CDROM else "NO",
                "TYPE": "BLOCK",
                "DISK_TYPE": "BLOCK",
                "FORMAT": "raw",
                "DRIVER": "raw",
            }
        )

    def _image(self, source: str, operation: Operation) -> etree._Element | None:
        """The image as it was by then: a persistent one grows with the disks that it was. Else its first document."""
        place = self._order.get(id(operation), 0)
        own = [(at, image) for at, name, image in self._images if name == source]
        return next((image for at, image in reversed(own) if at <= place), own[0][1] if own else None)


def _size_mib(image: etree._Element | None) -> int:
    """SIZE of an image, 0 where it is not known."""
    text = (image.findtext("SIZE") or "0") if image is not None else "0"
    return int(text) if text.isdigit() else 0


def _keep_disks(tree: etree._Element, wanted: set[int | None]) -> None:
    """Drop the disks that are not *wanted*: those of a later document came later."""
    for template in tree.findall("TEMPLATE"):
        for disk in template.findall("DISK"):
            if int(disk.findtext("DISK_ID") or -1) not in wanted:
                template.remove(disk)


def _volatile(call: Call, about: Subject) -> etree._Element:
    kind = call.argv[1] if call.plain_action == "mkimage" else "raw"
    return disk_element(
        {
            "DISK_ID": about.disk,
            "SIZE": about.size_mib,
            "DATASTORE_ID": about.datastore,
            "TM_MAD": call.driver,
            "TYPE": "swap" if call.plain_action == "mkswap" or "swap" in call.argv else "fs",
            "FORMAT": "qcow2" if kind == "qcow2" else "raw",
            "DRIVER": "raw",
            "DISK_TYPE": "BLOCK" if call.driver == LINSTOR else "FILE",
        }
    )
