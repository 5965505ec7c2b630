"""The executables carry out what oned 5.8, 6.4, 6.6.3 and 6.10 would have called."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.variants.recordings import write_variant
from tests.variants.versions import VERSIONS, Version

from entrypoints.sandbox.replay.command import main
from entrypoints.sandbox.replay.recording import read

SELECTION = Path(__file__).parent.parent / "captures" / "oned-7.4.0" / "selection.tar.gz"
"""Real calls: images, deployment, attach, live migration, snapshot and termination, on both system datastores."""


@pytest.mark.e2e
@pytest.mark.parametrize("version", VERSIONS, ids=[each.name for each in VERSIONS])
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
