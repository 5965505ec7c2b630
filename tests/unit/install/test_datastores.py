"""Datastores keep what they copied from oned.conf; those that differ are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.unit.install.trees import Tree

from entrypoints.onelinstor.install import datastores
from entrypoints.sandbox.oned import SimulatedOned

CONF = """TM_MAD_CONF = [ NAME = "linstor", LN_TARGET = "NONE", CLONE_TARGET = "SELF", SHARED = "YES",
  DS_MIGRATE = "YES", TM_MAD_SYSTEM = "ssh,shared" ]"""
IMAGE = {"LN_TARGET": "NONE", "CLONE_TARGET": "SELF", "TM_MAD_SYSTEM": "ssh,shared"}
SYSTEM = {"SHARED": "yes", "DS_MIGRATE": "YES"}


def _pool(*each: tuple[int, str, int, Mapping[str, str]]) -> bytes:
    """ID, TM_MAD, TYPE and TEMPLATE of every datastore."""
    found = "".join(
        f"<DATASTORE><ID>{identity}</ID><NAME>ds{identity}</NAME><TM_MAD><![CDATA[{tm}]]></TM_MAD><TYPE>{kind}</TYPE>"
        f"<TEMPLATE>{''.join(f'<{key}><![CDATA[{value}]]></{key}>' for key, value in template.items())}</TEMPLATE>"
        "</DATASTORE>"
        for identity, tm, kind, template in each
    )
    return f"<DATASTORE_POOL>{found}</DATASTORE_POOL>".encode()


def test_those_that_copied_other_values_are_named() -> None:
    """Of this driver only, images and systems by what each of them copies."""
    pool = _pool(
        (100, "linstor", 0, IMAGE),
        (101, "linstor", 0, {**IMAGE, "TM_MAD_SYSTEM": ""}),
        (102, "linstor", 1, SYSTEM),
        (103, "linstor", 1, {"SHARED": "YES"}),
        (104, "ssh", 1, {"SHARED": "NO"}),
        (105, "linstor", 2, {}),
    )

    assert datastores.to_update(pool, CONF) == ["101 (ds101)", "103 (ds103)"]


def test_an_oned_that_does_not_answer_is_no_error() -> None:
    """It may be stopped for the upgrade."""
    assert datastores.pool({"ONE_XMLRPC": "http://127.0.0.1:9/RPC2", "ONE_AUTH": "/nonexistent"}) is None


@pytest.mark.parametrize(
    ("session", "named"), [("oneadmin:nobody-else-knows", ["101 (ds101)"]), ("oneadmin:other", None)]
)
def test_an_oned_that_answers_is_asked(session: str, named: list[str] | None, tmp_path: Path) -> None:
    """A refusal counts as no answer."""
    oned = SimulatedOned()
    try:
        oned.put("datastore", 101, _pool((101, "linstor", 0, {})).decode().removesuffix("</DATASTORE_POOL>")[16:])
        (tmp_path / "auth").write_text(session)

        document = datastores.pool({"ONE_XMLRPC": oned.url, "ONE_AUTH": str(tmp_path / "auth")})
    finally:
        oned.close()

    assert (document and datastores.to_update(document, CONF)) == named


def test_the_installer_names_the_datastores(
    self_contained_tree: Tree,
    install: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Those of the oned that runs there."""
    oned = SimulatedOned()
    try:
        (self_contained_tree.root / "auth").write_text(oned.session)
        monkeypatch.setenv("ONE_XMLRPC", oned.url)
        monkeypatch.setenv("ONE_AUTH", str(self_contained_tree.root / "auth"))
        oned.put("datastore", 101, _pool((101, "linstor", 1, {})).decode().removesuffix("</DATASTORE_POOL>")[16:])

        install(self_contained_tree, "--configure")
    finally:
        oned.close()

    assert "to do: `onedatastore update ID`, then save, for 101 (ds101);" in capsys.readouterr().out
