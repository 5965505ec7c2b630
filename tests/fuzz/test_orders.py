"""Whatever oned's place is taken by: an order is refused in one sentence, or carried out; nothing else happens."""

from __future__ import annotations

import base64
import io
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import recorded, spoiling
from tests.fuzz.budget import tried
from tests.fuzz.ordering import carried_out, judge, world
from tests.unit.conftest import Ended

from adapters.opennebula.xml import parse_action_data, parse_vm
from domain.errors import DriverError
from domain.opennebula import Vm
from entrypoints.remotes import main
from entrypoints.remotes.parser import ACTIONS, Call, Documents, parse

DOCUMENTS = Documents(parse_vm, parse_action_data, Vm)
VARIABLES = (
    "HOME",
    "LANG",
    "LS_CONTROLLERS",
    "LINSTOR_ALLOW_INSECURE_AUTH",
    "ONE_AUTH",
    "ONE_LOCATION",
    "ONE_XMLRPC",
    "ONE_XMLRPC_TIMEOUT",
    "ONE_CERT_DIR",
    "ONE_DISABLE_SSL_VERIFY",
    "PATH",
    "TMPDIR",
)
AS_IT_MAY_BE = ("", "/", "/nowhere", ".", "https://127.0.0.1:1/RPC2", "http://127.0.0.1:1/RPC2", "127.0.0.1:1", "1")


@st.composite
def spoilt_calls(draw: st.DrawFn) -> Call:
    """A recorded call with other words, more or fewer of them, or another standard input."""
    call = draw(st.sampled_from(recorded.calls()))
    how = draw(st.sampled_from(("word", "word", "word", "words", "document", "stdin", "action")))
    if how == "word" and call.argv:
        at = draw(st.integers(0, len(call.argv) - 1))
        word = draw(spoiling.words(call.argv[at]))
        return replace(call, argv=(*call.argv[:at], spoiling.argument(word), *call.argv[at + 1 :]))
    if how == "words":
        return replace(call, argv=tuple(draw(st.permutations(call.argv)))[: draw(st.integers(0, 9))])
    if how == "document" and call.stdin:
        document = draw(spoiling.documents(recorded.document_of(call)))
        return replace(call, stdin=document if call.stdin.startswith(b"<") else base64.b64encode(document))
    if how == "stdin":
        return replace(call, stdin=draw(spoiling.data(call.stdin) | st.binary(max_size=64)))
    return replace(call, action=draw(st.sampled_from([*ACTIONS["tm"], *ACTIONS["datastore"]]) | spoiling.pieces))


any_calls = st.builds(
    Call,
    st.sampled_from(("tm", "datastore")),
    st.sampled_from([*ACTIONS["tm"], *ACTIONS["datastore"]]),
    st.lists((st.text(max_size=20) | spoiling.pieces).map(spoiling.argument), max_size=8).map(tuple),
    st.binary(max_size=100),
)


@tried(600)
@given(spoilt_calls() | any_calls)
def test_a_call_is_an_order_or_an_error_of_the_domain(call: Call) -> None:
    """Nothing else leaves the parser."""
    try:
        parse(call, DOCUMENTS)
    except DriverError as error:
        assert str(error)


@tried(250)
@given(spoilt_calls())
def test_a_spoilt_order_ends_with_one_sentence_or_is_carried_out(call: Call) -> None:
    """Whatever the rules meet in it."""
    judge(carried_out(world(), call))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of the test's own, and no network."""

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tmp_path


spoilt_variables = st.dictionaries(
    st.sampled_from(VARIABLES),
    st.sampled_from(AS_IT_MAY_BE) | st.sampled_from(AS_IT_MAY_BE).flatmap(spoiling.words),
    max_size=4,
).map(lambda found: {name: spoiling.argument(value) for name, value in found.items()})


@tried(150)
@given(spoilt_variables, st.sampled_from(recorded.calls()))
def test_an_environment_of_any_kind_breaks_no_order(
    elsewhere: Path, given_environment: dict[str, str], call: Call
) -> None:
    """Real adapters, with nobody there who answers; no host is ever reached without oned."""
    judge(
        _with_real_adapters(
            call, {"HOME": str(elsewhere), "ONE_XMLRPC": "http://127.0.0.1:1/RPC2", **given_environment}
        )
    )


def _with_real_adapters(call: Call, environment: dict[str, str]) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    code = main.run(call, environment, out, err)
    return Ended(code, out.getvalue(), err.getvalue())
