"""Port Inventory: everything that one LINSTOR holds, for rules that look at a whole cluster and not at one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.settings import StorageSettings
from domain.volumes import Definition, Deployment, Snapshot


@dataclass(frozen=True)
class Holding:
    """One volume with where it is and its snapshots, oldest first; *deployments* without any are empty."""

    definition: Definition
    deployments: tuple[Deployment, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()

    @property
    def touched(self) -> int:
        """When the youngest part of it was made, seconds since 1970; 0 where LINSTOR does not tell it of every part."""
        times = self._times()
        return max(times) if times and all(times) else 0

    @property
    def made(self) -> int:
        """The same of the oldest part: it is at least that old."""
        times = self._times()
        return min(times) if times and all(times) else 0

    def _times(self) -> list[int]:
        return [each.created for each in self.deployments] + [each.created for each in self.snapshots]


class Inventory(Protocol):
    """The whole of one LINSTOR."""

    def holdings(self) -> Sequence[Holding]:
        """Every volume of LINSTOR, whoever made it, by name.

        The lists are read one after the other: what ends or begins meanwhile may be in it in part.
        Raises ControllerUnreachable, AccessDenied, ControllerFailed.
        """


class Inventories(Protocol):
    """Gives the inventory of the LINSTOR that a datastore names."""

    def of(self, settings: StorageSettings) -> Inventory:
        """The inventory of *settings*. No request is made. Raises BadConfiguration."""
