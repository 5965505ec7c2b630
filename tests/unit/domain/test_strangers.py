"""Another OpenNebula on the same LINSTOR, or a database of oned out of a backup: what oned does not know is kept."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from tests.unit.domain.orphan_cloud import LAST, LATER, Cloud

from domain.names import SnapshotName, VolumeName
from domain.opennebula import Vm
from domain.orphans import Kind
from entrypoints.onelinstor import orphans as command

DAY = 24 * 3600
NEXT = LAST + 1


def _signs(cloud: Cloud) -> set[str]:
    """Why the whole volumes are kept, "" for one that is not."""
    return {each.kept.partition("copy: ")[2].partition(" (--trust")[0] for each in cloud.found()}


def _everything_is_kept(cloud: Cloud) -> bool:
    before = cloud.volumes()
    return cloud.clear() == [] and cloud.volumes() == before


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        (f"OpenNebula-Image-{NEXT}", f"OpenNebula-Image-{NEXT} is beyond oned's last image, {LAST}"),
        (f"OpenNebula-Image-4-vm{NEXT}-disk0", f"OpenNebula-Image-4-vm{NEXT}-disk0 is beyond oned's last VM, {LAST}"),
        (f"OpenNebula-Volatile-vm{NEXT}-disk0", f"OpenNebula-Volatile-vm{NEXT}-disk0 is beyond oned's last VM, {LAST}"),
    ],
)
def test_a_number_that_oned_has_not_reached_saves_everything(cloud: Cloud, name: str, sign: str) -> None:
    """So it is after a restore of its database; what was made since is not only in new volumes."""
    cloud.bench.volume(name)
    cloud.bench.volume("OpenNebula-Image-9")
    owned = cloud.bench.volume("OpenNebula-Image-5")
    cloud.image(5)
    cloud.bench.cluster.snapshot(owned, SnapshotName("OpenNebula-Snap-7"), {})
    assert {each.kind for each in cloud.found()} >= {Kind.IMAGE, Kind.SNAPSHOT}
    assert _signs(cloud) == {sign}
    assert _everything_is_kept(cloud)


def test_a_vm_that_is_done_was_there(cloud: Cloud) -> None:
    """It is in no list, and oned knows it all the same; images that VMs name were there, too."""
    cloud.bench.volume(f"OpenNebula-Image-4-vm{NEXT}-disk0")
    cloud.bench.oned.put(Vm(NEXT, state=6))
    assert _signs(cloud) == {""}


def test_where_oned_does_not_say_whether_a_vm_was_there_nothing_is_judged(cloud: Cloud) -> None:
    """Any refusal but that it has no such VM."""
    cloud.bench.volume(f"OpenNebula-Image-4-vm{NEXT}-disk0")
    refused = command.DriverError("not you")

    def vm(_number: int) -> Vm:
        raise refused

    cloud.bench.oned.vm = vm
    with pytest.raises(command.DriverError, match="not you"):
        cloud.found()


@pytest.mark.parametrize(
    ("neighbour", "registered", "sign"),
    [
        (8, LATER + 2 * DAY, "OpenNebula-Image-9 was made before image 8 was registered"),
        (10, -2 * DAY, "OpenNebula-Image-9 was made after image 10 was registered"),
        (8, -2 * DAY, ""),
        (10, LATER + 2 * DAY, ""),
        (8, DAY // 2, ""),
        (10, -DAY // 2, ""),
    ],
)
def test_an_image_made_at_the_time_of_other_numbers_is_somebody_elses(
    cloud: Cloud, neighbour: int, registered: int, sign: str
) -> None:
    """Numbers grow with time; a day may lie between the clocks."""
    now = int(cloud.bench.model.state.now())
    cloud.bench.volume("OpenNebula-Image-9")
    cloud.image(neighbour, registered=now + registered)
    assert _signs(cloud) == {sign}
    assert _everything_is_kept(cloud) == bool(sign)


def test_a_revert_is_late_and_no_stranger(cloud: Cloud) -> None:
    """What it laid out was made long after the image."""
    now = int(cloud.bench.model.state.now())
    cloud.image(10, registered=now - 9 * DAY)
    cloud.bench.volume("Revert-OpenNebula-Image-9", state="creating")
    assert _signs(cloud) == {""}


@pytest.mark.parametrize(("left", "kept"), [(3, False), (4, True)])
def test_many_volumes_of_nobody_are_somebody_elses(cloud: Cloud, left: int, kept: bool) -> None:
    """More than a few, and more than one of ten: killed orders do not leave so many."""
    for number in range(20):
        cloud.bench.volume(f"OpenNebula-Image-{number}")
        if number >= left:
            cloud.image(number)
    assert _signs(cloud) == ({f"{left} of 20 volumes with our names belong to nobody in oned"} if kept else {""})
    assert _everything_is_kept(cloud) == kept


def test_a_few_of_very_many_are_what_killed_orders_leave(cloud: Cloud) -> None:
    """Four of forty."""
    for number in range(40):
        cloud.bench.volume(f"OpenNebula-Image-{number}")
        if number >= 4:
            cloud.image(number)
    assert _signs(cloud) == {""}


def test_an_administrator_may_know_better(cloud: Cloud) -> None:
    """Numbers, times and counts are signs; that a volume is open is more, and never overruled."""
    cloud.bench.volume(f"OpenNebula-Image-{NEXT}")
    cloud.asked = replace(cloud.asked, trusting=True)
    assert _signs(cloud) == {""}
    used = cloud.bench.volume("OpenNebula-Image-9")
    opened = cloud.bench.model.devices.open(cloud.bench.replica(used).host, used, write=True)
    assert _everything_is_kept(cloud)
    opened.close()
    assert [each.error for each in cloud.clear()] == ["", ""]


@pytest.mark.parametrize(("answer", "gone"), [("y", False), ("yes", False), ("", False), ("1", False), ("2", True)])
def test_data_is_deleted_for_whoever_has_counted(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, answer: str, gone: bool
) -> None:
    """Not for a yes that the fingers type by themselves."""
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or answer)
    for number in (8, 9):
        cloud.bench.volume(f"OpenNebula-Image-{number}")
    agrees = command._agreement((), ask=True)
    code = command.run(cloud.orphans, cloud.asked, Console(file=io.StringIO()), delete=True, agrees=agrees)
    assert "Type 2 to delete them" in asked[0]
    assert (code, cloud.volumes()) == ((0, set()) if gone else (1, {"OpenNebula-Image-8", "OpenNebula-Image-9"}))


def test_what_leaves_the_data_asks_for_a_yes(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot of an image that stays."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "y")
    volume: VolumeName = cloud.bench.volume("OpenNebula-Image-5")
    cloud.image(5)
    cloud.bench.cluster.snapshot(volume, SnapshotName("OpenNebula-Snap-7"), {})
    agrees = command._agreement((), ask=True)
    assert command.run(cloud.orphans, cloud.asked, Console(file=io.StringIO()), delete=True, agrees=agrees) == 0
    assert cloud.found() == []
