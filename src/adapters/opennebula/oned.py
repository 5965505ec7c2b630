"""oned over XML-RPC (opennebula.md 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from adapters.opennebula.rpc import Rpc
from adapters.opennebula.xml import parse_datastore, parse_vm
from domain.errors import BadOrder, OnedUnreachable
from domain.opennebula import Datastore, Vm

Parsed = TypeVar("Parsed")

SECRETS = frozenset(("LINSTOR_PASSWORD", "LINSTOR_TOKEN"))
DECRYPTED = True
"""Asks for what DATASTORE_ENCRYPTED_ATTR hides; any version takes it, and administrators get it (opennebula.md 7)."""


class XmlRpcOned:
    """Port Oned. *environment* says where oned is and which file holds the session; both are read at the first call."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._rpc = Rpc(environment)

    def vm(self, vm_id: int) -> Vm:
        """The VM, with all its history. Raises OnedUnreachable, OnedRefused."""
        vm = self._object("one.vm.info", vm_id, parse_vm)
        return _about("one.vm.info", vm_id, vm.vm_id, vm)

    def datastore(self, datastore_id: int) -> Datastore:
        """The datastore. Raises OnedUnreachable, OnedRefused."""
        found = self._object("one.datastore.info", datastore_id, parse_datastore, DECRYPTED)
        return _about("one.datastore.info", datastore_id, found.datastore_id, found)

    def _object(self, call: str, number: int, parse: Callable[[bytes], Parsed], *more: bool) -> Parsed:
        text = self._rpc.document(call, number, *more)
        try:
            return parse(text.encode())
        except BadOrder as error:
            raise OnedUnreachable(f"{call} {number}: {error}") from error


def with_secrets(found: Datastore, oned: XmlRpcOned) -> Datastore:
    """*found* out of a list, where encrypted attributes stay hidden, as an administrator may read it."""
    return found if SECRETS.isdisjoint(found.attributes) else oned.datastore(found.datastore_id)


def _about(call: str, asked: int, told: int, found: Parsed) -> Parsed:
    """*found*, unless it is another object than the one that was asked for: OnedUnreachable."""
    if told != asked:
        raise OnedUnreachable(f"{call} {asked}: the answer is about number {told}")
    return found
