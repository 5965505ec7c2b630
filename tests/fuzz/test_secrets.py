"""A password, a token or a key is nowhere to be read, wherever it stood and whoever says it again."""

from __future__ import annotations

import base64
import json
import os
import re
import xmlrpc.client
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.fuzz import recorded
from tests.fuzz.budget import tried
from tests.fuzz.ordering import carried_out, judge, world
from tests.fuzz.test_orders import spoilt_calls
from tests.fuzz.wire import ADDRESS, Wire, http, steady, through
from tests.unit.conftest import IMAGES, Driver, Ended

from adapters.linstor.clusters import RestClusters
from adapters.linstor.codes import Code
from adapters.opennebula.oned import XmlRpcOned
from adapters.opennebula.xml import parse_datastore
from domain.errors import DriverError, HostCommandFailed, HostUnreachable, ScriptFailed, SourceUnreadable
from domain.masking import forget_secrets, known_secrets
from domain.opennebula import Datastore
from domain.settings import settings_of
from entrypoints.explaining.explanation import explain
from entrypoints.remotes.parser import Call
from entrypoints.sandbox import documents
from entrypoints.tracing import journal
from entrypoints.tracing.box import Bounds, Box

PASSWORD, TOKEN, KEY, IN_URL, SLIP = "pw-hunter2", "tok~hunter2", "key/hunter2+", "url-hunter2", "slip-hunter2"
PLANTED = "hunter2"
ATTRIBUTES = {
    "LINSTOR_RESOURCE_GROUP": "two",
    "LINSTOR_CONTROLLERS": ADDRESS,
    "LINSTOR_USER": "one",
    "LINSTOR_PASSWORD": PASSWORD,
    "LINSTOR_TOKEN": TOKEN,
    "SECRET_ACCESS_KEY": KEY,
}
URLS = (
    f"https://joe:{IN_URL}@images.example/a?sig={IN_URL}",
    f"ssh://joe:{IN_URL}@host:/a",
    f"s3://bucket/a?key={IN_URL}",
    f"https://joe:{IN_URL}@h/a b",
    f"joe:{IN_URL}@images.example/a",
)
ECHOES = (PASSWORD, TOKEN, KEY, base64.b64encode(f"one:{PASSWORD}".encode()).decode(), repr(PASSWORD), *URLS[:3])
ERROR = -(2**62)
"""What makes a reply of LINSTOR an error."""
NUMBERS = re.compile(r"-?[0-9]+")


def _document(*parts: str) -> bytes:
    return base64.b64encode(documents.action_data(*parts))


def _datastore(**more: str) -> str:
    return documents.datastore(IMAGES, "images", ("linstor", "linstor"), {**ATTRIBUTES, **more}, kind=0, base="/x")


def _image(**values: str) -> str:
    return documents.image(
        5, "five", 16, {"FORMAT": "raw", "PATH": "/var/tmp/os.raw", "SOURCE": "OpenNebula-Image-5", **values}
    )


@st.composite
def calls_with_secrets(draw: st.DrawFn) -> Call:
    """Orders of a datastore whose template has secrets; sometimes one stands in a wrong place, too."""
    call = draw(st.sampled_from(recorded.calls()))
    if call.kind == "tm" and not call.stdin:
        return _slipped(draw, call)
    image = _image(PATH=draw(st.sampled_from(("/var/tmp/os.raw", *URLS))))
    plain = call.stdin.startswith(b"<")
    known = call.stdin if plain else base64.b64decode(call.stdin)
    document = known if call.kind == "tm" else documents.action_data(image, _datastore())
    if draw(st.booleans()):
        document = _with_a_slip(draw, document)
    return replace(call, stdin=document if plain else base64.b64encode(document))


def _slipped(draw: st.DrawFn, call: Call) -> Call:
    """A number among the arguments is a secret."""
    numbers = [at for at, word in enumerate(call.argv) if NUMBERS.fullmatch(word)]
    if not numbers or draw(st.booleans()):
        return call
    at = draw(st.sampled_from(numbers))
    return replace(call, argv=(*call.argv[:at], SLIP, *call.argv[at + 1 :]))


def _with_a_slip(draw: st.DrawFn, document: bytes) -> bytes:
    root = etree.fromstring(document)
    numbers = [each for each in root.iter("*") if NUMBERS.fullmatch(each.text or "")]
    draw(st.sampled_from(numbers)).text = SLIP
    return etree.tostring(root)


class _Echo(Wire):
    """A controller that says what it must not say."""

    def __init__(self, driver: Driver, draw: st.DrawFn, which: int) -> None:
        super().__init__(driver.model, draw, which)

    def _spoilt(self, _status: int, _raw: bytes) -> bytes:
        # a key that the order has not met was never sent, so that nobody can say it again
        met = [each for each in ECHOES if each != KEY or KEY in known_secrets()]
        said = self._draw(st.sampled_from(met))
        code = self._draw(st.sampled_from(list(Code)))
        reply = {"ret_code": ERROR | code, "message": said}
        reply |= {"cause": f"it said {said}", "details": f"Authorization: {said}", "error_report_ids": [said]}
        return http(self._draw(st.sampled_from((200, 401, 403, 404, 500))), json.dumps([reply]).encode())


