"""What every implementation of the Monitord port promises: the fake, and the real one with a library of its own."""

from __future__ import annotations

import base64
import os
import re
import textwrap
from pathlib import Path
from typing import Protocol

import pytest

from adapters.memory.monitord import MemoryMonitord
from adapters.opennebula import monitord
from adapters.opennebula.front_end import Installation
from adapters.opennebula.vm_sizes_text import messages
from domain.errors import ScriptFailed
from domain.opennebula import DiskSnapshot
from domain.vm_sizes import DiskSize, Monitord, VmSizes

KEEPS = """
    send_to_monitor() { printf '%s|%s|%s|%s\\n' "$1" "$2" "$3" "$(echo $4)" >"$(mktemp "$MESSAGES/XXXXXX")"; }
"""


class World(Protocol):
    """An implementation, and what it has told."""

    monitord: Monitord

    def told(self) -> list[VmSizes]:
        """By number."""

    def down(self) -> None:
        """Nothing can be sent any more."""


class Memory:
    """The fake."""

    def __init__(self, _: Path) -> None:
        self.monitord = MemoryMonitord()

    def told(self) -> list[VmSizes]:
        """See the protocol."""
        return sorted(self.monitord.told, key=lambda each: each.vm_id)

    def down(self) -> None:
        """See the protocol."""
        self.monitord.down = True


class Real:
    """The adapter; the function writes its arguments to a file."""

    def __init__(self, root: Path) -> None:
        self._messages, self._library = root / "messages", root / "sh" / "scripts_common.sh"
        self._library.parent.mkdir()
        self._messages.mkdir()
        self.play(KEEPS)
        environment = {**os.environ, "MESSAGES": str(self._messages)}
        self.monitord = monitord.ShellMonitord(Installation(root, root, root, (7, 4, 0)), environment)

    def play(self, text: str) -> None:
        """The library is this."""
        self._library.write_text(textwrap.dedent(text))

    def messages(self) -> list[str]:
        """What the function got; it has no quotes, so lines are beside each other."""
        return [each.read_text() for each in self._messages.iterdir()]

    def told(self) -> list[VmSizes]:
        """See the protocol."""
        lines = [line for message in self.messages() for line in message.split("|")[3].split()]
        return sorted(map(_read, lines), key=lambda each: each.vm_id)

    def down(self) -> None:
        """See the protocol."""
        self.play("send_to_monitor() { echo 'nc: command not found' >&2; return 127; }")


def _read(line: str) -> VmSizes:
    """A line of a message, as monitord understands it (opennebula.md 2.8)."""
    outer = re.fullmatch(r'VM=\[ID=(\d+),MONITOR="([A-Za-z0-9+/=]+)"\]', line)
    assert outer, line
    inner = base64.b64decode(outer[2]).decode()
    disks = re.findall(r"DISK_SIZE=\[ID=(\d+),SIZE=(\d+)\]", inner)
    snapshots = re.findall(r"SNAPSHOT_SIZE=\[ID=(\d+),DISK_ID=(\d+),SIZE=(\d+)\]", inner)
    return VmSizes(
        int(outer[1]),
        tuple(DiskSize(int(disk), int(size)) for disk, size in disks),
        tuple(DiskSnapshot(int(disk), int(number), size_mib=int(size)) for number, disk, size in snapshots),
    )


def _vms(count: int) -> list[VmSizes]:
    return [VmSizes(number, (DiskSize(0, 10), DiskSize(1, number))) for number in range(count)]


@pytest.fixture(params=[Memory, Real])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    found: World = request.param(tmp_path)
    return found


@pytest.fixture
def real(tmp_path: Path) -> Real:
    return Real(tmp_path)


def test_sizes_of_disks_and_snapshots_arrive(world: World) -> None:
    """As they were given."""
    told = [VmSizes(7, (DiskSize(0, 64), DiskSize(2, 1)), (DiskSnapshot(0, 3, size_mib=32),)), VmSizes(8, ())]
    world.monitord.tell(told[:1])
    assert world.told() == told[:1]


@pytest.mark.parametrize("count", [0, 1, 2000])
def test_every_vm_is_told_once(world: World, count: int) -> None:
    """Whatever their number."""
    world.monitord.tell(_vms(count))
    assert world.told() == _vms(count)


def test_what_cannot_be_sent_is_an_error(world: World) -> None:
    """It names the function."""
    world.down()
    with pytest.raises(ScriptFailed, match="send_to_monitor"):
        world.monitord.tell(_vms(1))


def test_a_message_is_addressed_to_no_single_vm_and_fits_a_datagram(real: Real) -> None:
    """MONITOR_VM with -1; monitord finds the VMs in it."""
    real.monitord.tell(_vms(2000))
    assert len(real.messages()) > 1
    for each in real.messages():
        assert each.startswith("MONITOR_VM|SUCCESS|-1|VM=[")
        assert len(each) <= monitord.LARGEST_MESSAGE + len("MONITOR_VM|SUCCESS|-1|")


def test_the_text_of_a_message_is_no_pattern_for_files(
    real: Real, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function does not quote it, and brackets mean something there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "VM=I").touch()
    real.monitord.tell(_vms(2))
    assert real.told() == _vms(2)


@pytest.mark.parametrize("text", ["return 0", "send_to_monitor() { exit 3; }", "send_to_monitor() { false; }"])
def test_a_library_without_the_function_or_one_that_fails_is_an_error(real: Real, text: str) -> None:
    """Silence would look like sizes that do not change."""
    real.play(text)
    with pytest.raises(ScriptFailed, match="send_to_monitor"):
        real.monitord.tell(_vms(1))


def test_a_library_that_is_missing_is_an_error(real: Real, tmp_path: Path) -> None:
    """OpenNebula is somewhere else, or not there."""
    (tmp_path / "sh" / "scripts_common.sh").unlink()
    with pytest.raises(ScriptFailed, match="send_to_monitor"):
        real.monitord.tell(_vms(1))


def test_a_message_that_is_not_taken_ends_at_the_limit(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the space of the datastore is told without sizes."""
    monkeypatch.setattr(monitord, "SECONDS", 0.3)
    real.play("send_to_monitor() { sleep 60; }")
    with pytest.raises(ScriptFailed, match=r"0\.3 seconds"):
        real.monitord.tell(_vms(1))


def test_lines_are_put_together_as_long_as_they_fit() -> None:
    """A line that is too long goes alone; none is lost."""
    assert list(messages(["aa", "bb", "cccccccccc", "d"], 5)) == ["aa\nbb", "cccccccccc", "d"]
    assert list(messages([], 5)) == []
