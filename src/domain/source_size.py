"""The size of what an image will be made from (opennebula.md 2.2, `stat`)."""

from __future__ import annotations

from domain.errors import SourceUnreadable
from domain.orders import StatImage
from domain.ports import Scripts, Sources
from domain.safe_paths import refuse_unsafe


def size_of_source(order: StatImage, sources: Sources, scripts: Scripts) -> int:
    """The size in MiB, from OpenNebula's own `fs/stat`, which knows every scheme and format.

    A forbidden file is refused before it is read. Raises SourceRefused, SourceUnreadable, ScriptFailed.
    """
    refuse_unsafe(order.image.path, order.datastore, sources)
    told = scripts.run("datastore", "fs", "stat", order.argv, order.payload).strip()
    if not (told.isascii() and told.isdigit() and len(told) <= 18):
        raise SourceUnreadable(f"the size of {order.image.path} cannot be found out: datastore/fs/stat says {told!r}")
    return int(told)
