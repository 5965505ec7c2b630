"""argv and standard input -> a frozen order; the only code that knows positions, base64 and versions.

Shapes: opennebula.md 2.1 (datastore) and 3.1 (transfer manager), version breaks: 8.2. No argument can hold a blank.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from domain import orders
from domain.errors import BadOrder
from domain.masking import shown_number
from domain.names import DiskOf, HostName, host_name, volume_name
from domain.opennebula import Datastore, Image, Vm
from domain.orders import Place

SUFFIXES = (".ssh", ".shared", ".linstor")
_DISK = re.compile(r".*/disk\.([0-9]{1,18})")


@dataclass(frozen=True)
class Call:
    """One start of an executable: `remotes/<kind>/linstor/<action>`, its arguments and its standard input."""

    kind: str
    action: str
    argv: tuple[str, ...]
    stdin: bytes = b""


@dataclass(frozen=True)
class Documents:
    """How the documents of oned are read; *vm* asks oned where the call carries none."""

    parse_vm: Callable[[bytes], Vm]
    parse_action_data: Callable[[bytes], Any]
    vm: Callable[[int], Vm]


def plain_action(action: str) -> str:
    """The action without the suffix that names the system datastore's driver (opennebula.md 3.3)."""
    for suffix in SUFFIXES:
        if action.endswith(suffix):
            return action.removesuffix(suffix)
    return action


def parse(call: Call, documents: Documents) -> object:
    """The order of *call*. Raises BadOrder, which names what is wrong."""
    table = _DATASTORE if call.kind == "datastore" else _TRANSFER
    action = plain_action(call.action)
    if action not in table:
        raise BadOrder(f"there is no {call.kind} action {call.action!r}")
    return table[action](call, documents)


# -- words ---------------------------------------------------------------------------------------


def _arguments(call: Call, *names: str) -> Sequence[str]:
    if len(call.argv) < len(names):
        raise BadOrder(f"{call.action} wants {' '.join(names)}, not {len(call.argv)} arguments")
    return call.argv


