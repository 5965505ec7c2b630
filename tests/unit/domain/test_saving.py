"""Save-as of a snapshot: the image is the snapshot, or it is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain import marks as marking
from domain.errors import ControllerFailed, VolumeExists
from domain.names import DiskOf, HostName, VolumeName
from domain.orders import Place, SaveDisk

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
TARGET = VolumeName("OpenNebula-Image-9")
OLD, NEW = b"old data", b"new data"
MARKS = {marking.IMAGE: "9", marking.SOURCE: f"{DISK}@OpenNebula-Snap-0"}


def _order(snapshot: int | None = 0) -> SaveDisk:
    return SaveDisk(Place(HostName("host-a"), "/var/ds/101/7/disk.0"), TARGET, snapshot, DiskOf(7, 0), 100)


@pytest.fixture
def saved(bench):
    """A disk whose snapshot 0 holds other data than it has now."""
    bench.volume(DISK)
    bench.vm(DISK, "host-a")
    bench.write(DISK, OLD)
    bench.snapshots.take(bench.storage, DISK, 0, "1")
    bench.write(DISK, NEW)
    return bench


def test_the_image_is_the_snapshot(saved) -> None:
    """And carries no mark of work in progress."""
    saved.saving.save(_order())

    assert saved.read(TARGET, len(OLD)) == OLD
    assert dict(saved.cluster.definitions([TARGET])[TARGET].marks) == MARKS


def test_an_image_that_a_kill_left_empty_is_made_anew(saved) -> None:
    """A definition without data is never taken for the image."""
    saved.volume(TARGET, **MARKS, state=marking.CREATING)

    saved.saving.save(_order())

    assert saved.read(TARGET, len(OLD)) == OLD
    assert marking.STATE not in saved.cluster.definitions([TARGET])[TARGET].marks


def test_a_definition_without_any_volume_is_made_anew(saved) -> None:
    """The same where the kill came before LINSTOR knew a size."""
    props = {f"Aux/OpenNebula/{key}": value for key, value in {**MARKS, "state": "creating"}.items()}
    saved.model.definitions.create(TARGET, "two", props)

    saved.saving.save(_order())

    assert saved.read(TARGET, len(OLD)) == OLD


def test_the_retry_of_a_finished_order_keeps_its_image(saved) -> None:
    """What may be in use already is not made again."""
    saved.saving.save(_order())
    saved.write(TARGET, NEW)

    saved.saving.save(_order())

    assert saved.read(TARGET, len(NEW)) == NEW


def test_an_image_of_something_else_is_left_alone(saved) -> None:
    """The order fails instead (defect 55)."""
    saved.volume(TARGET, image="9", source="OpenNebula-Image-1")

    with pytest.raises(VolumeExists):
        saved.saving.save(_order())

    assert saved.cluster.definitions([TARGET])[TARGET].marks["source"] == "OpenNebula-Image-1"


def test_nothing_is_left_when_the_replicas_cannot_be_placed(saved, monkeypatch) -> None:
    """An image that is not as safe as its group says is no image (defect 55)."""

    def no_place(volume: VolumeName) -> None:
        raise VolumeExists(volume)

    monkeypatch.setattr(saved.cluster, "place", no_place)
    with pytest.raises(VolumeExists):
        saved.saving.save(_order())

    assert saved.cluster.definitions([TARGET]) == {}


def test_the_current_state_gets_the_replicas_of_its_group(saved) -> None:
    """A copy has them where its source had them, which need not be enough."""
    placed: list[VolumeName] = []
    place = saved.cluster.place
    saved.cluster.place = lambda volume: (placed.append(volume), place(volume))[1]

    saved.saving.save(_order(None))

    assert placed == [TARGET]
    assert saved.read(TARGET, len(NEW)) == NEW


class _Watched:
    """What was frozen when LINSTOR started the copy."""

    def __init__(self, saved, monkeypatch) -> None:
        self.at_start: list[set[str]] = []
        copy = saved.cluster.copy

        def watched(*given):
            self.at_start.append(set(saved.hosts.frozen))
            return copy(*given)

        monkeypatch.setattr(saved.cluster, "copy", watched)


def _running(saved, host: str = "host-a", lcm_state: int = 26) -> None:
    vm = saved.vm(DISK, host)
    saved.oned.put(replace(vm, lcm_state=lcm_state))


def test_a_running_guest_with_an_agent_stands_still_when_the_copy_starts(saved, monkeypatch) -> None:
    """And goes on right after, on the host where oned has it."""
    _running(saved, "host-b")
    saved.hosts.host("host-b").agents.add("one-7")
    watched = _Watched(saved, monkeypatch)

    saved.saving.save(_order(None))

    assert (watched.at_start, saved.hosts.frozen) == ([{"one-7"}], set())


@pytest.mark.parametrize("trouble", ["no agent", "host down"])
def test_a_guest_that_cannot_be_frozen_is_saved_all_the_same(saved, trouble: str) -> None:
    """As a machine would find its disk after a power cut."""
    _running(saved)
    if trouble == "host down":
        saved.hosts.down("host-a")

    saved.saving.save(_order(None))

    assert saved.read(TARGET, len(NEW)) == NEW


def test_a_guest_goes_on_when_the_copy_fails(saved, monkeypatch) -> None:
    """The order fails, the guest does not hang."""
    _running(saved)
    saved.hosts.host("host-a").agents.add("one-7")

    def fails(*_given):
        assert saved.hosts.frozen == {"one-7"}
        raise ControllerFailed("copy", "internal error")

    monkeypatch.setattr(saved.cluster, "copy", fails)
    with pytest.raises(ControllerFailed):
        saved.saving.save(_order(None))

    assert saved.hosts.frozen == set()


@pytest.mark.parametrize(("lcm_state", "snapshot"), [(27, None), (26, 0)])
def test_nobody_is_frozen_where_nothing_runs_or_a_snapshot_is_saved(saved, lcm_state: int, snapshot) -> None:
    """No host is asked for anything."""
    _running(saved, lcm_state=lcm_state)
    saved.hosts.sessions.clear()

    saved.saving.save(_order(snapshot))

    assert saved.hosts.sessions == []


def test_an_image_says_that_it_is_being_made_before_linstor_makes_it(saved, monkeypatch) -> None:
    """Or the retry after a kill would take an empty one for complete."""
    cluster = saved.cluster

    def killed(_volume, _name, target, group, marks) -> bool:
        cluster.create(target, 65536, group, marks)
        raise KeyboardInterrupt

    monkeypatch.setattr(cluster, "restore", killed)
    with pytest.raises(KeyboardInterrupt):
        saved.saving.save(_order())
    monkeypatch.undo()

    saved.saving.save(_order())

    assert saved.read(TARGET, len(OLD)) == OLD


def test_an_image_that_linstor_calls_failed_is_made_anew(saved) -> None:
    """Though it was complete once, by its marks."""
    saved.saving.save(_order())
    saved.write(TARGET, NEW)
    saved.model.state.definitions[TARGET].flags.add("FAILED")

    saved.saving.save(_order())

    assert saved.read(TARGET, len(OLD)) == OLD
    assert not saved.cluster.definitions([TARGET])[TARGET].failed
