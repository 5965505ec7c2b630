"""What every implementation of the Oned port promises: the fake, and the real one against an XML-RPC server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.contract.rpc_world import SESSION, RpcWorld

from adapters.memory.oned import MemoryOned
from adapters.opennebula.oned import XmlRpcOned
from domain.errors import OnedRefused, OnedUnreachable
from domain.opennebula import Datastore, Vm


class MemoryWorld:
    """The fake."""

    def __init__(self, _stack: ExitStack, _directory: Path) -> None:
        self.oned = MemoryOned()

    def know(self, vm_id: int, datastore_id: int) -> None:
        """Know a VM and a datastore."""
        self.oned.put(Vm(vm_id), Datastore(datastore_id, "images"))

    def down(self) -> None:
        """Answer no more."""
        self.oned.down = True


@contextmanager
def _world(kind: Any, directory: Path) -> Iterator[Any]:
    with ExitStack() as stack:
        yield kind(stack, directory)


@pytest.fixture(params=[MemoryWorld, RpcWorld], ids=["memory", "xmlrpc"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with _world(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def rpc(tmp_path: Path) -> Iterator[RpcWorld]:
    with _world(RpcWorld, tmp_path) as made:
        yield made


def test_a_vm_and_a_datastore_are_found_by_number(world: Any) -> None:
    """What oned knows comes back as the documents of the domain."""
    world.know(7, 100)
    assert world.oned.vm(7).vm_id == 7
    assert world.oned.datastore(100) == Datastore(100, "images")


def test_what_oned_does_not_know_is_refused_as_missing(world: Any) -> None:
    """A rule can tell "gone" from every other refusal."""
    for ask in (world.oned.vm, world.oned.datastore):
        with pytest.raises(OnedRefused) as caught:
            ask(5)
        assert caught.value.missing
        assert "5" in str(caught.value)


def test_oned_that_does_not_answer_is_unreachable(world: Any) -> None:
    """The error is the one that rules expect."""
    world.know(7, 100)
    world.down()
    with pytest.raises(OnedUnreachable):
        world.oned.vm(7)


def test_only_session_and_number_are_sent(rpc: RpcWorld) -> None:
    """Two arguments are valid in every version (opennebula.md 7), and the session is the whole file without its end."""
    rpc.know(7, 100)
    rpc.oned.vm(7)
    assert rpc.asked == [("one.vm.info", (SESSION, 7))]


def test_a_datastore_is_asked_for_with_its_secrets(rpc: RpcWorld) -> None:
    """The third argument is as old as the call (opennebula.md 7); it shows what DATASTORE_ENCRYPTED_ATTR hides."""
    rpc.know(7, 100)
    rpc.oned.datastore(100)
    assert rpc.asked == [("one.datastore.info", (SESSION, 100, True))]


def test_other_refusals_keep_their_code(rpc: RpcWorld) -> None:
    """A session that oned does not take is not "gone"."""
    rpc.answers["one.vm.info", 7] = [False, "User couldn't be authenticated, aborting call.", 0x0100]
    with pytest.raises(OnedRefused, match="authenticated") as caught:
        rpc.oned.vm(7)
    assert (caught.value.code, caught.value.missing) == (0x0100, False)


@pytest.mark.parametrize(
    "answer",
    [[], [True], "text", 5, {"a": 1}, [True, 5], [True, "no XML"], [True, "<VM/>"], [True, "<HOST><ID>7</ID></HOST>"]],
)
def test_an_answer_that_oned_does_not_give_is_named(rpc: RpcWorld, answer: Any) -> None:
    """Whatever listens there, the error is one sentence that names the call and never the session."""
    rpc.answers["one.vm.info", 7] = answer
    with pytest.raises(OnedUnreachable, match=r"one\.vm\.info") as caught:
        rpc.oned.vm(7)
    assert "secret" not in str(caught.value)


def test_a_server_of_another_kind_is_unreachable(tmp_path: Path) -> None:
    """HTML instead of XML-RPC is no crash."""
    import http.server

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html><body>hello & goodbye</html>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    (tmp_path / "auth").write_text(SESSION)
    where = f"http://127.0.0.1:{server.server_port}/RPC2"
    try:
        with pytest.raises(OnedUnreachable):
            XmlRpcOned({"ONE_XMLRPC": where, "ONE_AUTH": str(tmp_path / "auth")}).vm(7)
    finally:
        server.shutdown()
        server.server_close()
