"""Backups, followed: which snapshots they keep, what oned says of them, and what must be in their files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.names import BACKUPS, DiskOf, VolumeName
from entrypoints.sandbox.replay.backup_images import BackupImages, Config, config_in
from entrypoints.sandbox.replay.blocks import BLOCK, block
from entrypoints.sandbox.replay.holdings import Holdings
from entrypoints.sandbox.replay.knowledge import Knowledge
from entrypoints.sandbox.replay.ledger import Contents, Ledger
from entrypoints.sandbox.replay.recording import Call, Document, Operation, Recording
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.selection import select
from entrypoints.sandbox.replay.site import Site
from entrypoints.sandbox.replay.sources import SourceFiles
from entrypoints.sandbox.replay.subject import subject
from entrypoints.sandbox.replay.vault import Vault
from entrypoints.sandbox.world import Sandbox

VM, MIB = 7, 1024 * 1024
D = f"/var/lib/one/datastores/104/{VM}"
COPY, KEPT = VolumeName("OpenNebula-Image-0-vm7-disk0"), VolumeName("OpenNebula-Image-4")
OF = DiskOf(VM, 0)
BACKUP = f"host-a:{D} 0:1 one-7 - {VM} 104"
STORE = (
    "<DATASTORE><ID>107</ID><TYPE>3</TYPE><BASE_PATH>/var/lib/one//datastores/107</BASE_PATH><TEMPLATE/></DATASTORE>"
)
URL = f"rsync://107//0:aaaaaa/var/lib/one/datastores/107/{VM}/aaaaaa/disk.0.0"
OLD = {0: block("before"), 5 * BLOCK: block("before, too")}


def vm(mode: str, last: int = -1, chain: int = -1, images: str = "") -> str:
    """A VM document while a backup is made."""
    config = f"<MODE>{mode}</MODE><LAST_INCREMENT_ID>{last}</LAST_INCREMENT_ID>"
    config += f"<INCREMENTAL_BACKUP_ID>{chain}</INCREMENTAL_BACKUP_ID><LAST_DATASTORE_ID>107</LAST_DATASTORE_ID>"
    ids = f"<BACKUP_IDS>{images}</BACKUP_IDS>"
    return f"<VM><ID>{VM}</ID><BACKUPS><BACKUP_CONFIG>{config}</BACKUP_CONFIG>{ids}</BACKUPS></VM>"


def image(number: int, source: str, *increments: str) -> str:
    """A backup image as oned describes it."""
    parts = [f"<INCREMENT><ID>{n}</ID><SOURCE>{each}</SOURCE></INCREMENT>" for n, each in enumerate(increments)]
    inner = f"<TYPE>6</TYPE><SOURCE>{source}</SOURCE><VMS><ID>{VM}</ID></VMS>"
    return f"<IMAGE><ID>{number}</ID>{inner}<BACKUP_INCREMENTS>{''.join(parts)}</BACKUP_INCREMENTS></IMAGE>"


def call(line: str, document: str = "", exit_code: int = 0, stdout: str | None = None) -> Call:
    """`kind/driver/action words...` as a call."""
    what, *argv = line.split()
    kind, driver, action = what.split("/")
    return Call("op", 1, kind, driver, action, tuple(argv), exit_code, document.encode(), stdout=stdout)


BEGIN = Operation(
    "begin",
    calls=(
        call(f"tm/linstor/clone one-fe:OpenNebula-Image-0 host-a:{D}/disk.0 {VM} 100"),
        call(f"tm/linstor/ln one-fe:OpenNebula-Image-4 host-a:{D}/disk.1 {VM} 100"),
    ),
    documents=(
        Document("begin", "datastore", 107, STORE),
        Document("begin", "vm", VM, vm("INCREMENT", images="<ID>52</ID><ID>53</ID>")),
        Document("begin", "image", 52, image(52, "aaaaaa", "aaaaaa", "bbbbbb")),
    ),
)
RECORDING = Recording((BEGIN,))


class World:
    """VM 7 with two disks of ours; what is in disk 0 is known."""

    def __init__(self, sandbox: Sandbox, sources: SourceFiles) -> None:
        self.sandbox = sandbox
        self.holdings = Holdings("one-fe")
        self.ledger = Ledger(self.holdings)
        self.rewriting = Rewriting(Site(), str(sandbox.one / "var"), sandbox.controller, sources)
        self.knowledge = Knowledge(RECORDING, self.rewriting, sandbox.oned, "one-fe")
        self.images = BackupImages(RECORDING, self.rewriting)
        self.knowledge.begin(BEGIN)
        for each in BEGIN.calls:
            self.holdings.after(each, 1)
        self.holdings.volumes[KEPT] = replace(self.holdings.volumes[COPY], name=KEPT, snapshots=set())
        self.ledger.wrote(COPY, OLD)
        stores = frozenset({107})
        self.vault = Vault(
            sandbox, self.images, self.knowledge, self.holdings, self.ledger, self.rewriting, stores
        )  # fmt: skip

    def snapshots(self, volume: VolumeName = COPY) -> set[int]:
        """The numbers that must be there."""
        return self.holdings.volumes[volume].snapshots

    def back_up(self, document: str, kept: str) -> list[str]:
        """A backup that nobody wrote files of; what is wrong with it."""
        self.vault.after(call(f"tm/linstor/prebackup_live {BACKUP}", document))
        return self.vault.compare(call(f"ds/rsync/backup {BACKUP}"), f"{kept} 1 raw\n")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox() as sandbox, SourceFiles(tmp_path / "sources", {}) as sources:
        yield World(sandbox, sources)


@pytest.mark.parametrize(
    ("document", "numbers"),
    [
        (vm("FULL"), set()),
        (vm("INCREMENT"), {BACKUPS[0]}),
        (vm("INCREMENT", 0, 52), {BACKUPS[0], BACKUPS[1]}),
        (vm("INCREMENT", 1, 52), {BACKUPS[0], BACKUPS[1]}),
    ],
)
def test_what_a_backup_keeps(world: World, document: str, numbers: set[int]) -> None:
    """An increment keeps the snapshot that the next one begins from, and its own base; a whole backup keeps none."""
    world.holdings.keep_for_backups(OF, {BACKUPS[1]}, set())
    world.snapshots().add(3)

    world.vault.after(call(f"tm/linstor/prebackup {BACKUP}", document))

    assert world.snapshots() == numbers | {3}
    assert world.snapshots(KEPT) == numbers


def test_a_backup_that_failed_leaves_both_open(world: World) -> None:
    """The snapshot of the one before may have stayed, and so may its own."""
    world.vault.after(call(f"tm/linstor/prebackup {BACKUP}", vm("INCREMENT", 0, 52), exit_code=1))

    assert world.snapshots() == set()
    assert world.holdings.volumes[COPY].doubtful == set(BACKUPS)
    assert world.vault.compare(call(f"ds/rsync/backup {BACKUP}"), "cccccc 1 raw\n") == [
        "nothing made the files of this backup"
    ]


def test_other_drivers_keep_no_snapshot(world: World) -> None:
    """Only ours takes any."""
    world.vault.after(call(f"tm/ssh/prebackup {BACKUP}", vm("INCREMENT")))

    assert world.snapshots() == set()


def test_oned_knows_the_image_of_a_backup(world: World) -> None:
    """Under the recorded id, with the name that the store gives now, and recorded URLs lead there."""
    world.back_up(vm("INCREMENT"), "111111")
    world.back_up(vm("INCREMENT", 0, 52), "222222")

    told = world.sandbox.oned.get("image", 52) or ""
    assert "<SOURCE>111111</SOURCE>" in told
    assert "<INCREMENT><ID>1</ID><SOURCE>222222</SOURCE></INCREMENT>" in told
    assert world.rewriting.backup_url(URL).endswith("/one/var/datastores/107/7/111111/disk.0.0")
    assert world.rewriting.xml(image(52, "aaaaaa", "aaaaaa", "bbbbbb")) == image(52, "111111", "111111", "222222")
    assert world.vault.contents(URL) == Contents(OLD)
    assert world.vault.contents(URL.replace("aaaaaa", "none")) is None


def test_a_chain_that_is_begun_anew_has_the_next_image(world: World) -> None:
    """As recorded; one more than was recorded gets an id that is nobody's."""
    for kept in ("111111", "222222", "333333"):
        world.back_up(vm("INCREMENT"), kept)

    assert [world.images.backup(number, None) for number in (52, 53, 10000)] == ["111111", "222222", "333333"]


