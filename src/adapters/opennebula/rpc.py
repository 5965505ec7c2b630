"""XML-RPC of oned: where it is, who asks, and one bounded question (opennebula.md 7)."""

from __future__ import annotations

import http.client
import ssl
import xmlrpc.client
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

from adapters.answers import TimelyResponse
from adapters.opennebula.xml import LARGEST
from domain.errors import OnedRefused, OnedUnreachable
from domain.masking import keep_secret

SECONDS = 30.0
"""How long one answer may take, unless ONE_XMLRPC_TIMEOUT says otherwise."""
LONGEST_SECONDS = 86400.0
PACKAGED_HOME = Path("/var/lib/one")
DEFAULT_ENDPOINT = "http://localhost:2633/RPC2"
LARGEST_REPLY = 2 * LARGEST
"""Bytes: a document with every `<` escaped, and its frame."""

_NO_ANSWER = (
    OSError,
    http.client.HTTPException,
    xmlrpc.client.Error,
    ExpatError,
    # xmlrpc.client takes the elements of an answer as they come, and trips over those in a wrong place
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
)


class Rpc:
    """Questions to oned. *environment* says where it is and which file holds the session, read at each question."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def document(self, call: str, *arguments: int) -> str:
        """The document of an answer `[true, xml, ...]`. Raises OnedUnreachable, OnedRefused."""
        where = endpoint(self._environment)
        asked = " ".join([call, *map(str, arguments)])
        reply = self._call(where, call, session(self._environment), *arguments)
        if not isinstance(reply, list) or len(reply) < 2 or not isinstance(reply[1], str):
            raise OnedUnreachable(f"{asked} at {_shown(where)}: this is not how oned answers")
        if reply[0] is True:
            return reply[1]
        code = reply[2] if len(reply) > 2 and isinstance(reply[2], int) else 0
        raise OnedRefused(asked, reply[1], code)

    def _call(self, where: str, call: str, *arguments: Any) -> Any:
        seconds = _seconds(self._environment)
        try:
            with xmlrpc.client.ServerProxy(where, transport=_transport(where, seconds, self._environment)) as server:
                return getattr(server, call)(*arguments)
        except xmlrpc.client.ProtocolError as error:
            why = f"HTTP {error.errcode} {error.errmsg}"
        except xmlrpc.client.Fault as fault:
            why = f"{fault.faultString} ({fault.faultCode})"
        except _NO_ANSWER as error:
            why = _why(error, seconds)
        raise OnedUnreachable(f"{call} at {_shown(where)}: {why}")


def endpoint(environment: Mapping[str, str]) -> str:
    """Where oned listens: ONE_XMLRPC, `~/.one/one_endpoint`, the packaged one, localhost. Raises OnedUnreachable."""
    where = environment.get("ONE_XMLRPC") or _first(_files(environment, "one_endpoint")) or DEFAULT_ENDPOINT
    if not _is_address(where):
        raise OnedUnreachable("ONE_XMLRPC or one_endpoint is no endpoint; it starts with http:// or https://")
    return where


def _is_address(where: str) -> bool:
    try:
        return urlsplit(where).scheme in ("http", "https") and where.isprintable()
    except ValueError:
        return False


def session(environment: Mapping[str, str]) -> str:
    """`user:token`, the content of the file that ONE_AUTH names, else of `one_auth`. Raises OnedUnreachable."""
    named = environment.get("ONE_AUTH")
    files = [Path(named)] if named else _files(environment, "one_auth")
    if text := _first(files):
        keep_secret(text, text.partition(":")[2])
        return text
    raise OnedUnreachable(f"no session for oned can be read from {' or '.join(map(str, files))}")


def _files(environment: Mapping[str, str], name: str) -> list[Path]:
    homes = [Path(environment["HOME"])] if environment.get("HOME") else []
    return list(dict.fromkeys(home / ".one" / name for home in [*homes, PACKAGED_HOME]))


def _first(files: Iterable[Path]) -> str:
    """The first file's text that can be read and has any; the newline at its end is none of it."""
    for file in files:
        try:
            text = file.read_text(errors="replace").strip()
        except OSError:
            continue
        if text:
            return text
    return ""


def _seconds(environment: Mapping[str, str]) -> float:
    try:
        return max(1.0, min(LONGEST_SECONDS, float(environment["ONE_XMLRPC_TIMEOUT"])))
    except (KeyError, ValueError):
        return SECONDS


def _shown(where: str) -> str:
    """An endpoint without a password that it may hold."""
    parts = urlsplit(where)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _why(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} seconds"
    return str(error) or type(error).__name__


class _Bounded:
    """Reads a response, and stops at the largest reply."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response, self._left = response, LARGEST_REPLY

    def read(self, size: int) -> bytes:
        """The next bytes. Raises ValueError beyond the limit."""
        data = self._response.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"the answer is larger than {LARGEST_REPLY} bytes")
        return data


class _Parser(xmlrpc.client.ExpatParser):
    """Refuses a document type: oned writes none, and entities could grow without bound."""

    def __init__(self, target: xmlrpc.client.Unmarshaller) -> None:
        super().__init__(target)
        self._parser.StartDoctypeDeclHandler = _refuse_document_type  # type: ignore[attr-defined]


def _refuse_document_type(*_: object) -> None:
    raise ValueError("the answer brings a document type of its own, which oned never does")


def _parser() -> tuple[Any, Any]:
    target = xmlrpc.client.Unmarshaller()
    return _Parser(target), target


class _Limited:
    """What both transports do: every wait and the answer have a limit."""

    accept_gzip_encoding = False

    def __init__(self, seconds: float, **tls: Any) -> None:
        super().__init__(**tls)
        self._seconds = seconds

    def make_connection(self, host: Any) -> Any:
        """A connection whose every wait has the limit, and so has the answer as a whole."""
        connection = super().make_connection(host)  # type: ignore[misc]
        connection.timeout = self._seconds
        connection.response_class = TimelyResponse
        return connection

    def getparser(self) -> tuple[Any, Any]:
        """What reads the answer."""
        return _parser()

    def parse_response(self, response: Any) -> Any:
        """The answer, read within the limits."""
        return super().parse_response(_Bounded(response))  # type: ignore[misc]


class _Transport(_Limited, xmlrpc.client.Transport):
    """HTTP with a limit on the time and on the size of the answer."""


class _SafeTransport(_Limited, xmlrpc.client.SafeTransport):
    """The same over TLS."""


def _transport(where: str, seconds: float, environment: Mapping[str, str]) -> xmlrpc.client.Transport:
    """ONE_DISABLE_SSL_VERIFY and ONE_CERT_DIR are OpenNebula's own variables."""
    if not where.startswith("https://"):
        return _Transport(seconds)
    context = ssl.create_default_context(capath=environment.get("ONE_CERT_DIR") or None)
    if environment.get("ONE_DISABLE_SSL_VERIFY"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return _SafeTransport(seconds, context=context)
