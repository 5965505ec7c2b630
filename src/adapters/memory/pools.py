"""Port Pools in memory: the lists of what MemoryOned knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adapters.memory.oned import MemoryOned
from domain.errors import OnedUnreachable, PartialView
from domain.names import HostName
from domain.opennebula import Datastore, Image, Vm

DONE = 6


class MemoryPools:
    """The lists of *oned*, and of *image_list* and *host_list*. *whole*: whether the user sees everything."""

    def __init__(self, oned: MemoryOned) -> None:
        self._oned = oned
        self.image_list: dict[int, Image] = {}
        self.host_list: list[HostName] = []
        self.whole = True

    def vms(self) -> Iterator[Vm]:
        """See the port."""
        self._answer()
        for _, vm in sorted(self._oned.vms.items()):
            if vm.state != DONE:
                yield replace(vm, history=vm.history[-1:])

    def images(self) -> Iterator[Image]:
        """See the port."""
        self._answer()
        yield from [image for _, image in sorted(self.image_list.items())]

    def datastores(self) -> Iterator[Datastore]:
        """See the port."""
        self._answer()
        yield from [datastore for _, datastore in sorted(self._oned.datastores.items())]

    def hosts(self) -> Iterator[HostName]:
        """See the port."""
        self._answer()
        yield from self.host_list

    def require_whole(self) -> None:
        """See the port."""
        self._answer()
        if not self.whole:
            raise PartialView("the user of the session is not in the group oneadmin, so oned's lists are not complete")

    def _answer(self) -> None:
        if self._oned.down:
            raise OnedUnreachable("oned does not answer")
