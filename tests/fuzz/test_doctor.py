"""The doctor says what is wrong with LINSTOR and hosts, whatever they are, and shows no more than one line of it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import spoiling
from tests.fuzz.budget import tried
from tests.fuzz.test_hosts import Says
from tests.fuzz.wire import ADDRESS, Wire, steady, through
from tests.unit.doctor.memory import Surroundings, linstor

from adapters.memory.linstor import LinstorModel
from domain.settings import StorageSettings
from entrypoints.onelinstor.doctor.checks import Line
from entrypoints.onelinstor.doctor.host_reader import OverSsh
from entrypoints.onelinstor.doctor.linstor_reader import Reached
from entrypoints.onelinstor.doctor.page import page
from entrypoints.onelinstor.doctor.reading import CannotAsk, LinstorFacts
from entrypoints.onelinstor.doctor.telling import as_json, as_text

TOKEN = "0" * 16
MARK = f"linstor-doctor-{TOKEN}"
TOLD = """user oneadmin
groups oneadmin disk
drbd 9.2.14
utils drbdsetup
helper /usr/bin/true
rules
closed /dev/drbd1000
free 1048576
filter a|.*|
end"""


def judge(lines: Sequence[Line]) -> None:
    """Every form in which they are told can be told."""
    assert all(line.isprintable() for line in as_text(lines, colour=False).splitlines())
    assert json.loads(as_json(lines))
    assert page(lines, "today").startswith("<!DOCTYPE html>")


@tried(60)
@given(st.data(), st.integers(0, 6))
def test_a_linstor_of_any_kind_is_judged(data: st.DataObject, which: int) -> None:
    """Or cannot be asked."""
    with steady():
        model = LinstorModel.simple(("alpha", "beta", "gamma"), groups={"one": 2})
        with through(Wire(model, data.draw, which)):
            facts = _facts()
        judge(Surroundings(linstors={"localhost": facts} if facts else {}).lines())


def _facts() -> LinstorFacts | None:
    try:
        return Reached({}).facts(StorageSettings(100, (ADDRESS,)))
    except CannotAsk as error:
        assert str(error).isprintable()
        return None


def test_a_linstor_as_it_is_is_judged() -> None:
    """So that the test above does not only see those that cannot be asked."""
    judge(Surroundings(linstors={"localhost": linstor()}).lines())


@tried(60)
@given(spoiling.data("\n".join(f"{MARK} {line}" for line in TOLD.split("\n")).encode()), st.sampled_from((0, 1, 255)))
def test_a_host_of_any_kind_is_judged(host: Says, out: bytes, code: int) -> None:
    """Or cannot be asked."""
    host.say(out, b"", code)
    reader = OverSsh()
    reader._shell = host  # type: ignore[assignment]
    try:
        facts = reader.facts("host-a", "/var/lib/one/datastores")
    except CannotAsk as error:
        assert str(error).isprintable()
        return
    assert facts.free_kib >= -1


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """One whose output knows the mark."""
    monkeypatch.setattr(secrets, "token_hex", lambda _bytes: TOKEN)
    return Says(tmp_path)
