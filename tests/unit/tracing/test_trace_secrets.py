"""A trace is sent to strangers: no secret is in it, wherever it was."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from dependency_injector import providers
from hypothesis import given
from hypothesis import strategies as st

from domain.opennebula import Datastore, Disk, Vm
from domain.ports import ImageSource
from domain.settings import ORDER_ID
from entrypoints.container import Container
from entrypoints.explaining.explanation import explain
from entrypoints.remotes.parser import Call
from entrypoints.remotes.watching import Requests
from entrypoints.sandbox.replay.payload import document_in
from entrypoints.tracing.order import Trace
from entrypoints.tracing.secrets import KEPT, REMOVED, Secrets

SECRET = "hunter2-correct-horse"
NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True).filter(lambda name: name not in KEPT)
CALLED_SECRET = st.sampled_from(
    ["LINSTOR_PASSWORD", "LINSTOR_TOKEN", "SECRET_ACCESS_KEY", "ACCESS_KEY_ID", "PASSPHRASE", "AUTH", "CREDENTIALS"]
)
SHAPES = [
    "<{0}>{1}</{0}>",
    "<{0}><![CDATA[{1}]]></{0}>",
    '<X {0}="{1}"/>',
    "<X/>{1}<!-- {0} {1} -->",
    "<{0}><Y>{1}</Y></{0}>",
]


def _document(name: str, shape: str) -> str:
    inside = shape.format(name, SECRET)
    return f"<VM><ID>7</ID><TEMPLATE><CONTEXT>{inside}</CONTEXT></TEMPLATE><USER_TEMPLATE>{inside}</USER_TEMPLATE></VM>"


def _readable(text: str) -> str:
    """*text* and what its words say when they are decoded, as often as that goes."""
    decoded = [document_in(word.encode()) for word in text.replace('"', " ").split() if len(word) > 16]
    for word in text.replace('"', " ").split():
        try:
            once = base64.b64decode(word, validate=True)
        except ValueError:
            continue
        decoded += [once.decode("utf-8", "replace"), document_in(once)]
    return text + " ".join(decoded)


@given(NAMES, st.sampled_from(SHAPES))
def test_no_element_that_is_not_known_is_kept(name: str, shape: str) -> None:
    """Whatever users and administrators call their attributes, in whichever form, plain and in base64."""
    secrets = Secrets()
    for text in (_document(name, shape), base64.b64encode(_document(name, shape).encode()).decode()):
        cleaned = secrets.text(text)
        assert SECRET not in _readable(cleaned)
        assert "<ID>7</ID>" in (document_in(cleaned.encode()))


@given(CALLED_SECRET, st.sampled_from(["argv", "props", "error", "url", "nested"]))
def test_what_is_called_a_secret_somewhere_is_a_secret_everywhere(name: str, place: str) -> None:
    """Also in an error message, an argument or an answer that quotes it."""
    found = {
        "source": {"is": "Datastore", "attributes": {name: SECRET}},
        "argv": [f"--with={SECRET}"],
        "props": {"Aux/Mine": SECRET, "Aux/OpenNebula/vm": SECRET},
        "error": f"refused: {SECRET}.",
        "url": f"http://host/{SECRET}/x",
        "nested": [[{"body": {name.lower(): SECRET, "x": SECRET}}]],
    }
    secrets = Secrets()
    secrets.learn(found)
    assert SECRET not in json.dumps(secrets.cleaned(found))
    assert SECRET in json.dumps(found[place])


@pytest.mark.parametrize("url", [f"https://user:{SECRET}@host/disk", f"s3://bucket/disk?X-Signature={SECRET}"])
def test_an_address_loses_what_gives_access(url: str) -> None:
    """User, password and signature of a URL go, also in the PATH of an image; the rest can be read."""
    cleaned = Secrets().text(f"<IMAGE><PATH>{url.replace('&', '&amp;')}</PATH></IMAGE>")
    assert SECRET not in cleaned
    assert "disk" in cleaned


def test_half_a_document_is_not_kept() -> None:
    """What is long and cannot be read is nobody's help, and could hold anything."""
    half = base64.b64encode(_document("ANY", SHAPES[0]).encode() * 3).decode()[:-41]
    assert Secrets().text(half) == REMOVED
    assert Secrets().stdin(half.encode()) == b""


