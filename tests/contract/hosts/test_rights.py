"""What the user of oned may not write to: real scripts, run by a user without rights."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.hosts.running import DEVICE, MIB

from adapters.opennebula.rendering import script
from domain.steps import MakeFileSystem

ROOT = Path(__file__).parents[3]
NOBODY = 65534
SUDO = '#!/bin/sh\nprintf %s "sudo $*" >&2\n'


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that others may enter, with a device of root and a sudo that allows everything."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "sudo").write_text(SUDO)
        (place / "sudo").chmod(0o755)
        (place / "drbd1000").write_bytes(bytes(8 * MIB))
        (place / "drbd1000").chmod(0o444)
        (place / "size").write_text(f"{8 * MIB // 512}\n")
        yield place


def test_a_device_of_others_is_left_alone_and_the_group_is_named(place: Path) -> None:
    """Nothing of the driver runs as root on a host, so nobody needs a rule for sudo."""
    line = script([MakeFileSystem(DEVICE, "ext4")], "mark").replace(DEVICE, str(place / "drbd1000"))
    line = line.replace("/sys/class/block/${real##*/}/size", str(place / "size"))

    with subprocess.Popen(
        ["bash", "-c", line],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": f"{place}:/usr/bin:/bin"},
        user=NOBODY if os.geteuid() == 0 else None,
        cwd="/",
    ) as program:
        assert program.stderr is not None
        said = program.stderr.read()

    assert said.endswith(f"may not write to {place / 'drbd1000'} and should be in group disk\n")
    assert (place / "drbd1000").read_bytes() == bytes(8 * MIB)


def test_no_script_for_hosts_names_sudo() -> None:
    """The documentation says that no rule is needed for any of them."""
    scripts = [path for path in (ROOT / "src").rglob("*.sh") if "sandbox" not in path.parts]
    assert len(scripts) > 3
    assert [path for path in scripts if "sudo" in path.read_text(encoding="utf-8")] == []
