"""Order -> rule -> the one thing to print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain import orders
from domain.capacity import monitor
from domain.context import make_context
from domain.source_size import size_of_source
from entrypoints.container import Container

SYSTEM_DATASTORE = 1

Run = Callable[[Container, Any, str], str]


def carry_out(container: Container, order: object, action: str) -> str:
    """Carry out *order*; what to print, "" for nothing. *action* is its plain name. Raises DriverError."""
    return _RULES[type(order)](container, order, action)


def _rule(service: str, method: str) -> Run:
    """Carry out the order by one method of one service of the container, and print what that gives."""

    def run(container: Container, order: object, _action: str) -> str:
        return str(getattr(getattr(container, service)(), method)(order) or "")

    return run


def _rule_of_action(service: str, methods: dict[str, str]) -> Run:
    """The same where one kind of order serves several actions."""

    def run(container: Container, order: object, action: str) -> str:
        return _rule(service, methods[action])(container, order, action)

    return run


def _create_image(container: Container, order: orders.CreateImage, _action: str) -> str:
    name = container.images().create(order)
    # before 6.0 the whole line was the source, since then the format must follow it (opennebula.md 2.2)
    return f"{name} raw" if container.installation().version >= (6, 0) else str(name)


def _export(container: Container, order: orders.ExportImage, _action: str) -> str:
    from adapters.opennebula.import_info import import_info

    exported = container.exporting().export(order)
    return import_info(exported.path, exported.md5, exported.size_mib)


def _context(container: Container, order: orders.MakeContext, _action: str) -> str:
    make_context(order, container.scripts(), container.hosts())
    return ""


def _monitor(container: Container, order: orders.Monitor, _action: str) -> str:
    from domain.deprecated import deprecated_in

    space = monitor(order, container.storages())
    # of all actions this one alone is about the datastore and comes again and again, but not with every disk
    container.warnings().extend(deprecated_in(order.datastore.attributes))
    told = [f"USED_MB={space.used_mib}", f"TOTAL_MB={space.total_mib}", f"FREE_MB={space.free_mib}"]
    if _wants_sizes(container, order):
        from entrypoints.remotes.disk_sizes import tell_sizes

        told += tell_sizes(container, order)
    return "\n".join(told)


def _wants_sizes(container: Container, order: orders.Monitor) -> bool:
    """Before 5.10 oned did not ask for them and got them every time; since then it does so now and then."""
    if order.vm_disks is None:
        return order.datastore.kind == SYSTEM_DATASTORE and container.installation().version < (5, 10)
    return order.vm_disks


def _stat(container: Container, order: orders.StatImage, _action: str) -> str:
    return str(size_of_source(order, container.sources(), container.scripts()))


_MIGRATIONS = {"premigrate": "prepare", "postmigrate": "finish", "failmigrate": "fail"}
_DISK_SNAPSHOTS = {
    "snap_create": "snapshot",
    "snap_create_live": "snapshot_live",
    "snap_revert": "revert",
    "snap_delete": "delete_snapshot",
}
_BACKUPS = {"prebackup": "prepare", "prebackup_live": "prepare_live", "postbackup": "end", "postbackup_live": "end"}
_IMAGE_SNAPSHOTS = {"snap_delete": "delete_snapshot", "snap_revert": "revert", "snap_flatten": "flatten"}

_RULES: dict[type, Run] = {
    orders.CloneDisk: _rule("disks", "clone"),
    orders.LinkDisk: _rule("disks", "link"),
    orders.MakeVolatile: _rule("disks", "make_volatile"),
    orders.ReleaseDisk: _rule("disks", "release"),
    orders.DeleteDisk: _rule("disks", "delete"),
    orders.DeleteDirectory: _rule("disks", "delete_directory"),
    orders.Migrate: _rule_of_action("migration", _MIGRATIONS),
    orders.MoveDisk: _rule("relocation", "move_disk"),
    orders.MoveDirectory: _rule("relocation", "move_directory"),
    orders.ResizeDisk: _rule("disk_changes", "resize"),
    orders.SnapshotDisk: _rule_of_action("disk_changes", _DISK_SNAPSHOTS),
    orders.SnapshotImage: _rule_of_action("image_snapshots", _IMAGE_SNAPSHOTS),
    orders.SaveDisk: _rule("saving", "save"),
    orders.BackUp: _rule_of_action("backups", _BACKUPS),
    orders.RestoreDisks: _rule("restoring", "restore"),
    orders.MakeContext: _context,
    orders.Monitor: _monitor,
    orders.StatImage: _stat,
    orders.CreateImage: _create_image,
    orders.MakeImage: _rule("images", "make"),
    orders.CloneImage: _rule("images", "clone"),
    orders.ExportImage: _export,
    orders.RemoveImage: _rule("images", "remove"),
}
