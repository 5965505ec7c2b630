"""A volume is as large as the order says when the order ends, and never smaller than it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import NotInSync, UnknownVolume
from domain.names import VolumeName
from domain.sizes import EXTENT_KIB

DISK = VolumeName("OpenNebula-Image-4")
NOW, LARGER = 65536, 131072


@pytest.fixture
def grown(bench, monkeypatch):
    """The sizes that LINSTOR is asked for, in *asked*; it refuses the first *refusing* of them."""
    bench.volume(DISK)
    bench.asked, bench.refusing, grow = [], 0, bench.cluster.grow

    def noted(volume: VolumeName, size_kib: int) -> None:
        bench.asked.append(size_kib)
        if len(bench.asked) <= bench.refusing:
            raise NotInSync(volume, f"try {len(bench.asked)}")
        grow(volume, size_kib)

    monkeypatch.setattr(bench.cluster, "grow", noted)
    return bench


def _resizing(bench, monkeypatch, looks: int) -> None:
    """LINSTOR says for so many looks that a growth of the volume has not ended."""
    look, seen = bench.cluster.definitions, []

    def definitions(volumes):
        seen.append(volumes)
        return {name: replace(each, resizing=len(seen) <= looks) for name, each in look(volumes).items()}

    monkeypatch.setattr(bench.cluster, "definitions", definitions)


@pytest.mark.parametrize(("size_kib", "asked"), [(NOW - 1, []), (NOW, []), (NOW + 1, [NOW + 1]), (LARGER, [LARGER])])
def test_linstor_is_asked_for_what_is_more_than_there_is(grown, size_kib: int, asked: list[int]) -> None:
    """It takes a smaller size for an order to shrink."""
    grown.sizes.ensure(grown.storage, DISK, size_kib)
    assert grown.asked == asked


def test_a_volume_that_is_not_there_does_not_grow(bench) -> None:
    """Nothing is made in its place."""
    with pytest.raises(UnknownVolume):
        bench.sizes.ensure(bench.storage, DISK, LARGER)
    with pytest.raises(UnknownVolume):
        bench.sizes.grow_copy(bench.storage, DISK, LARGER, new=False)


@pytest.mark.parametrize(("looks", "asked"), [(1, [NOW]), (2, [NOW, NOW + EXTENT_KIB])])
def test_a_growth_that_has_not_ended_is_driven_on(grown, monkeypatch, looks: int, asked: list[int]) -> None:
    """By the same size, and by one extent more where that was not enough."""
    _resizing(grown, monkeypatch, looks)
    grown.sizes.ensure(grown.storage, DISK, NOW)
    assert grown.asked == asked


def test_a_replica_that_is_cut_off_does_not_grow(grown, monkeypatch) -> None:
    """It would be smaller than the others when it comes back."""
    look = grown.cluster.deployments
    monkeypatch.setattr(
        grown.cluster,
        "deployments",
        lambda volumes: {
            name: tuple(replace(each, connected=False) for each in found) for name, found in look(volumes).items()
        },
    )
    with pytest.raises(NotInSync, match="no connection on"):
        grown.sizes.ensure(grown.storage, DISK, LARGER)
    assert grown.asked == []


def test_a_replica_that_catches_up_is_waited_for(grown) -> None:
    """LINSTOR refuses to grow it for a while."""
    grown.refusing = 3
    grown.sizes.ensure(grown.storage, DISK, LARGER)
    assert grown.asked == [LARGER] * 4


def test_one_that_never_catches_up_is_told_of(grown) -> None:
    """By what LINSTOR said last, after the limit of the datastore."""
    grown.refusing = 10**6
    with pytest.raises(NotInSync) as caught:
        grown.sizes.ensure(grown.storage, DISK, LARGER)
    assert f"try {len(grown.asked)}" in str(caught.value)
    assert grown.clock.now() == pytest.approx(grown.storage.settings.limits.close, abs=1)


@pytest.mark.parametrize(("new", "asked"), [(True, [NOW]), (False, [])])
def test_only_a_new_copy_is_grown_without_a_look(grown, new: bool, asked: list[int]) -> None:
    """It has the size of its source for certain; one from before may be larger."""
    grown.sizes.grow_copy(grown.storage, DISK, NOW, new=new)
    assert grown.asked == asked
