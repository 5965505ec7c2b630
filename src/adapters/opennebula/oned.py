"""Port Oned over XML-RPC (opennebula.md 7)."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from adapters.opennebula.xml import parse_datastore, parse_vm
from domain.errors import OnedRefused, OnedUnreachable
from domain.opennebula import Datastore, Vm

DEFAULT_ENDPOINT = "http://localhost:2633/RPC2"
SECONDS = 30.0
HOME = "/var/lib/one"


class XmlRpcOned:
    """oned as the driver asks it. The session never stands in a message."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._proxy: xmlrpc.client.ServerProxy | None = None
        self._session = ""

    def vm(self, vm_id: int) -> Vm:
        """`one.vm.info`. Raises OnedUnreachable, OnedRefused."""
        return parse_vm(self._info("one.vm.info", vm_id))

    def datastore(self, datastore_id: int) -> Datastore:
        """`one.datastore.info`. Raises OnedUnreachable, OnedRefused."""
        return parse_datastore(self._info("one.datastore.info", datastore_id))

    def _info(self, method: str, identity: int) -> bytes:
        proxy = self._connected()
        try:
            reply: Any = getattr(proxy, method)(self._session, identity)
        except xmlrpc.client.Fault as fault:
            raise OnedUnreachable(f"oned answers {method} with a fault: {fault.faultString[:200]}") from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise OnedUnreachable(f"oned does not answer {method}: {_reason(error)}") from error
        return _document(method, identity, reply)

    def _connected(self) -> xmlrpc.client.ServerProxy:
        if self._proxy is None:
            self._session = self._secret()
            endpoint = self._endpoint()
            secure = urlsplit(endpoint).scheme == "https"
            self._proxy = xmlrpc.client.ServerProxy(endpoint, transport=_SecureTransport() if secure else _Transport())
        return self._proxy

    def _secret(self) -> str:
        for path in self._places("ONE_AUTH", "one_auth"):
            try:
                return path.read_text(encoding="utf-8").strip()
            except OSError:
                continue
        raise OnedUnreachable("no session for oned: neither ONE_AUTH nor ~/.one/one_auth can be read")

    def _endpoint(self) -> str:
        given = self._environment.get("ONE_XMLRPC")
        if given:
            return given
        for path in self._places("", "one_endpoint"):
            try:
                return path.read_text(encoding="utf-8").strip() or DEFAULT_ENDPOINT
            except OSError:
                continue
        return DEFAULT_ENDPOINT

    def _places(self, variable: str, name: str) -> list[Path]:
        named = self._environment.get(variable) if variable else None
        homes = [self._environment.get("HOME", ""), HOME]
        return [Path(named)] if named else [Path(home) / ".one" / name for home in homes if home]


class _Transport(xmlrpc.client.Transport):
    """HTTP with a limit."""

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = SECONDS
        return connection


class _SecureTransport(xmlrpc.client.SafeTransport):
    """HTTPS with a limit."""

    def make_connection(self, host: Any) -> http.client.HTTPSConnection:
        connection = super().make_connection(host)
        connection.timeout = SECONDS
        return connection


def _document(method: str, identity: int, reply: Any) -> bytes:
    """The XML of `[true, xml, ...]`; the length of the array differs by version. Raises OnedRefused."""
    if not isinstance(reply, list) or len(reply) < 2:
        raise OnedUnreachable(f"oned answers {method} with something that is no reply")
    if reply[0] is True:
        return str(reply[1]).encode()
    code = reply[2] if len(reply) > 2 and isinstance(reply[2], int) else 0
    raise OnedRefused(f"{method} {identity}", str(reply[1])[:300], code)


def _reason(error: BaseException) -> str:
    if isinstance(error, (socket.timeout, TimeoutError)):
        return f"nothing within {SECONDS:g} seconds"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
