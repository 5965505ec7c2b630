"""The simulated oned answers as the real one does (opennebula.md 7)."""

from __future__ import annotations

import http.client
import re
import xmlrpc.client
from collections.abc import Iterator

import pytest

from entrypoints.sandbox.oned import SimulatedOned

VM = "<VM><ID>7</ID></VM>"


@pytest.fixture
def oned() -> Iterator[SimulatedOned]:
    found = SimulatedOned("oneadmin:secret")
    yield found
    found.close()


def _ask(oned: SimulatedOned, method: str, *params: object) -> list[object]:
    with xmlrpc.client.ServerProxy(oned.url) as proxy:
        reply = getattr(proxy, method)(*params)
    assert isinstance(reply, list)
    return reply


@pytest.mark.parametrize("kind", ["vm", "image", "datastore", "host"])
def test_a_known_object_is_told_as_xml(oned: SimulatedOned, kind: str) -> None:
    """The reply is an array that begins with true and the document."""
    oned.put(kind, 7, VM)

    assert _ask(oned, f"one.{kind}.info", "oneadmin:secret", 7)[:3] == [True, VM, 0]


def test_the_third_parameter_of_an_info_call_is_optional(oned: SimulatedOned) -> None:
    """Clients may ask for decrypted values."""
    oned.put("datastore", 100, VM)

    assert _ask(oned, "one.datastore.info", "oneadmin:secret", 100, True)[0] is True


def test_an_unknown_object_is_refused_with_no_exists(oned: SimulatedOned) -> None:
    """Code 0x0400, and a message with the id."""
    granted, message, code = _ask(oned, "one.vm.info", "oneadmin:secret", 7)[:3]

    assert (granted, code) == (False, 0x0400)
    assert "[7]" in str(message)


def test_a_forgotten_object_does_not_exist(oned: SimulatedOned) -> None:
    """As after `onevm recover --delete-db`."""
    oned.put("vm", 7, VM)
    oned.forget("vm", 7)

    assert _ask(oned, "one.vm.info", "oneadmin:secret", 7)[0] is False


@pytest.mark.parametrize("method", ["one.vm.info", "one.vmpool.info"])
def test_a_wrong_session_is_refused(oned: SimulatedOned, method: str) -> None:
    """Code 0x0100, whatever is asked for."""
    oned.put("vm", 7, VM)

    assert _ask(oned, method, "oneadmin:wrong", 7)[0::2][:2] == [False, 0x0100]


def test_a_pool_holds_every_document_of_its_kind(oned: SimulatedOned) -> None:
    """In the order of their ids."""
    oned.put("datastore", 101, "<DATASTORE>b</DATASTORE>")
    oned.put("datastore", 100, "<DATASTORE>a</DATASTORE>")

    pool = _ask(oned, "one.datastorepool.info", "oneadmin:secret")[1]

    assert pool == "<DATASTORE_POOL><DATASTORE>a</DATASTORE><DATASTORE>b</DATASTORE></DATASTORE_POOL>"


def _vm(identity: int, state: int) -> str:
    records = "<HISTORY><SEQ>0</SEQ></HISTORY><HISTORY><SEQ>1</SEQ></HISTORY>"
    head = f"<ID>{identity}</ID><STATE>{state}</STATE>"
    return f"<VM>{head}<HISTORY_RECORDS>{records}</HISTORY_RECORDS></VM>"


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ((-2, -1, -1, -1), [9, 7, 6]),
        ((-2, -1, -1, -2), [9, 8, 7, 6]),
        ((-2, -1, -1, 8), [7]),
        ((-2, 7, 8, -2), [8, 7]),
        ((-2, 0, -2, -1), [9, 7]),
        ((-2, 2, -2, -1), [6]),
        ((-2, 9, -2, -1), []),
    ],
)
def test_the_extended_list_of_vms_is_filtered_and_paged(
    oned: SimulatedOned, arguments: tuple[int, ...], ids: list[int]
) -> None:
    """By state (-1: all but DONE), by a range of ids or a page, the newest first, with the current record alone."""
    for identity, state in ((6, 3), (7, 8), (8, 6), (9, 1)):
        oned.put("vm", identity, _vm(identity, state))

    text = str(_ask(oned, "one.vmpool.infoextended", "oneadmin:secret", *arguments)[1])

    assert [int(each) for each in re.findall("<ID>(.)</ID>", text)] == ids
    assert re.findall("<SEQ>(.)</SEQ>", text) == ["1"] * len(ids)


def test_an_ordered_fault_is_answered_once(oned: SimulatedOned) -> None:
    """The next request gets it, the one after that is served."""
    oned.put("vm", 7, VM)
    oned.faults.append([False, "database is locked", 0x2000, -1])

    replies = [_ask(oned, "one.vm.info", "oneadmin:secret", 7)[0] for _ in range(2)]

    assert replies == [False, True]


def test_every_request_is_counted(oned: SimulatedOned) -> None:
    """Refused ones, too."""
    _ask(oned, "one.vm.info", "nobody:", 7)
    _ask(oned, "one.hostpool.info", "oneadmin:secret")

    assert oned.requests == [("one.vm.info", 7), ("one.hostpool.info", -1)]


def test_an_unknown_method_is_a_fault(oned: SimulatedOned) -> None:
    """As XML-RPC has it."""
    with pytest.raises(xmlrpc.client.Fault):
        _ask(oned, "one.vm.nothing", "oneadmin:secret", 7)


def test_oned_can_hang_up(oned: SimulatedOned) -> None:
    """Until its trouble is over."""
    oned.put("vm", 7, VM)
    oned.trouble = "cut"
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        _ask(oned, "one.vm.info", "oneadmin:secret", 7)
    oned.trouble = ""
    assert _ask(oned, "one.vm.info", "oneadmin:secret", 7)[0] is True


@pytest.mark.parametrize(
    ("trouble", "error"), [("503", xmlrpc.client.ProtocolError), ("200", xmlrpc.client.ResponseError)]
)
def test_something_else_can_answer_for_oned(oned: SimulatedOned, trouble: str, error: type[Exception]) -> None:
    """As a proxy does in front of an oned that is down."""
    oned.trouble = trouble
    with pytest.raises(error):
        _ask(oned, "one.vm.info", "oneadmin:secret", 7)


def test_who_watches_hears_of_a_call_before_it_is_answered(oned: SimulatedOned) -> None:
    """So that it can change the answer."""
    oned.observers.append(lambda: oned.faults.append([False, "no", 0x0200, -1]))
    assert _ask(oned, "one.vm.info", "oneadmin:secret", 7)[:2] == [False, "no"]
