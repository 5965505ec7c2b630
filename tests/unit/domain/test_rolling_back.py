"""What is put right after LINSTOR has set a volume back, and what is left as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import NotInSync
from domain.names import VolumeName
from domain.volumes import Role

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")


@pytest.fixture
def taken(bench):
    """A disk with a snapshot; both definitions have the same marks."""
    bench.volume(DISK, vm="7")
    bench.snapshots.take(bench.storage, DISK, 0, "1")
    bench.found = bench.cluster.definitions([DISK])[DISK]
    bench.snapshot = replace(bench.snapshots.find(bench.storage, DISK, 0), volume_marks=bench.found.marks)
    return bench


def _calls(monkeypatch, port: object, name: str) -> list[tuple[object, ...]]:
    calls, real = [], getattr(port, name)
    monkeypatch.setattr(port, name, lambda *words: calls.append(words) or real(*words))
    return calls


@pytest.mark.parametrize(
    ("resizing", "smaller", "grown"), [(False, 0, False), (True, 0, True), (False, 1024, True), (True, 1024, True)]
)
def test_the_size_is_seen_to_where_it_may_be_another(
    taken, monkeypatch, resizing: bool, smaller: int, grown: bool
) -> None:
    """A rollback takes back a growth since the snapshot, and what one left half done."""
    found = replace(taken.found, resizing=resizing)
    snapshot = replace(taken.snapshot, size_kib=taken.snapshot.size_kib - smaller)
    calls = _calls(monkeypatch, taken.sizes, "ensure")
    taken.rolling_back.go_back(taken.storage, found, snapshot, None)
    assert [words[1:] for words in calls] == ([(DISK, found.size_kib)] if grown else [])


def test_marks_that_are_the_same_are_not_written(taken, monkeypatch) -> None:
    """Most are."""
    calls = _calls(monkeypatch, taken.cluster, "mark")
    taken.rolling_back.go_back(taken.storage, taken.found, taken.snapshot, None)
    assert calls == []


def test_a_volume_of_which_no_replica_is_seen_is_not_whole(taken, monkeypatch) -> None:
    """LINSTOR may be about to make them anew."""
    look = taken.cluster.deployments
    monkeypatch.setattr(
        taken.cluster,
        "deployments",
        lambda volumes: {
            name: tuple(each for each in found if each.role is not Role.REPLICA)
            for name, found in look(volumes).items()
        },
    )
    with pytest.raises(NotInSync, match="after it was set back"):
        taken.rolling_back.go_back(taken.storage, taken.found, taken.snapshot, None)