FAILURES: dict[tuple[str, str], Callable[[str], DriverError]] = {
    ("hosts", "run"): lambda said: HostCommandFailed("host-a", "look", f"it said {said}"),
    ("hosts", "copy_files"): lambda said: HostUnreachable("host-a", said),
    ("sources", "fetch"): lambda said: SourceUnreadable(f"curl: {said}"),
    ("scripts", "run"): lambda said: ScriptFailed("tm/ssh/context", said),
}


@pytest.fixture
def traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A front-end with its black box on, where each order also leaves its journal, as one that is killed does."""

    def left(own: Any) -> None:
        if own._file >= 0:
            os.close(own._file)

    monkeypatch.setattr(journal.Journal, "end", left)
    (tmp_path / "var").mkdir()
    Box(tmp_path / "var" / "linstor-trace").switch_on(Bounds())
    return tmp_path


def _told(ended: Ended, one: Path, call: Call) -> str:
    """What can be read afterwards: what it said, and its trace; also what base64 hides there.

    The words of a call stand in its trace as they do in the list of processes.
    """
    text = ended.out + ended.err
    for path in _calls(one):
        trace = journal.read(path) if path.suffix == journal.ENDING else json.loads(path.read_text())
        path.unlink()
        text += json.dumps(trace | ({"argv": []} if SLIP in call.argv else {}))
    return text + "".join(map(_decoded, re.findall(r"[A-Za-z0-9+/=]{24,}", text)))


def _calls(one: Path) -> list[Path]:
    return list((one / "var" / "linstor-trace" / "calls").iterdir())


def _decoded(word: str) -> str:
    """What is behind *word*, as often as it is base64."""
    try:
        once = base64.b64decode(word, validate=True)
    except ValueError:
        return ""
    return once.decode("utf-8", "replace") + (_decoded(once.decode("latin-1")) if once else "")


def _with_secrets(driver: Driver) -> None:
    """The datastores of oned come as documents, and so become known."""
    driver.attributes |= ATTRIBUTES
    driver.oned.datastore = lambda number: replace(  # type: ignore[method-assign]
        parse_datastore(_datastore().encode()), datastore_id=number
    )
    settings = settings_of(Datastore(IMAGES, attributes=ATTRIBUTES), {})
    driver.cluster = RestClusters({"LINSTOR_ALLOW_INSECURE_AUTH": "yes"}).of(settings)  # type: ignore[assignment]


@tried(200)
@given(st.data(), calls_with_secrets(), st.integers(0, 6), st.sampled_from(sorted(FAILURES)), st.sampled_from(ECHOES))
def test_no_secret_is_told_by_an_order(
    traced: Path, data: st.DataObject, call: Call, which: int, failing: tuple[str, str], said: str
) -> None:
    """Neither to oned nor to the log nor to its trace, though LINSTOR, a host or a script echoes it."""
    forget_secrets()
    for path in _calls(traced):
        # of an example that was given up
        path.unlink()
    with steady():
        driver = world()
        _with_secrets(driver)
        if data.draw(st.booleans()):
            driver.refuse(*failing, FAILURES[failing](said))
        with through(_Echo(driver, data.draw, which)):
            ended = carried_out(driver, call, {"ONE_LOCATION": str(traced), "MY_TOKEN": TOKEN})
    judge(ended)
    assert PLANTED not in _told(ended, traced, call)


@tried(80)
@given(calls_with_secrets() | spoilt_calls())
def test_no_secret_is_told_by_an_explanation(call: Call) -> None:
    """With the real adapters, and nobody there who answers."""
    told = explain(
        call, {"ONE_LOCATION": "/nowhere", "ONE_XMLRPC": f"http://joe:{IN_URL}@127.0.0.1:1/RPC2", "MY_TOKEN": TOKEN}
    )
    assert PLANTED not in json.dumps([told.steps, told.answer, told.failure])
    assert "internal error" not in told.failure


@pytest.mark.parametrize("reply", [[False, "{0} is wrong", 256], "fault", [True, "<VM><ID>{0}</ID></VM>", 0]])
def test_oned_may_echo_its_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reply: Any) -> None:
    """Nobody else reads it."""
    session = f"oneadmin:{PASSWORD}"
    (tmp_path / "auth").write_text(session + "\n")

    def call(*_: object) -> Any:
        if reply == "fault":
            raise xmlrpc.client.Fault(1, f"no {session}, {PASSWORD}")
        return [each.format(session) if isinstance(each, str) else each for each in reply]

    monkeypatch.setattr(xmlrpc.client.ServerProxy, "__getattr__", lambda _self, _name: call)
    with pytest.raises(DriverError) as caught:
        XmlRpcOned({"ONE_XMLRPC": "http://127.0.0.1:1/RPC2", "ONE_AUTH": str(tmp_path / "auth")}).vm(7)
    assert PLANTED not in str(caught.value)
