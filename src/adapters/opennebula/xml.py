"""oned's XML -> the domain's documents (opennebula.md 4). No entities, no network, bounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from domain.errors import BadOrder
from domain.masking import keep_secrets_of, shown_number
from domain.opennebula import Datastore, Disk, DiskSnapshot, History, Image, Vm

LARGEST = 64 * 1024 * 1024
LARGEST_NUMBER = 2**53
"""What every version of oned can count to without loss."""
LARGEST_ID = 2**31 - 1
LARGEST_DISK_MIB = 2**30
"""1 PiB, the most that LINSTOR and DRBD can make."""


@dataclass(frozen=True)
class ActionData:
    """A `DS_DRIVER_ACTION_DATA` document; *extra* are its other elements, text by name."""

    image: Image | None = None
    datastore: Datastore | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


def parse_vm(document: bytes) -> Vm:
    """A `<VM>`. Raises BadOrder."""
    return _vm(_root(document, "VM"))


def parse_vm_pool(document: bytes) -> list[Vm]:
    """The `<VM>`s of a `<VM_POOL>`, in its order. Raises BadOrder."""
    return [_vm(each) for each in _root(document, "VM_POOL").iterfind("VM")]


def parse_image_pool(document: bytes) -> list[Image]:
    """The `<IMAGE>`s of an `<IMAGE_POOL>`, in its order; each has an id. Raises BadOrder."""
    found = list(_root(document, "IMAGE_POOL").iterfind("IMAGE"))
    for each in found:
        _number(each, "ID", required=True)
    return [_image(each) for each in found]


def parse_datastore_pool(document: bytes) -> list[Datastore]:
    """The `<DATASTORE>`s of a `<DATASTORE_POOL>`. Raises BadOrder."""
    return [_datastore(each) for each in _root(document, "DATASTORE_POOL").iterfind("DATASTORE")]


def parse_host_names(document: bytes) -> list[str]:
    """The names of the `<HOST>`s of a `<HOST_POOL>`. Raises BadOrder."""
    return [_text(each, "NAME") for each in _root(document, "HOST_POOL").iterfind("HOST")]


def parse_groups(document: bytes) -> set[int]:
    """The groups of a `<USER>`: its own and the others. Raises BadOrder."""
    root = _root(document, "USER")
    return {
        _number(root, "GID", required=True),
        *(_number(each, ".", default=-1) for each in root.iterfind("GROUPS/ID")),
    }


def parse_datastore(document: bytes) -> Datastore:
    """A `<DATASTORE>`. Raises BadOrder."""
    return _datastore(_root(document, "DATASTORE"))


def parse_image(document: bytes) -> Image:
    """An `<IMAGE>`. Raises BadOrder."""
    return _image(_root(document, "IMAGE"))


def parse_action_data(document: bytes) -> ActionData:
    """The document of a datastore action. Raises BadOrder."""
    root = _root(document, "DS_DRIVER_ACTION_DATA")
    image, datastore = root.find("IMAGE"), root.find("DATASTORE")
    return ActionData(
        image=None if image is None else _image(image),
        datastore=None if datastore is None else _datastore(datastore),
        extra={str(each.tag): each.text or "" for each in root.iterchildren("{*}*") if each not in (image, datastore)},
    )


def _root(document: bytes, name: str) -> etree._Element:
    if len(document) > LARGEST:
        raise BadOrder(f"the {name} document has more than {LARGEST} bytes")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise BadOrder(f"the {name} document is not XML: {error.msg}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadOrder(f"the {name} document brings a document type of its own, which oned never does")
    if root.tag != name:
        raise BadOrder(f"the document is a {root.tag}, not a {name}")
    return root


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _number(element: etree._Element, path: str, *, required: bool = False, default: int = 0) -> int:
    text = _text(element, path)
    if not text:
        if required:
            raise BadOrder(f"the {element.tag} document has no {path}")
        return default
    try:
        number = int(float(text))
    except (ValueError, OverflowError) as error:
        raise _no_number(element, path, "a number") from error
    if abs(number) > LARGEST_NUMBER:
        raise _no_number(element, path, "a number that oned can count to")
    return number


def _no_number(element: etree._Element, path: str, wanted: str) -> BadOrder:
    return BadOrder(f"{path} of the {element.tag} document is {shown_number(_text(element, path))}, not {wanted}")


def _identity(element: etree._Element, path: str) -> int:
    """The number of an object that exists."""
    number = _number(element, path, required=True)
    if not 0 <= number <= LARGEST_ID:
        raise _no_number(element, path, "the number of an object")
    return number


def _size_mib(element: etree._Element, path: str) -> int:
    """The size of a disk or an image; 0 where it is missing."""
    size_mib = _number(element, path)
    if not 0 <= size_mib <= LARGEST_DISK_MIB:
        raise _no_number(element, path, "a size in MiB")
    return size_mib


def _optional(element: etree._Element, path: str) -> int | None:
    return _number(element, path) if _text(element, path) else None


def _yes(element: etree._Element, path: str) -> bool | None:
    text = _text(element, path).lower()
    return text in ("yes", "true", "1") if text else None


def _attributes(element: etree._Element | None) -> dict[str, str]:
    if element is None:
        return {}
    return {str(each.tag).upper(): (each.text or "").strip() for each in element if isinstance(each.tag, str)}


def _vm(root: etree._Element) -> Vm:
    return Vm(
        vm_id=_identity(root, "ID"),
        state=_number(root, "STATE"),
        lcm_state=_number(root, "LCM_STATE"),
        deploy_id=_text(root, "DEPLOY_ID"),
        disks=tuple(_disk(each) for each in root.iterfind("TEMPLATE/DISK")),
        context_disk_id=_optional(root, "TEMPLATE/CONTEXT/DISK_ID"),
        history=tuple(_history(each) for each in root.iterfind("HISTORY_RECORDS/HISTORY")),
        attributes=_attributes(root.find("USER_TEMPLATE")),
        snapshots=tuple(_snapshots(root)),
        name=_text(root, "NAME"),
        backup=_attributes(root.find("BACKUPS/BACKUP_CONFIG")),
        backup_ids=tuple(_number(each, ".") for each in root.iterfind("BACKUPS/BACKUP_IDS/ID")),
    )


def _disk(each: etree._Element) -> Disk:
    return Disk(
        disk_id=_identity(each, "DISK_ID"),
        image_id=_optional(each, "IMAGE_ID"),
        source=_text(each, "SOURCE"),
        size_mib=_size_mib(each, "SIZE"),
        original_size_mib=_size_mib(each, "ORIGINAL_SIZE"),
        clone=_yes(each, "CLONE"),
        persistent=bool(_yes(each, "PERSISTENT")),
        readonly=bool(_yes(each, "READONLY")),
        shareable=bool(_yes(each, "SHAREABLE")),
        kind=_text(each, "TYPE"),
        tm_mad=_text(each, "TM_MAD"),
        tm_mad_system=_text(each, "TM_MAD_SYSTEM"),
        datastore_id=_optional(each, "DATASTORE_ID"),
        file_system=_text(each, "FS"),
        format=_text(each, "FORMAT"),
        attributes=_attributes(each),
    )


def _history(each: etree._Element) -> History:
    return History(
        seq=_number(each, "SEQ"),
        host=_text(each, "HOSTNAME"),
        datastore_id=_number(each, "DS_ID"),
        tm_mad=_text(each, "TM_MAD"),
    )


def _snapshots(root: etree._Element) -> list[DiskSnapshot]:
    return [
        DiskSnapshot(
            disk_id=_number(group, "DISK_ID"),
            snapshot_id=_number(each, "ID"),
            date=_number(each, "DATE"),
            size_mib=_number(each, "SIZE"),
        )
        for group in root.iterfind("SNAPSHOTS")
        for each in group.iterfind("SNAPSHOT")
    ]


def _datastore(root: etree._Element) -> Datastore:
    attributes = _attributes(root.find("TEMPLATE"))
    keep_secrets_of(attributes)
    return Datastore(
        datastore_id=_identity(root, "ID"),
        name=_text(root, "NAME"),
        kind=_number(root, "TYPE"),
        ds_mad=_text(root, "DS_MAD"),
        tm_mad=_text(root, "TM_MAD"),
        base_path=_text(root, "BASE_PATH"),
        attributes=attributes,
    )


def _image(root: etree._Element) -> Image:
    template = _attributes(root.find("TEMPLATE"))
    keep_secrets_of(template)
    return Image(
        image_id=_number(root, "ID", default=-1),
        source=_text(root, "SOURCE"),
        path=_text(root, "PATH"),
        size_mib=_size_mib(root, "SIZE"),
        format=_text(root, "FORMAT"),
        file_system=_text(root, "FS") or _text(root, "FSTYPE"),
        md5=template.get("MD5", ""),
        sha1=template.get("SHA1", ""),
        cloning_id=_number(root, "CLONING_ID", default=-1),
        target_snapshot=_number(root, "TARGET_SNAPSHOT", default=-1),
        snapshots=tuple(_number(each, "ID") for each in root.iterfind("SNAPSHOTS/SNAPSHOT")),
        attributes=template,
        name=_text(root, "NAME"),
        state=_number(root, "STATE"),
        datastore_id=_optional(root, "DATASTORE_ID"),
        persistent=bool(_yes(root, "PERSISTENT")),
        registered=_number(root, "REGTIME"),
    )
