"""The real adapter of oned against an XML-RPC server that answers what a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

from adapters.opennebula.oned import XmlRpcOned

SESSION = "oneadmin:a-secret-token"


class Quiet(SimpleXMLRPCRequestHandler):
    """Does not talk, and listens where oned does."""

    rpc_paths = ("/RPC2",)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


class RpcWorld:
    """The real adapter; *answers* are what oned says, by method and number."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self.answers: dict[tuple[str, int], Any] = {}
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self._server = SimpleXMLRPCServer(("127.0.0.1", 0), Quiet, allow_none=True, logRequests=False)
        for method in ("one.vm.info", "one.datastore.info", "one.image.info"):
            self._server.register_function(self._method(method), method)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        stack.callback(self.down)
        (directory / "auth").write_text(SESSION + "\n")
        where = f"http://127.0.0.1:{self._server.server_address[1]}/RPC2"
        self.environment = {"ONE_XMLRPC": where, "ONE_AUTH": str(directory / "auth")}
        self.oned = XmlRpcOned(self.environment)

    def _method(self, method: str) -> Callable[..., Any]:
        def answer(*arguments: Any) -> Any:
            self.asked.append((method, arguments))
            missing = [False, f"[{method}] Error getting object [{arguments[1]}].", 0x0400, -1]
            return self.answers.get((method, arguments[1]), missing)

        return answer

    def know(self, vm_id: int, datastore_id: int) -> None:
        """Know a VM and a datastore."""
        self.answers["one.vm.info", vm_id] = [True, f"<VM><ID>{vm_id}</ID></VM>", 0, -1, "more"]
        xml = f"<DATASTORE><ID>{datastore_id}</ID><NAME>images</NAME></DATASTORE>"
        self.answers["one.datastore.info", datastore_id] = [True, xml, 0]

    def down(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
