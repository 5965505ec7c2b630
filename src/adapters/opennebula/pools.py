"""Port Pools over XML-RPC: lists page by page (opennebula.md 7).

oned sorts a list by id, one way or the other (API_LIST_ORDER), and counts pages by position. What ends between two
questions moves the rest towards the beginning, so pages overlap: as long as each shares an object with those before
it, nothing was skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from adapters.opennebula.rpc import Rpc
from adapters.opennebula.xml import parse_vm_pool
from domain.errors import BadOrder, OnedUnreachable
from domain.opennebula import Vm

PAGE, OVERLAP = 500, 25
EVERYBODYS, NOT_DONE = -2, -1

Page = Callable[[int, int], Sequence[Vm]]
"""Gets a position and a number of objects; gives so many, fewer at the end."""


class XmlRpcPools:
    """*environment* says where oned is and which file holds the session."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._rpc = Rpc(environment)

    def vms(self) -> Iterator[Vm]:
        """See the port. The plain list is abridged since 5.8, the extended one has the disks."""
        return self._paged("one.vmpool.infoextended", self._vms)

    def _vms(self, position: int, count: int) -> Sequence[Vm]:
        text = self._rpc.document("one.vmpool.infoextended", EVERYBODYS, position, -count, NOT_DONE)
        try:
            return parse_vm_pool(text.encode())
        except BadOrder as error:
            raise OnedUnreachable(f"one.vmpool.infoextended: {error}") from error

    def _paged(self, call: str, page: Page) -> Iterator[Vm]:
        """Every object once. Raises OnedUnreachable where so much ended that a page may have been skipped."""
        seen: set[int] = set()
        position, found = 0, page(0, PAGE)
        while True:
            fresh = [each for each in found if each.vm_id not in seen]
            if position and len(fresh) == len(found):
                raise OnedUnreachable(f"{call}: the list changed too much while it was read")
            seen.update(each.vm_id for each in fresh)
            yield from fresh
            if len(found) < PAGE:
                return
            position += PAGE - OVERLAP
            found = page(position, PAGE)
