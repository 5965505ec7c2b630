"""XML of any kind becomes oned's objects or one error; nothing is expanded, fetched or read on its account."""

from __future__ import annotations

import socket
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import recorded, spoiling
from tests.fuzz.budget import tried

from adapters.opennebula import rpc, xml
from domain.errors import BadConfiguration, BadName, BadOrder
from domain.opennebula import Datastore
from domain.settings import settings_of

SECRET = "what is in the file"
READERS: tuple[Callable[[bytes], Any], ...] = (
    xml.parse_vm,
    xml.parse_action_data,
    xml.parse_datastore,
    xml.parse_vm_pool,
    xml.parse_image_pool,
    xml.parse_datastore_pool,
    xml.parse_host_names,
    xml.parse_groups,
)
POOLS = {b"VM": b"VM_POOL", b"IMAGE": b"IMAGE_POOL", b"DATASTORE": b"DATASTORE_POOL", b"HOST": b"HOST_POOL"}
ENCODINGS = ("utf-8", "utf-16", "utf-32", "latin-1")


def _in_pool(document: bytes) -> bytes:
    name = POOLS.get(document[1 : document.index(b">")], b"USER")
    return b"<%b>%b</%b>" % (name, document, name)


def read(document: bytes) -> list[Any]:
    """What all readers make of it."""
    found = []
    for reader in READERS:
        try:
            found.append(reader(document))
        except BadOrder as error:
            assert "\n" not in str(error)
    return found


originals = st.sampled_from(recorded.documents())


@tried(250)
@given(
    originals.flatmap(spoiling.documents) | originals.flatmap(spoiling.data) | st.binary(max_size=200), st.booleans()
)
def test_a_document_is_an_object_or_a_bad_order(document: bytes, in_pool: bool) -> None:
    """Whatever is in it, alone or in a pool."""
    read(_in_pool(document) if in_pool and b">" in document else document)


@tried(300)
@given(
    st.dictionaries(st.sampled_from(sorted(recorded.attributes())), spoiling.pieces | st.text(max_size=20), max_size=5)
)
def test_attributes_are_settings_or_an_error_about_them(changed: dict[str, str]) -> None:
    """Whatever an administrator writes into a datastore."""
    try:
        settings_of(Datastore(100, attributes={**recorded.attributes(), **changed}), {})
    except (BadConfiguration, BadName) as error:
        assert str(error)


def _types(secret: str) -> list[str]:
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 1000}">' for n in range(12))
    inside = f'<!ENTITY e11 SYSTEM "{secret}">'
    return [
        f"<!DOCTYPE {{0}} [{laughs}]>",
        f"<!DOCTYPE {{0}} [{inside}]>",
        f'<!DOCTYPE {{0}} SYSTEM "{secret}">',
        f'<!DOCTYPE {{0}} PUBLIC "-//x" "http://127.0.0.1:1/x.dtd" [{inside}]>',
        f'<!DOCTYPE {{0}} [<!ENTITY % p SYSTEM "{secret}"> %p;]>',
        f"<!DOCTYPE {{0}} [<!ATTLIST {{0}} a CDATA '{'x' * 1000}'>]>",
        "<!DOCTYPE {0}>",
        f'<?xml-stylesheet href="{secret}"?>',
    ]


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a file that nobody may read; and no connection can be made."""

    def connect(*_: object) -> None:
        raise AssertionError("somebody connects")

    monkeypatch.setattr(socket, "create_connection", connect)
    (tmp_path / "file").write_text(SECRET)
    return f"file://{tmp_path}/file"


@tried(100)
@given(st.integers(0, 7), originals.flatmap(spoiling.documents), st.sampled_from(ENCODINGS))
def test_no_type_of_a_document_does_anything(secret: str, which: int, document: bytes, encoding: str) -> None:
    """No entity grows, no file is read, no address is asked, in whatever encoding it comes."""
    text = document.decode("ascii").replace("</", "&e11;</", 1)
    name = text[1 : min(text.index(">"), text.index(" ") if " " in text else len(text))]
    head = f'<?xml version="1.0" encoding="{encoding}"?>' + _types(secret)[which].format(name)
    found = read((head + text).encode(encoding))
    assert found == [] or "DOCTYPE" not in head
    assert SECRET not in repr(found)
    assert len(repr(found)) < 20 * spoiling.LONG


@tried(100)
@given(originals.flatmap(spoiling.documents))
def test_no_other_document_is_included(secret: str, document: bytes) -> None:
    """XInclude is for others."""
    include = f'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{secret}" parse="text"/>'.encode()
    assert SECRET not in repr(read(document.replace(b"</", include + b"</", 1)))


@pytest.mark.parametrize("depth", [300, 100_000])
@pytest.mark.parametrize("name", [b"VM", b"DISK", b"TEMPLATE"])
def test_a_document_without_bottom_is_refused(depth: int, name: bytes) -> None:
    """Deeper than anything that oned writes."""
    opened, closed = b"<%b>" % name * depth, b"</%b>" % name * depth
    assert read(b"<VM><ID>7</ID>" + opened + closed + b"</VM>") == []


@tried(60)
@given(
    st.sampled_from([True, False, 1, None]),
    originals.flatmap(spoiling.documents).map(lambda found: found.decode()),
    st.integers(-1, 2**31 - 1),
    st.data(),
)
def test_an_answer_of_oned_is_a_document_or_unreachable(
    told: Any, document: str, code: int, data: st.DataObject
) -> None:
    """The frame around it is spoilt, too."""
    answer = xmlrpc.client.dumps(([told, document, code],), methodresponse=True, allow_none=True).encode()
    parser, target = rpc._parser()
    try:
        parser.feed(data.draw(spoiling.data(answer)))
        parser.close()
        target.close()
    except rpc._NO_ANSWER:
        pass
