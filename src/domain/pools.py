"""Port Pools: whole lists that oned has, for rules that look at a datastore and not at one object.

Each list is read in pages of bounded size. It is not of one moment: what ends or begins while it is read may be in it
or not, and everything else is in it exactly once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from domain.opennebula import Vm


class Pools(Protocol):
    """oned's lists. Raises OnedUnreachable, OnedRefused while they are iterated."""

    def vms(self) -> Iterator[Vm]:
        """Every VM of every user that is not DONE, with disks, snapshots and its current history record."""
