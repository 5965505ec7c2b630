"""Port Pools: whole lists that oned has, for rules that look at a datastore and not at one object.

Each list is read in pages of bounded size. It is not of one moment: what ends or begins while it is read may be in it
or not, and everything else is in it exactly once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from domain.names import HostName
from domain.opennebula import Datastore, Image, Vm


class Pools(Protocol):
    """oned's lists. Raises OnedUnreachable, OnedRefused while they are iterated."""

    def vms(self) -> Iterator[Vm]:
        """Every VM of every user that is not DONE, with disks, snapshots and its current history record."""

    def images(self) -> Iterator[Image]:
        """Every image of every user, whatever its state and datastore, with its snapshots."""

    def datastores(self) -> Iterator[Datastore]:
        """Every datastore."""

    def hosts(self) -> Iterator[HostName]:
        """The name of every host, whatever its state."""

    def require_whole(self) -> None:
        """Raises PartialView for a user from whom oned hides what belongs to others: only oneadmin's group sees all."""
