"""BACKUP_BASE_PATH of `datastore.conf`: where backups are prepared, instead of in the directory of the VM."""

from __future__ import annotations

import re
import shlex

from adapters.opennebula.installation import Installation
from domain.errors import BadConfiguration

_SET = re.compile(r"[ \t]*(?:export[ \t]+)?BACKUP_BASE_PATH=(.*)")


def backup_base(installation: Installation) -> str:
    """The path as the scripts of the backup datastore have it, "" where there is none (opennebula.md 5.3).

    Raises BadConfiguration for what is no plain absolute path.
    """
    path = installation.remotes / "etc" / "datastore" / "datastore.conf"
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    found = [match[1] for line in lines if (match := _SET.match(line))]
    base = (shlex.split(found[-1], comments=True) or [""])[0].rstrip("/") if found else ""
    if base and (not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", base) or ".." in base.split("/")):
        raise BadConfiguration(f"{path}: BACKUP_BASE_PATH={base!r} is no plain absolute path; correct it")
    return base
