"""What a host does for a driver that has died in the meantime: nothing that the next order could meet."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.contract.hosts.conftest import ALPHA, BashWorld

from adapters.opennebula.rendering import script
from adapters.opennebula.scripts_for_hosts import command
from domain.steps import MakeDirectory, MakeFileSystem, Step, WaitForDevice

DEVICE, MIB = "/dev/drbd1000", 1024 * 1024
ENDED = "the order that asked for this has ended"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BashWorld:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "mkfs.ext4").write_text('#!/bin/bash\necho made > "${!#}"\n')
    (programs / "mkfs.ext4").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return BashWorld(tmp_path)


@contextmanager
def driver(host: BashWorld, line: str) -> Iterator[subprocess.Popen[bytes]]:
    """A session that somebody has opened, and who may die: then its input closes."""
    pipe = subprocess.PIPE
    with subprocess.Popen(host.shell.command(ALPHA, line), stdin=pipe, stdout=pipe, stderr=pipe) as session:
        yield session


def steps(*wanted: Step) -> str:
    return script(wanted, "mark")


def writing(size: int) -> str:
    return command("images", "mark", "write_device", DEVICE, size, "notrunc,nocreat,fsync", 30_000)


@pytest.mark.parametrize("line", [steps(WaitForDevice(DEVICE), MakeFileSystem(DEVICE, "ext4")), writing(MIB)])
def test_a_device_that_comes_after_the_driver_died_is_left_alone(host: BashWorld, line: str) -> None:
    """It may be another volume under the same name: LINSTOR gives minors again (linstor.md 1.4)."""
    with driver(host, line) as session:
        assert session.stdin is not None and session.stderr is not None
        session.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            session.wait(0.3)
        host.device(ALPHA, DEVICE, 4 * MIB)
        assert session.wait(30) == 1
        assert ENDED in session.stderr.read().decode()
    assert host.content(ALPHA, DEVICE) == bytes(4 * MIB)


def test_no_step_begins_after_the_driver_died(host: BashWorld, tmp_path: Path) -> None:
    """The next order may have undone by then what the step belongs to."""
    line = host.shell.command(ALPHA, steps(MakeDirectory(str(tmp_path / "late"))))
    ended = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30)
    assert ENDED in ended.stderr.decode()
    assert not (tmp_path / "late").exists()


def test_an_image_that_came_in_part_is_not_read_back(host: BashWorld) -> None:
    """Reading would keep the device open, and the next order could not delete it."""
    host.device(ALPHA, DEVICE, 4 * MIB)
    with driver(host, writing(4 * MIB)) as session:
        out, _ = session.communicate(b"go\n" + b"x" * MIB, timeout=30)
    assert f"mark {MIB} bytes " in out.decode().splitlines()
    assert host.content(ALPHA, DEVICE)[:MIB] == b"x" * MIB


def test_an_image_is_read_back_only_while_the_driver_lives(host: BashWorld) -> None:
    """A large one takes minutes."""
    host.device(ALPHA, DEVICE, 4 * MIB)
    with driver(host, writing(4 * MIB)) as session:
        _, said = session.communicate(b"go\n" + b"x" * 4 * MIB, timeout=30)
    assert ENDED in said.decode()
