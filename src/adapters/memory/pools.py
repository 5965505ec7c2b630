"""Port Pools in memory: the lists of what MemoryOned knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adapters.memory.oned import MemoryOned
from domain.errors import OnedUnreachable
from domain.opennebula import Vm

DONE = 6


class MemoryPools:
    """The lists of *oned*."""

    def __init__(self, oned: MemoryOned) -> None:
        self._oned = oned

    def vms(self) -> Iterator[Vm]:
        """See the port."""
        if self._oned.down:
            raise OnedUnreachable("oned does not answer")
        for _, vm in sorted(self._oned.vms.items()):
            if vm.state != DONE:
                yield replace(vm, history=vm.history[-1:])