def _number(text: str, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise BadOrder(f"{shown_number(text)} is not {what}")
    return int(text)


def _size_mib(text: str) -> int:
    size_mib = _number(text, "a size in MiB")
    if not 0 < size_mib <= 2**30:
        raise BadOrder(f"a disk of {size_mib} MiB cannot be made; 1 MiB to 1 PiB can")
    return size_mib


def _path(text: str) -> str:
    """An absolute path without doubled slashes; oned writes `/var/lib/one//datastores/...`.

    A blank is refused, too: oned puts none into an argument, and debts are separated by blanks.
    """
    path = re.sub(r"/{2,}", "/", text)
    plain = path.isprintable() and " " not in path
    if not path.startswith("/") or ".." in path.split("/") or not plain:
        raise BadOrder(f"{text!r} is not an absolute path without blanks and control characters")
    return path.rstrip("/") or "/"


def _place(text: str) -> Place:
    host, colon, path = text.partition(":")
    if not colon:
        raise BadOrder(f"{text!r} is not of the form HOST:PATH")
    return Place(host_name(host), _path(path))


def _disk(place: Place, vm: str) -> DiskOf:
    match = _DISK.fullmatch(place.path)
    if not match:
        raise BadOrder(f"{place.path!r} does not end in disk.<number>")
    return DiskOf(_number(vm, "a VM id"), int(match[1]))


def _source(text: str) -> str:
    """The source of an image, with or without the name of the front-end before it."""
    return text.rpartition(":")[2]


# -- transfer manager ----------------------------------------------------------------------------


def _clone(call: Call, _: Documents) -> orders.CloneDisk:
    source, where, vm, datastore, *_rest = _arguments(call, "FE:SOURCE", "HOST:PATH", "VMID", "DSID")
    place = _place(where)
    return orders.CloneDisk(volume_name(_source(source)), place, _disk(place, vm), _number(datastore, "a datastore id"))


def _link(call: Call, documents: Documents) -> orders.LinkDisk:
    order = _clone(call, documents)
    return orders.LinkDisk(order.source, order.place, order.of, order.datastore_id)


def _make_image(call: Call, _: Documents) -> orders.MakeVolatile:
    size, kind, where, vm, datastore, *_rest = _arguments(call, "SIZE", "FORMAT", "HOST:PATH", "VMID", "DSID")
    return _volatile(size, kind, where, vm, datastore)


def _make_swap(call: Call, _: Documents) -> orders.MakeVolatile:
    size, where, vm, datastore, *_rest = _arguments(call, "SIZE", "HOST:PATH", "VMID", "DSID")
    return _volatile(size, "swap", where, vm, datastore)


def _volatile(size: str, kind: str, where: str, vm: str, datastore: str) -> orders.MakeVolatile:
    place = _place(where)
    size_mib = _size_mib(size)
    datastore_id = _number(datastore, "a datastore id")
    return orders.MakeVolatile(size_mib, "" if kind == "-" else kind.lower(), place, _disk(place, vm), datastore_id)


def _release(call: Call, _: Documents) -> orders.ReleaseDisk:
    where, source, vm, datastore, *_rest = _arguments(call, "HOST:PATH", "SOURCE", "VMID", "DSID")
    place = _place(where)
    return orders.ReleaseDisk(
        place, volume_name(_source(source)), _disk(place, vm), _number(datastore, "a datastore id")
    )


def _delete(call: Call, _: Documents) -> orders.DeleteDisk | orders.DeleteDirectory:
    where, vm, datastore, *_rest = _arguments(call, "HOST:PATH", "VMID", "DSID")
    place, datastore_id = _place(where), _number(datastore, "a datastore id")
    if _DISK.fullmatch(place.path):
        return orders.DeleteDisk(place, _disk(place, vm), datastore_id)
    return orders.DeleteDirectory(place, _number(vm, "a VM id"), datastore_id)


def _context(call: Call, _: Documents) -> orders.MakeContext:
    _arguments(call, "FILE", "HOST:PATH", "VMID", "DSID")
    where, vm, datastore = call.argv[-3:]
    ids = (_number(vm, "a VM id"), _number(datastore, "a datastore id"))
    return orders.MakeContext(call.argv, _place(where), *ids, payload=call.stdin)


def _migrate(call: Call, documents: Documents) -> orders.Migrate:
    source, target, directory, vm, datastore, *rest = _arguments(call, "SRC", "DST", "DIR", "VMID", "DSID")
    payload, caller = _migration_payload(call.stdin, rest)
    vm_id = _number(vm, "a VM id")
    document = documents.parse_vm(decoded(payload)) if payload else documents.vm(vm_id)
    if document.vm_id != vm_id:
        raise BadOrder(f"{call.action} is about VM {vm_id}, but the document on standard input is VM {document.vm_id}")
    return orders.Migrate(
        source=_host(source),
        target=_host(target),
        directory=_path(directory),
        vm=document,
        datastore_id=_number(datastore, "a datastore id"),
        caller=caller,
        argv=tuple(call.argv),
        payload=call.stdin,
    )


def _host(text: str) -> HostName:
    return host_name(text)


def _migration_payload(stdin: bytes, rest: Sequence[str]) -> tuple[bytes, str]:
    """The VM is on stdin since 5.10, before that the sixth argument; the name of the caller follows."""
    if stdin.strip():
        return stdin.strip(), rest[0] if rest else ""
    if rest and _is_document(rest[0]):
        return rest[0].encode(), rest[1] if len(rest) > 1 else ""
    return b"", rest[0] if rest else ""


def _is_document(text: str) -> bool:
    try:
        return base64.b64decode(text, validate=True).lstrip().startswith(b"<")
    except (binascii.Error, ValueError):
        return False


def _move(call: Call, _: Documents) -> orders.MoveDisk | orders.MoveDirectory:
    source, target, vm, datastore, *_rest = _arguments(call, "HOST:PATH", "HOST:PATH", "VMID", "DSID")
    old, new, datastore_id = _place(source), _place(target), _number(datastore, "a datastore id")
    if _DISK.fullmatch(new.path):
        return orders.MoveDisk(old, new, _disk(new, vm), datastore_id)
    return orders.MoveDirectory(old, new, _number(vm, "a VM id"), datastore_id)


def _resize(call: Call, _: Documents) -> orders.ResizeDisk:
    where, size, vm, datastore, *_rest = _arguments(call, "HOST:PATH", "SIZE", "VMID", "DSID")
    place = _place(where)
    return orders.ResizeDisk(place, _size_mib(size), _disk(place, vm), _number(datastore, "a datastore id"))


def _snapshot(call: Call, _: Documents) -> orders.SnapshotDisk:
    where, snapshot, vm, datastore, *_rest = _arguments(call, "HOST:PATH", "SNAPID", "VMID", "DSID")
    place = _place(where)
    number = _number(snapshot, "a snapshot id")
    return orders.SnapshotDisk(place, number, _disk(place, vm), _number(datastore, "a datastore id"))


def _save(call: Call, _: Documents) -> orders.SaveDisk:
    where, target, snapshot, vm, datastore, *_rest = _arguments(
        call, "HOST:PATH", "NEWSOURCE", "SNAPID", "VMID", "DSID"
    )
    place = _place(where)
    number = None if snapshot in ("-1", "-") else _number(snapshot, "a snapshot id")
    name = volume_name(_source(target))
    return orders.SaveDisk(place, name, number, _disk(place, vm), _number(datastore, "a datastore id"))


def _backup(call: Call, documents: Documents) -> orders.BackUp:
    """Since 6.8 the id of a backup job stands before the VM's, "-" for none."""
    where, disks, deploy_id, *_rest = _arguments(call, "HOST:DIR", "DISKS", "DEPLOYID", "VMID", "DSID")
    vm_id, document = _number(call.argv[-2], "a VM id"), _plain_document(call)
    vm = documents.parse_vm(document)
    if vm.vm_id != vm_id:
        raise BadOrder(f"{call.action} is about VM {vm_id}, but the document on standard input is VM {vm.vm_id}")
    numbers = tuple(_number(each, "a disk id") for each in disks.split(":") if each)
    return orders.BackUp(
        _place(where), numbers, deploy_id, vm, _number(call.argv[-1], "a datastore id"), document=document
    )


def _plain_document(call: Call) -> bytes:
    """The VM on standard input, which is XML itself here; base64 of it is understood, too."""
    text = call.stdin.strip()
    if not text:
        raise BadOrder(f"{call.action} got no VM on standard input")
    return text if text.startswith(b"<") else decoded(text)


def _restore(call: Call, _: Documents) -> orders.RestoreDisks:
    where, vm, image, increment, disk, *_rest = _arguments(call, "HOST:DIR", "VMID", "IMAGEID", "INCREMENT", "DISK")
    return orders.RestoreDisks(
        _place(where),
        _number(vm, "a VM id"),
        _number(image, "an image id"),
        None if increment == "-1" else _number(increment, "the number of an increment"),
        None if disk == "-1" else _number(disk, "a disk id"),
    )


# -- datastore -----------------------------------------------------------------------------------


def payload_of(call: Call) -> bytes:
    """The base64 document of a datastore action, wherever this version of oned puts it (opennebula.md 2.1)."""
    if len(call.argv) >= 2 and call.argv[0] != "-":
        return os.fsencode(call.argv[0])
    if not call.stdin.strip():
        raise BadOrder(f"{call.action} got no document, neither as argument nor on standard input")
    return call.stdin.strip()


def decoded(payload: bytes) -> bytes:
    """The XML behind base64, with or without line breaks. Raises BadOrder."""
    try:
        return base64.b64decode(b"".join(payload.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadOrder("the document is not base64") from error


def _documents(call: Call, documents: Documents) -> tuple[Image, Datastore]:
    data = documents.parse_action_data(decoded(payload_of(call)))
    if data.image is None or data.datastore is None:
        raise BadOrder(f"the document of {call.action} has no IMAGE or no DATASTORE")
    return data.image, data.datastore


def _of_new_image(call: Call, documents: Documents) -> tuple[Image, Datastore]:
    """The same for an image whose volume gets its name from the number. Raises BadOrder where there is none."""
    image, datastore = _documents(call, documents)
    if image.image_id < 0:
        raise BadOrder(f"the document of {call.action} has an IMAGE without ID")
    return image, datastore


def _stat(call: Call, documents: Documents) -> orders.StatImage:
    return orders.StatImage(*_documents(call, documents), argv=call.argv, payload=call.stdin)


def _cp(call: Call, documents: Documents) -> orders.CreateImage:
    image, datastore = _of_new_image(call, documents)
    return orders.CreateImage(image, datastore, payload_of(call).decode("ascii", "replace"))


def _mkfs(call: Call, documents: Documents) -> orders.MakeImage:
    return orders.MakeImage(*_of_new_image(call, documents))


def _clone_image(call: Call, documents: Documents) -> orders.CloneImage:
    return orders.CloneImage(*_of_new_image(call, documents))


def _rm(call: Call, documents: Documents) -> orders.RemoveImage:
    return orders.RemoveImage(*_documents(call, documents))


def _image_snapshot(call: Call, documents: Documents) -> orders.SnapshotImage:
    return orders.SnapshotImage(*_documents(call, documents))


def _export(call: Call, documents: Documents) -> orders.ExportImage:
    return orders.ExportImage(*_documents(call, documents))


def _monitor(call: Call, documents: Documents) -> orders.Monitor:
    data = documents.parse_action_data(decoded(payload_of(call)))
    if data.datastore is None:
        raise BadOrder("the document of monitor has no DATASTORE")
    asked = data.extra.get("MONITOR_VM_DISKS", "").strip().lower()
    return orders.Monitor(data.datastore, asked in ("1", "yes") if asked else None)


Parse = Callable[[Call, Documents], object]

_TRANSFER: dict[str, Parse] = {
    "clone": _clone,
    "ln": _link,
    "mkimage": _make_image,
    "mkswap": _make_swap,
    "mvds": _release,
    "delete": _delete,
    "context": _context,
    "premigrate": _migrate,
    "postmigrate": _migrate,
    "failmigrate": _migrate,
    "monitor": _monitor,
    "mv": _move,
    "cpds": _save,
    "resize": _resize,
    "snap_create": _snapshot,
    "snap_create_live": _snapshot,
    "snap_revert": _snapshot,
    "snap_delete": _snapshot,
    "prebackup": _backup,
    "prebackup_live": _backup,
    "postbackup": _backup,
    "postbackup_live": _backup,
    "restore": _restore,
}

_DATASTORE: dict[str, Parse] = {
    "stat": _stat,
    "cp": _cp,
    "mkfs": _mkfs,
    "clone": _clone_image,
    "rm": _rm,
    "monitor": _monitor,
    "snap_delete": _image_snapshot,
    "snap_revert": _image_snapshot,
    "snap_flatten": _image_snapshot,
    "export": _export,
}

ACTIONS = {"tm": tuple(_TRANSFER), "datastore": tuple(_DATASTORE)}
"""The executables of each kind."""
