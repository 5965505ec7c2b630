"""Which executables of the driver a sandbox gets."""

from __future__ import annotations

from pathlib import Path

from entrypoints.sandbox.executables import copied


def test_the_files_that_oned_runs_can_be_tried_elsewhere(tmp_path: Path) -> None:
    """Byte for byte, and executable: they are what a replay is about."""
    for name in ("tm/linstor/clone", "datastore/linstor/cp"):
        path = tmp_path / "remotes" / name
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n# {name}\n")
        path.chmod(0o755)

    copied(tmp_path / "remotes")(tmp_path / "one")

    for name in ("tm/linstor/clone", "datastore/linstor/cp"):
        there = tmp_path / "one/var/remotes" / name
        assert there.read_text() == f"#!/bin/sh\n# {name}\n"
        assert there.stat().st_mode & 0o111 == 0o111
