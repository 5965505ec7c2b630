"""The front-end that is installed on: where its trees are, its version, and whose files they are."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.opennebula.installation import read_version
from entrypoints.onelinstor.install.entries import Meta, Problem


@dataclass(frozen=True)
class FrontEnd:
    """A packaged or self-contained OpenNebula (opennebula.md 1.2). *root* is put before every path.

    *location* is ONE_LOCATION, "" for a packaged one; *user* the user of oned with the numbers *uid* and *gid*.
    """

    root: Path
    var: Path
    etc: Path
    location: str
    version: tuple[int, ...]
    user: str
    uid: int
    gid: int

    @property
    def remotes(self) -> Path:
        """The tree of drivers."""
        return self.var / "remotes"

    @property
    def state(self) -> Path:
        """What `uninstall` needs; beside the remotes, which are copied to every host."""
        return self.var / "onelinstor"

    def meta(self, mode: int) -> Meta:
        """*mode*, owned by the user of oned."""
        return Meta(mode, self.uid, self.gid)

    @property
    def restart(self) -> str:
        """How oned is restarted."""
        return "one restart" if self.location else "systemctl restart opennebula"


def find(environment: Mapping[str, str], root: Path = Path("/")) -> FrontEnd:
    """The front-end that ONE_LOCATION and ONE_USER name, else the packaged one. Raises Problem."""
    location = environment.get("ONE_LOCATION", "")
    places = (f"{location}/var", f"{location}/etc") if location else ("/var/lib/one", "/etc/one")
    var, etc = (root / each.lstrip("/") for each in places)
    if not (var / "remotes").is_dir():
        raise Problem(
            f"there is no OpenNebula front-end: {var / 'remotes'} is missing; run this on the front-end, "
            "with ONE_LOCATION where it is self-contained"
        )
    account = _account(environment.get("ONE_USER") or "oneadmin", var)
    version = read_version(var / "remotes" / "VERSION")
    return FrontEnd(root, var, etc, location, version, account.pw_name, account.pw_uid, account.pw_gid)


def _account(user: str, var: Path) -> pwd.struct_passwd:
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise Problem(f"there is no user {user}; set ONE_USER to the user that oned runs as") from None
    if os.geteuid() not in (0, account.pw_uid):
        raise Problem(f"{var} belongs to {user}; run this as {user} or as root")
    return account
