"""What every implementation of the BackupStores port promises."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.contract.rpc_world import RpcWorld

from adapters.memory.backup_stores import MemoryBackupStores
from adapters.opennebula.backup_stores import OpenNebulaBackupStores
from adapters.opennebula.installation import Installation
from domain.errors import OnedRefused, OnedUnreachable, ScriptFailed

FIRST, SECOND = "rsync://107//0:ce2014/var/lib/one/disk.0.0", "rsync://107//0:ce2014,0f/var/lib/one/disk.0.1"
LS = """#!/bin/bash
cat > "$0.stdin"
[ "$1" = -i ] || exit 1
cat "$0.$2"
"""


class Memory:
    """The fake."""

    def __init__(self, _stack: ExitStack, _root: Path) -> None:
        self.stores = MemoryBackupStores()

    def keep(self) -> None:
        """Backup 52 of disk 0, with one increment."""
        self.stores.backups[52] = {0: [FIRST, SECOND]}


class Real:
    """A driver of a backup datastore below a remotes tree, and an oned that knows VM, image and datastore."""

    def __init__(self, stack: ExitStack, root: Path) -> None:
        self.rpc = RpcWorld(stack, root)
        self.ls = root / "remotes" / "datastore" / "rsync" / "ls"
        self.ls.parent.mkdir(parents=True)
        self.ls.write_text(LS)
        self.ls.chmod(0o755)
        installation = Installation(root, root, root, (7, 4, 0))
        self.stores = OpenNebulaBackupStores(installation, {**os.environ, **self.rpc.environment})

    def keep(self) -> None:
        """Backup 52 of disk 0, with one increment, and what `ls` prints of it."""
        self.rpc.answers["one.vm.info", 7] = [True, "<VM><ID>7</ID></VM>", 0]
        self.rpc.answers["one.image.info", 52] = [True, "<IMAGE><ID>52</ID><DATASTORE_ID>107</DATASTORE_ID></IMAGE>", 0]
        store = "<DATASTORE><ID>107</ID><DS_MAD>rsync</DS_MAD></DATASTORE>"
        self.rpc.answers["one.datastore.info", 107] = [True, store, 0]
        self.say("0", json.dumps({"0": FIRST}))
        for last in ("1", "-1"):
            self.say(last, json.dumps({"0": SECOND, "tpm": "rsync://107//tpm"}))

    def say(self, increment: str, text: str) -> None:
        """What `ls` prints for an increment."""
        self.ls.with_name(f"ls.{increment}").write_text(text)


@pytest.fixture(params=[Memory, Real])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:
        yield request.param(stack, tmp_path)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    with ExitStack() as stack:
        made = Real(stack, tmp_path)
        made.keep()
        yield made


@pytest.mark.parametrize(("increment", "url"), [(0, FIRST), (1, SECOND), (None, SECOND)])
def test_a_backup_tells_where_its_disks_are(world: Any, increment: int | None, url: str) -> None:
    """Up to that increment, or to the last one; what is no disk is left out."""
    world.keep()
    assert world.stores.files(7, 52, increment) == {0: url}


def test_a_backup_that_oned_does_not_know(world: Any) -> None:
    """The refusal is oned's."""
    world.keep()
    with pytest.raises(OnedRefused, match="99"):
        world.stores.files(7, 99, None)


def test_the_driver_gets_what_it_gets_from_others(real: Real) -> None:
    """Datastore, VM and image in one document, plain and not in base64 (recorded with tm/ssh)."""
    real.stores.files(7, 52, None)
    told = real.ls.with_name("ls.stdin").read_text()
    assert told.startswith("<DS_DRIVER_ACTION_DATA><DATASTORE><ID>107</ID>")
    assert "<VM><ID>7</ID></VM><IMAGE><ID>52</ID>" in told


@pytest.mark.parametrize("text", ["", "[]", "null", '{"0": 1}', "no such backup"])
def test_a_driver_that_prints_no_list(real: Real, text: str) -> None:
    """Nothing is taken for an empty backup."""
    real.say("-1", text)
    with pytest.raises(ScriptFailed, match="datastore/rsync/ls"):
        real.stores.files(7, 52, None)


def test_an_image_that_makes_no_sense(real: Real) -> None:
    """It is oned that does not answer as it should."""
    real.rpc.answers["one.image.info", 52] = [True, "<VM/>", 0]
    with pytest.raises(OnedUnreachable, match="52"):
        real.stores.files(7, 52, None)
