"""Order -> rule -> the one thing to print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain import orders
from domain.capacity import monitor
from domain.context import make_context
from domain.errors import SourceUnreadable
from domain.safe_paths import refuse_unsafe
from entrypoints.container import Container

Run = Callable[[Container, Any, str], str]


def carry_out(container: Container, order: object, action: str) -> str:
    """Carry out *order*; what to print, "" for nothing. *action* is its plain name. Raises DriverError."""
    return _RULES[type(order)](container, order, action)


def _disk(method: str) -> Run:
    def run(container: Container, order: object, _action: str) -> str:
        getattr(container.disks(), method)(order)
        return ""

    return run


def _image(method: str) -> Run:
    def run(container: Container, order: object, _action: str) -> str:
        return str(getattr(container.images(), method)(order) or "")

    return run


def _create_image(container: Container, order: orders.CreateImage, _action: str) -> str:
    name = container.images().create(order)
    # before 6.0 the whole line was the source, since then the format must follow it (opennebula.md 2.2)
    return f"{name} raw" if container.installation().version >= (6, 0) else str(name)


def _migrate(container: Container, order: orders.Migrate, action: str) -> str:
    rule = {"premigrate": "prepare", "postmigrate": "finish", "failmigrate": "fail"}[action]
    getattr(container.migration(), rule)(order)
    container.vm_directory().pass_on(action, order)
    return ""


def _context(container: Container, order: orders.MakeContext, _action: str) -> str:
    make_context(order, container.scripts(), container.hosts())
    return ""


def _monitor(container: Container, order: orders.Monitor, _action: str) -> str:
    space = monitor(order, container.storages())
    return f"USED_MB={space.used_mib}\nTOTAL_MB={space.total_mib}\nFREE_MB={space.free_mib}"


def _stat(container: Container, order: orders.StatImage, _action: str) -> str:
    """OpenNebula's own `fs/stat` knows every scheme and format; a forbidden file is refused before it is read."""
    refuse_unsafe(order.image.path, order.datastore, container.sources())
    size = str(container.scripts().run("datastore", "fs", "stat", order.argv, order.payload)).strip()
    if not size.isdigit():
        raise SourceUnreadable(f"the size of {order.image.path} cannot be found out: datastore/fs/stat says {size!r}")
    return size


_RULES: dict[type, Run] = {
    orders.CloneDisk: _disk("clone"),
    orders.LinkDisk: _disk("link"),
    orders.MakeVolatile: _disk("make_volatile"),
    orders.ReleaseDisk: _disk("release"),
    orders.DeleteDisk: _disk("delete"),
    orders.DeleteDirectory: _disk("delete_directory"),
    orders.Migrate: _migrate,
    orders.MakeContext: _context,
    orders.Monitor: _monitor,
    orders.StatImage: _stat,
    orders.CreateImage: _create_image,
    orders.MakeImage: _image("make"),
    orders.CloneImage: _image("clone"),
    orders.RemoveImage: _image("remove"),
}
