"""Datastores that a recording shows, and those that it only names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.sandbox.replay.datastores import datastores_of
from entrypoints.sandbox.replay.recording import Call, Document, Operation, Recording
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.site import Site
from entrypoints.sandbox.replay.sources import SourceFiles

DATASTORE = (
    "<DATASTORE><ID>{0}</ID><NAME>s</NAME><TYPE>{1}</TYPE><TM_MAD>{2}</TM_MAD>"
    "<BASE_PATH>/var/lib/one//datastores/{0}</BASE_PATH><TEMPLATE><SHARED>YES</SHARED></TEMPLATE></DATASTORE>"
)
DOCUMENTS = [(100, 0, "linstor"), (102, 1, "ssh"), (109, 1, "linstor"), (120, 1, "linstor")]


@pytest.fixture
def rewriting(tmp_path: Path) -> Iterator[Rewriting]:
    """Paths of the packaged installation below `/s`."""
    with SourceFiles(tmp_path, {}) as sources:
        yield Rewriting(Site(), "/s", "controller:1", sources)


def recording(*lines: str) -> Recording:
    """Calls `action words...` of the transfer driver linstor, over datastores 100, 102, 109 and 120."""
    calls = []
    for seq, line in enumerate(lines):
        action, *argv = line.split()
        calls.append(Call("op", seq, "tm", "linstor", action, tuple(argv)))
    documents = tuple(Document("op", "datastore", each[0], DATASTORE.format(*each)) for each in DOCUMENTS)
    return Recording((Operation("op", calls=tuple(calls), documents=documents),))


def test_a_system_datastore_without_a_document_is_like_the_one_created_before_it(rewriting: Rewriting) -> None:
    """Oned knew it, so a driver that asks must be answered."""
    found = datastores_of(recording("premigrate a a /var/lib/one//datastores/110/7 7 110"), rewriting)

    assert set(found) == {100, 102, 109, 110, 120}
    assert [found[110].findtext(each) for each in ("ID", "TYPE", "TM_MAD", "TEMPLATE/SHARED")] == [
        "110", "1", "linstor", "YES",
    ]  # fmt: skip
    assert (found[110].findtext("BASE_PATH") or "").endswith("/datastores/110")
    assert found[109].findtext("ID") == "109"


@pytest.mark.parametrize(
    "line",
    [
        "mvds.ssh a:/var/lib/one//datastores/111/7/disk.0 Image-4 7 100",
        "premigrate a b /var/lib/one//datastores/111/7 7 111 ssh",
    ],
)
def test_what_another_driver_serves_is_not_made_up(rewriting: Rewriting, line: str) -> None:
    """A call of ours for a disk says nothing of whose system datastore the VM lies in."""
    assert set(datastores_of(recording(line), rewriting)) == {100, 102, 109, 120}