def test_a_restored_disk_holds_what_the_backup_has(world: World) -> None:
    """And its snapshots are gone, where it is the VM's alone; a disk that was not asked for keeps what it has."""
    world.back_up(vm("INCREMENT"), "111111")
    world.ledger.wrote(COPY, {0: block("after")})
    world.ledger.wrote(KEPT, {0: block("after")})
    world.snapshots().add(3)
    world.snapshots(KEPT).add(3)

    world.vault.after(call(f"tm/linstor/restore host-a:{D} {VM} 52 -1 0"))

    assert world.ledger.known(COPY) == Contents(OLD)
    assert world.ledger.known(KEPT).blocks == {0: block("after")}
    assert (world.snapshots(), world.snapshots(KEPT)) == (set(), {BACKUPS[0], 3})
    world.vault.after(call(f"tm/linstor/restore host-a:{D} {VM} 52 0 -1"))
    assert world.ledger.known(KEPT) == Contents()


def test_files_that_hold_something_else_are_told(world: World) -> None:
    """Each disk is fetched as a restore does, and compared as a whole."""
    world.sandbox.script("ds", "rsync", "ls").write_text('#!/bin/sh\ncat >/dev/null\necho \'{"0": "/x"}\'\n')
    assert world.back_up(vm("FULL"), "111111") == ["the backup holds the disks 0, not 0, 1"]
    world.sandbox.script("ds", "rsync", "ls").write_text(
        '#!/bin/sh\ncat >/dev/null\necho \'{"0": "rsync://none", "1": "rsync://none"}\'\n'
    )
    raw = world.sandbox.root / "raw"
    raw.write_bytes(b"".join([OLD[0], bytes(4 * BLOCK), bytes(BLOCK), block("later")]).ljust(MIB, b"\0"))
    fetched = f'#!/bin/sh\nqemu-img convert -f raw -O qcow2 {raw} "$3"\n'
    world.sandbox.script("ds", "", "downloader.sh").write_text(fetched)

    found = world.back_up(vm("FULL"), "222222")

    assert f"the file of disk 0: offset {5 * BLOCK} holds zeros, not 'before, too'" in found
    assert f"the file of disk 0: offset {6 * BLOCK} holds 'later', not zeros" in found


