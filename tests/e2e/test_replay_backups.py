"""Recorded backups and restores, through the real executables: what was saved is what comes back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.variants.recordings import write, write_variant
from tests.variants.versions import VERSIONS, Version

from entrypoints.sandbox.replay.command import main
from entrypoints.sandbox.replay.recording import Call, Operation, Recording, read

SELECTION = Path(__file__).parent.parent / "captures" / "oned-7.4.0" / "backups.tar.gz"
"""Real calls on a system datastore of ours: whole backups of a VM, running and off, restores in place and to new
images; a chain of increments that is begun anew."""

BACKED_UP, ENDS = "linstor-backup-incremental-cbt-poweroff", "linstor-backup-incremental-cbt-terminate"
VM, IMAGE = 47, 53
ALL = ["--only", "linstor-*"]
"""All but the monitoring: one image has grown before these operations."""


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    shutil.unpack_archive(SELECTION, tmp_path / "recorded")
    return read(tmp_path / "recorded")


def with_restores(recording: Recording) -> Recording:
    """The VM with increments gets the first backup of its chain back in one disk, then the last in all, and stays."""
    kept = [each for each in recording.operations if each.name != ENDS]
    directory = next(each for each in kept if each.name == BACKED_UP).calls[1].argv[0]
    made = [
        Operation(f"linstor-restore-{place}", calls=(restore(place, directory, *words),), states=(f"VM {VM} POWEROFF",))
        for place, words in enumerate((("0", "0"), ("-1", "-1")))
    ]
    return replace(recording, operations=(*kept, *made))


def restore(number: int, directory: str, increment: str, disk: str) -> Call:
    """As oned calls it (opennebula.md 5.6)."""
    argv = (directory, str(VM), str(IMAGE), increment, disk)
    return Call(f"linstor-restore-{number}", 5000 + number, "tm", "linstor", "restore", argv, stdin=b"")


@pytest.mark.e2e
def test_backups_and_restores_are_played_without_a_finding(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The store has what each disk held, restores of whole backups and of increments bring it back."""
    write(with_restores(recording), "backups", tmp_path / "oned-7.4.0")

    code = main([str(tmp_path / "oned-7.4.0"), *ALL])

    printed = capsys.readouterr().out
    assert printed.endswith(" 0 findings\n"), printed
    assert [line for line in printed.splitlines() if line.startswith("not played")] == [
        "not played: 1 calls, there is no ds/rsync/restore"
    ]
    assert code == 0


@pytest.mark.e2e
@pytest.mark.parametrize(
    "version", [each for each in VERSIONS if "BACKUPS" not in each.no_elements], ids=lambda each: each.name
)
def test_backups_of_other_versions(
    version: Version, recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Arguments, documents and answers are those of the version, and the files hold the same."""
    code = main([str(write_variant(recording, version, tmp_path)), *ALL])

    printed = capsys.readouterr().out
    assert printed.endswith(" 0 findings\n"), printed
    assert code == 0
