"""vmm_execrc names the driver for live snapshots, however the file is written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.unit.install.trees import SNAPSHOTS, execrc

from entrypoints.onelinstor.install.execrc import allow_live_snapshots


def _as_shell_reads(text: str, tmp_path: Path) -> list[str]:
    """The pairs, read as the driver's own wrapper reads them: by a shell."""
    file = tmp_path / "execrc"
    file.write_text(text)
    told = subprocess.run(
        ["sh", "-c", '. "$1"; echo $LIVE_DISK_SNAPSHOTS', "sh", str(file)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    return told.stdout.split()


@pytest.mark.parametrize("version", SNAPSHOTS)
def test_the_pairs_of_each_version_get_one_more(version: str, tmp_path: Path) -> None:
    """And one for QEMU where that version lists QEMU; all other lines stay."""
    before = execrc(version)

    after = allow_live_snapshots(before)

    wanted = ["kvm-linstor", *(["qemu-linstor"] if "qemu" in SNAPSHOTS[version] else [])]
    assert _as_shell_reads(after, tmp_path) == [*SNAPSHOTS[version].split(), *wanted]
    assert after.splitlines()[0::2] == before.splitlines()[0::2]


@pytest.mark.parametrize(
    "text",
    [
        "LIVE_DISK_SNAPSHOTS='kvm-ceph'\n",
        "LIVE_DISK_SNAPSHOTS=kvm-ceph\n",
        "LIVE_DISK_SNAPSHOTS=kvm-ceph # why\n",
        'export LIVE_DISK_SNAPSHOTS="kvm-ceph "\n',
        'LIVE_DISK_SNAPSHOTS="kvm-old"\nLIVE_DISK_SNAPSHOTS="kvm-ceph"\n',
        'LIVE_DISK_SNAPSHOTS="kvm-ceph \\\n"\n',
        '#LIVE_DISK_SNAPSHOTS="kvm-old"\nLIVE_DISK_SNAPSHOTS="\n  kvm-ceph\n"',
    ],
)
def test_other_ways_to_write_it(text: str, tmp_path: Path) -> None:
    """Quotes of either kind or none, several lines, several assignments of which the last counts."""
    after = allow_live_snapshots(text)

    assert _as_shell_reads(after, tmp_path) == ["kvm-ceph", "kvm-linstor"]
    assert allow_live_snapshots(after) == after


@pytest.mark.parametrize("text", ["", "# nothing", '#LIVE_DISK_SNAPSHOTS="kvm-ceph"\n', 'LIVE_DISK_SNAPSHOTS=""\n'])
def test_where_there_is_none_it_comes_in(text: str, tmp_path: Path) -> None:
    """A line that is switched off does not count."""
    assert _as_shell_reads(allow_live_snapshots(text), tmp_path) == ["kvm-linstor"]


def test_another_driver_of_nearly_that_name_is_another(tmp_path: Path) -> None:
    """Words are compared as a whole."""
    after = allow_live_snapshots('LIVE_DISK_SNAPSHOTS="kvm-linstor_un"\n')

    assert _as_shell_reads(after, tmp_path) == ["kvm-linstor_un", "kvm-linstor"]