@pytest.mark.parametrize(("printed", "findings"), [("64\n", 0), ("68\n", 0), ("63\n", 1)])
def test_a_size_that_is_too_small_is_told(world: World, printed: str, findings: int) -> None:
    """A device is as large as LINSTOR made it, never smaller than what was asked for."""
    assert len(world.vault.compare(call("ds/rsync/stat 12", stdout="64\n"), printed)) == findings


@pytest.mark.parametrize(("disk", "findings"), [("0", 0), ("1", 1)])
def test_a_list_of_other_disks_is_told(world: World, disk: str, findings: int) -> None:
    """The URLs are those of the recording, where they lead now."""
    world.back_up(vm("INCREMENT"), "111111")
    listed = f'{{"{disk}": "{world.rewriting.backup_url(URL)}"}}'

    assert len(world.vault.compare(call("ds/rsync/ls -i -1", stdout=f'{{"0":"{URL}"}}'), listed)) == findings


def test_what_the_store_is_given_names_its_datastore(world: World) -> None:
    """Also where only the index tells of the call."""
    world.vault.after(call(f"tm/linstor/prebackup {BACKUP}", vm("FULL")))
    document = world.vault.document(call(f"ds/rsync/backup {BACKUP}")).decode()

    assert f"<BASE_PATH>{world.sandbox.datastores.parent}//datastores/107</BASE_PATH>" in document
    assert f"<VM><ID>{VM}</ID>" in document


def test_the_config_of_a_vm_without_backups() -> None:
    """It would be a whole one."""
    assert config_in("<VM><ID>7</ID></VM>") == Config(False, -1, -1, -1)
    assert config_in(vm("FULL", 3, 52)).increment == 0
    assert config_in(vm("INCREMENT", 3, 52)).increment == 4


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (f"tm/linstor/prebackup {BACKUP}", (VM, (0, 1), None)),
        (f"tm/linstor/prebackup host-a:{D} 0:1: one-7 {VM} 104", (VM, (0, 1), None)),
        (f"ds/rsync/backup {BACKUP}", (VM, (0, 1), None)),
        (f"tm/linstor/restore host-a:{D} {VM} 52 -1 0", (VM, (0,), None)),
        (f"tm/linstor/restore host-a:{D} {VM} 52 3 -1", (VM, (), 3)),
    ],
)
def test_what_calls_about_backups_are_about(line: str, wanted: tuple[int, tuple[int, ...], int | None]) -> None:
    """The VM, its disks, none for all, and the increment."""
    about = subject(call(line))

    assert (about.vm, about.disks, about.increment) == wanted
    assert about.place is not None and about.place.path == D


def test_an_image_from_a_backup_builds_on_the_backed_up_vm() -> None:
    """Its disk is in no other recording than that of the VM."""
    new = f"<X><IMAGE><ID>60</ID><PATH>{URL}</PATH></IMAGE></X>"
    steps = [
        Operation("deploy", calls=BEGIN.calls),
        Operation("other", calls=(call(f"tm/linstor/ln one-fe:OpenNebula-Image-9 host-a:{D[:-1]}8/disk.0 8 100"),)),
        Operation("backup", calls=(call(f"ds/rsync/backup {BACKUP}"),)),
        Operation("new-image", calls=(call("ds/linstor/cp 60", new),)),
        Operation("delete", calls=(call("ds/rsync/rm 52", f"<X>{image(52, 'aaaaaa')}</X>"),)),
    ]

    def played(glob: str) -> list[str]:
        return [step.operation.name for step in select(Recording(tuple(steps)), [glob])]

    assert played("new-image") == ["deploy", "backup", "new-image"]
    assert played("delete")[:2] == ["deploy", "backup"]