def test_the_drbd_secret_of_a_resource_goes() -> None:
    """LINSTOR shows it in the layers of a definition."""
    answer = {"layer_data": [{"data": {"secret": SECRET}}], "props": {"DrbdOptions/Net/shared-secret": SECRET}}
    assert SECRET not in json.dumps(Secrets().cleaned(answer))


@pytest.mark.parametrize("place", ["attributes", "props", "override_props", "snapshot_definition_props"])
def test_where_anything_may_stand_only_what_is_known_stays(place: str) -> None:
    """Attributes of oned's objects and properties of LINSTOR's, though nobody calls them a secret."""
    known = "SOURCE" if place == "attributes" else "Aux/OpenNebula/vm"
    cleaned = Secrets().cleaned([{place: {"MY_NOTE": SECRET, "Aux/Note": SECRET, known: "kept"}}])
    assert cleaned == [{place: {"MY_NOTE": REMOVED, "Aux/Note": REMOVED, known: "kept"}}]


def test_where_a_number_belongs_only_a_number_stays() -> None:
    """A slip may put a password there."""
    document = f"<VM><ID>7</ID><SIZE>{SECRET}</SIZE><LINSTOR_TIMEOUT>{SECRET}</LINSTOR_TIMEOUT></VM>"
    assert SECRET not in Secrets().text(document)
    assert "<ID>7</ID>" in Secrets().text(document)
    assert SECRET not in json.dumps(Secrets().cleaned({"attributes": {"LINSTOR_TIMEOUT": SECRET, "SIZE": "8"}}))


@pytest.mark.parametrize("text", ["host-\udcff", "half \ud800", f"<VM><ID>\udcff</ID><A>{SECRET}</A></VM>"])
def test_text_that_is_none_is_cleaned_all_the_same(text: str) -> None:
    """An argument in another encoding ends neither a trace nor an explanation."""
    secrets = Secrets()
    secrets.learn([text])
    assert SECRET not in secrets.text(text)
    assert explain(Call("tm", "clone", (text, "host-a:/x/disk.0", "7", "100")), {}).failure


class _Oned:
    def vm(self, _number: int) -> Vm:
        return Vm(7, disks=(Disk(0, attributes={"MY_NOTE": SECRET, "SOURCE": "kept"}),), attributes={"NOTE": SECRET})

    def datastore(self, number: int) -> Datastore:
        return Datastore(number, attributes={"LINSTOR_PASSWORD": SECRET, "NOTE": SECRET})


def test_the_file_of_an_order_has_no_secret(tmp_path: Path) -> None:
    """Planted in standard input, arguments, environment, oned's answers, requests, answers, errors and the result."""
    (tmp_path / "calls").mkdir()
    document = base64.b64encode(_document("LINSTOR_TOKEN", SHAPES[0]).encode())
    call = Call("tm", "clone", ("one-fe:image", document.decode()), document)
    environment = {ORDER_ID: "abc123", "ONE_AUTH": SECRET, "MY_KEY": SECRET, "ONE_XMLRPC": f"http://u:{SECRET}@one"}
    container = Container(environment=providers.Object(environment))
    requests = Requests()
    trace = Trace.begin(str(tmp_path), call, container, requests)
    oned = container.wrap()("oned", _Oned())
    oned.vm(7)
    oned.datastore(100)
    sources = container.wrap()("sources", _Sources())
    with pytest.raises(ValueError, match=SECRET):
        sources.fetch_all(ImageSource(f"https://host/disk?sign={SECRET}", payload_base64=document.decode()))
    requests(_Request(), lambda: _Answer())
    trace.end(f"answer {SECRET}", f"failed: {SECRET}")
    (written,) = (tmp_path / "calls").glob("*.json")
    text = written.read_text()
    assert SECRET not in _readable(text)
    assert "kept" in text
    assert "POST /v1/x" in text


class _Sources:
    def fetch_all(self, _source: ImageSource) -> None:
        raise ValueError(f"curl: {SECRET}")


class _Request:
    method, target, body = "POST", "/v1/x", {"override_props": {"Aux/Foreign": SECRET}, "passphrase": SECRET}


class _Answer:
    status, body = 200, [{"ret_code": 1, "message": f"said {SECRET}", "props": {"Aux/Note": SECRET}}]
