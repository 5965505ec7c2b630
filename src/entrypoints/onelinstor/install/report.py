"""What was done and what is left to do, in plain words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from entrypoints.onelinstor.install import datastores
from entrypoints.onelinstor.install.addon import changed_locally, package_of
from entrypoints.onelinstor.install.applying import Applying
from entrypoints.onelinstor.install.entries import Change, Problem
from entrypoints.onelinstor.install.files import Files
from entrypoints.onelinstor.install.front_end import FrontEnd
from entrypoints.onelinstor.install.planning import Configuration, left_alone
from entrypoints.onelinstor.install.showing import diff
from entrypoints.remotes.parser import ACTIONS

OLDEST = (5, 8)


@dataclass(frozen=True)
class Report:
    """Of one installation. *configure*: whether OpenNebula's own files were edited."""

    files: Files
    front: FrontEnd
    python: str
    configure: bool

    def tell(self, changes: Sequence[Change], configuration: Configuration, applying: Applying) -> None:
        """Print it."""
        version = ".".join(map(str, self.front.version)) if self.front.version != (99,) else "(no VERSION)"
        print(f"OpenNebula {version} in {self.front.var}, oned runs as {self.front.user}")
        print(f"{sum(map(len, ACTIONS.values()))} actions run with {self.python}; {len(changes)} changes made")
        for each in changes:
            if each.edit:
                print(f"edited: {each.path}")
        self._tell_saved(applying)
        for path in left_alone(self.files, self.front):
            print(f"not of this driver, left alone: {path}")
        for sentence in self._to_do(changes, configuration):
            print(f"to do: {sentence}")

    def _tell_saved(self, applying: Applying) -> None:
        below = self.front.state / "saved"
        if applying.saved:
            print(f"what stood there before is in {below}: {len(applying.saved)} files")
        for place in changed_locally(self.front.root, below, applying.saved):
            print(f"this one was changed locally, look whether you need that: {place}")
        for place in applying.kept:
            print(f"somebody had changed the driver's file; theirs is kept: {place}")

    def _to_do(self, changes: Sequence[Change], configuration: Configuration) -> list[str]:
        found = list(configuration.remarks)
        if configuration.changes and not self.configure:
            found.append(f"these edits, or let --configure make them:\n{diff(configuration.changes)}".rstrip("\n"))
        if self.front.version < OLDEST:
            found.append("this driver is made for OpenNebula 5.8 and later")
        if hold := package_of(self.front.root):
            found.append(f"a package of the addon owns these files and would overwrite them: {hold}")
        if configuration.changes:
            found.append(f"restart oned after the edits: {self.front.restart}")
        if changes or configuration.changes:
            found.append(self._datastores(configuration.oned_conf))
        if any(not each.edit for each in changes):
            found.append(f"on every host {self.front.user} must be in the group disk")
        if changes or configuration.changes:
            found.append(f"as {self.front.user}, see whether all is as it must be: onelinstor doctor")
        return [each for each in found if each]

    def _datastores(self, oned_conf: str) -> str:
        everyone = (
            "`onedatastore update ID`, then save, for each datastore that has TM_MAD linstor already; "
            "it keeps older values till then"
        )
        document = datastores.pool(os.environ) if self.front.root == Path("/") else None
        if document is None:
            return everyone
        try:
            stale = datastores.to_update(document, oned_conf)
        except (Problem, StopIteration, ValueError):
            return everyone
        return (
            f"`onedatastore update ID`, then save, for {', '.join(stale)}; they keep older values till then"
            if stale
            else ""
        )
