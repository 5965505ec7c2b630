"""Which local files may become images: SAFE_DIRS and RESTRICTED_DIRS (opennebula.md 2.4)."""

from __future__ import annotations

from pathlib import PurePosixPath

from domain.errors import SourceRefused
from domain.opennebula import Datastore
from domain.ports import Sources


def refuse_unsafe(path: str, datastore: Datastore, sources: Sources) -> None:
    """Raises SourceRefused for a local path that the datastore forbids, judged after every link is resolved.

    SAFE_DIRS wins over RESTRICTED_DIRS; both are blank-separated lists of directories. URLs pass.
    """
    if not path:
        raise SourceRefused("the image has no PATH to make it from")
    if not path.startswith("/"):
        return
    real = PurePosixPath(sources.real_path(path))
    safe = datastore.attributes.get("SAFE_DIRS", "").split()
    restricted = datastore.attributes.get("RESTRICTED_DIRS", "").split()
    if _inside(real, safe, sources) or not _inside(real, restricted, sources):
        return
    raise SourceRefused(
        f"{path} is below RESTRICTED_DIRS of datastore {datastore.datastore_id}; "
        "put the file below one of its SAFE_DIRS, or extend SAFE_DIRS"
    )


def _inside(path: PurePosixPath, directories: list[str], sources: Sources) -> bool:
    return any(path.is_relative_to(_real(directory, sources)) for directory in directories)


def _real(directory: str, sources: Sources) -> str:
    try:
        return sources.real_path(directory)
    except Exception:
        return directory
