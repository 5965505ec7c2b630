"""Port Pools over XML-RPC: lists page by page (opennebula.md 7).

oned sorts a list by id, one way or the other (API_LIST_ORDER), and counts pages by position. What ends between two
questions moves the rest towards the beginning, so pages overlap: as long as each shares an object with those before
it, nothing was skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from adapters.opennebula.oned import XmlRpcOned, with_secrets
from adapters.opennebula.rpc import Rpc
from adapters.opennebula.xml import (
    parse_datastore_pool,
    parse_groups,
    parse_host_names,
    parse_image_pool,
    parse_vm_pool,
)
from domain.errors import BadOrder, OnedUnreachable, PartialView
from domain.names import HostName
from domain.opennebula import Datastore, Image, Vm

PAGE, OVERLAP = 500, 25
EVERYBODYS, NOT_DONE = -2, -1

ONEADMIN_GROUP = 0

MYSELF = -1

Answer = TypeVar("Answer")
Listed = TypeVar("Listed")
Page = Callable[[int, int], Sequence[Listed]]
"""Gets a position and a number of objects; gives so many, fewer at the end."""


class XmlRpcPools:
    """*environment* says where oned is and which file holds the session."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._rpc = Rpc(environment)
        self._oned = XmlRpcOned(environment)

    def vms(self) -> Iterator[Vm]:
        """See the port. The plain list is abridged since 5.8, the extended one has the disks."""
        call = "one.vmpool.infoextended"
        return _paged(
            call,
            lambda start, count: self._asked(parse_vm_pool, call, EVERYBODYS, start, -count, NOT_DONE),
            lambda vm: vm.vm_id,
        )

    def images(self) -> Iterator[Image]:
        """See the port."""
        call = "one.imagepool.info"
        return _paged(
            call,
            lambda start, count: self._asked(parse_image_pool, call, EVERYBODYS, start, -count),
            lambda image: image.image_id,
        )

    def datastores(self) -> Iterator[Datastore]:
        """See the port. oned gives this list as a whole, but for secrets."""
        found = self._asked(parse_datastore_pool, "one.datastorepool.info")
        return (with_secrets(each, self._oned) for each in found)

    def hosts(self) -> Iterator[HostName]:
        """See the port. oned gives this list as a whole."""
        return (HostName(each) for each in self._asked(parse_host_names, "one.hostpool.info"))

    def require_whole(self) -> None:
        """See the port."""
        if ONEADMIN_GROUP not in self._asked(parse_groups, "one.user.info", MYSELF):
            raise PartialView("the user of the session is not in the group oneadmin, so oned's lists are not complete")

    def _asked(self, parse: Callable[[bytes], Answer], call: str, *arguments: int) -> Answer:
        text = self._rpc.document(call, *arguments)
        try:
            return parse(text.encode())
        except BadOrder as error:
            raise OnedUnreachable(f"{call}: {error}") from error


def _paged(call: str, page: Page[Listed], identity: Callable[[Listed], int]) -> Iterator[Listed]:
    """Every object once. Raises OnedUnreachable where so much ended that a page may have been skipped."""
    seen: set[int] = set()
    position, found = 0, page(0, PAGE)
    while True:
        fresh = [each for each in found if identity(each) not in seen]
        if position and len(fresh) == len(found):
            raise OnedUnreachable(f"{call}: the list changed too much while it was read")
        seen.update(identity(each) for each in fresh)
        yield from fresh
        if len(found) < PAGE:
            return
        position += PAGE - OVERLAP
        found = page(position, PAGE)
