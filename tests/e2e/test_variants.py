"""The executables carry out what oned 5.8 to 6.10 would have called."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest
from tests.variants.calls import as_called_by
from tests.variants.recordings import write_variant
from tests.variants.versions import VERSIONS, Version

from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import SYSTEM_LINSTOR, Cloud
from entrypoints.sandbox.replay.command import main
from entrypoints.sandbox.replay.recording import Call, read
from entrypoints.sandbox.world import Sandbox

SELECTION = Path(__file__).parent.parent / "captures" / "oned-7.4.0" / "selection.tar.gz"
"""Real calls, every shape that differs between versions among them: images of all kinds, save-as and export; on an ssh
system datastore deployment, live migration with a context disk, resize, snapshot and end; on one of ours the same."""

DIFFERING = [each for each in VERSIONS if each.name != "5.10.5"]
"""The calls of 5.10 are those of 5.12."""

PRINTED = ("5.8.5", "5.10.5")

named = {"ids": lambda version: version.name}


@pytest.mark.e2e
@pytest.mark.parametrize("version", DIFFERING, **named)
def test_a_variant_is_carried_out_without_a_finding(
    version: Version, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every call ends as recorded, prints what that version reads, and leaves nothing over."""
    shutil.unpack_archive(SELECTION, tmp_path / "recorded")
    recording = read(tmp_path / "recorded")

    code = main([str(write_variant(recording, version, tmp_path))])

    printed = capsys.readouterr().out
    assert printed.endswith(" 0 findings\n")
    assert f"{sum(bool(each.calls) for each in recording.operations)} operations" in printed
    assert code == 0


@pytest.mark.e2e
@pytest.mark.parametrize("version", VERSIONS, **named)
def test_the_sizes_of_disks_go_where_the_version_looks_for_them(version: Version) -> None:
    """Before 5.12 `monitor` prints them, unasked before 5.10; since then monitord gets them in a message."""
    with Sandbox(version=version.name) as sandbox:
        cloud = Cloud(sandbox)
        cloud.make_image(1, "data", 8)
        cloud.deploy(7, "host-a", [1], system=SYSTEM_LINSTOR)
        call = as_called_by(version, _monitor(sandbox.oned.get("datastore", SYSTEM_LINSTOR) or ""))
        ended = sandbox.run("tm", "linstor", "monitor", call.argv, call.stdin or b"")
        messages = list((sandbox.one / "var" / "monitord").glob("*"))

    printed = [line for line in ended.stdout.splitlines() if line.startswith("VM=")]
    assert ended.exit_code == 0
    if version.name in PRINTED:
        assert printed[0].startswith('VM=[ID=7,POLL="DISK_SIZE=[ID=0,SIZE=')
    assert (len(printed), len(messages)) == ((1, 0) if version.name in PRINTED else (0, 1))


def _monitor(datastore: str) -> Call:
    """As 7.4 calls it every tenth time."""
    data = documents.action_data(datastore, "<MONITOR_VM_DISKS>1</MONITOR_VM_DISKS>")
    argv = (str(SYSTEM_LINSTOR),)
    return Call("monitor", 1, "tm", "linstor", "monitor", argv, stdin=base64.b64encode(data))
