"""Which paths and URLs may become images: SAFE_DIRS and RESTRICTED_DIRS, and nothing that a shell could carry out.

OpenNebula's downloader.sh, which fetches most of them, puts the path into shell text, and takes whatever is no URL it
knows for a local file (opennebula.md 2.4).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from domain.errors import SourceRefused
from domain.masking import masked_url
from domain.opennebula import Datastore
from domain.ports import Sources

_URL = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://.+")
_CARRIED_OUT = re.compile(r"""[\s'"`$\\;|<>(){}*]|\A/.*&""")
"""What means something to a shell; a URL needs its `&` and `?`."""
_FOR_SSH = re.compile(r"[a-z0-9+.-]*://-|ssh://.*&")
"""downloader.sh quotes the host of an `ssh://` for no shell, and no host for ssh, which would take it for an option."""


def refuse_unsafe(path: str, datastore: Datastore, sources: Sources) -> None:
    """Raises SourceRefused for a local path that the datastore forbids, judged after every link is resolved.

    SAFE_DIRS wins over RESTRICTED_DIRS; both are blank-separated lists of directories. URLs pass. What is neither
    an absolute path nor a URL, and what a shell would not take for one word, is refused, too.
    """
    _refuse_text(path)
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


def _refuse_text(path: str) -> None:
    if not path:
        raise SourceRefused("the image has no PATH to make it from")
    shown = masked_url(path)
    if not path.startswith("/") and not _URL.fullmatch(path):
        raise SourceRefused(f"{shown!r} is neither an absolute path nor a URL")
    if not path.isprintable() or _CARRIED_OUT.search(path) or _FOR_SSH.match(path):
        raise SourceRefused(
            f"{shown!r} has blanks or characters that mean something to a shell, which OpenNebula's downloader.sh "
            "would carry out; rename the file, or write them as %XX in a URL"
        )


def _inside(path: PurePosixPath, directories: list[str], sources: Sources) -> bool:
    return any(path.is_relative_to(_real(directory, sources)) for directory in directories)


def _real(directory: str, sources: Sources) -> str:
    try:
        return sources.real_path(directory)
    except Exception:
        return directory
