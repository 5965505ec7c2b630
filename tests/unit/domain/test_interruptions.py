"""A controller that dies leaves the state it really has, and the order meets it (linstor.md 2.17 no. 0a)."""

from __future__ import annotations

import pytest

from domain.errors import Interrupted
from domain.names import VolumeName
from domain.undoing import undoing

IMAGE = VolumeName("OpenNebula-Image-4")
COPY = VolumeName("OpenNebula-Image-4-vm7-disk0")
MARKS = {"vm": "7", "disk": "0", "seq": "1", "source": IMAGE}


@pytest.fixture
def imaged(bench):
    """An image with data."""
    bench.volume(IMAGE)
    bench.write(IMAGE, b"the image")
    return bench


def _copy(bench) -> None:
    with undoing() as undo:
        bench.lifetime.copy(bench.storage, IMAGE, COPY, MARKS, undo)


def test_an_interrupted_snapshot_is_told_with_the_way_out(imaged) -> None:
    """The administrator learns how hanging guests go on."""
    imaged.model.events.die_in("snapshot")
    with pytest.raises(Interrupted, match=r"suspended:user.*drbdadm resume-io"):
        imaged.snapshots.take(imaged.storage, IMAGE, 0, "1")


def test_the_retry_of_an_interrupted_snapshot_takes_a_whole_one(imaged) -> None:
    """The one without flags is removed, and its name is never used again."""
    imaged.model.events.die_in("snapshot")
    with pytest.raises(Interrupted):
        imaged.snapshots.take(imaged.storage, IMAGE, 0, "1")
    imaged.snapshots.take(imaged.storage, IMAGE, 0, "1")
    (found,) = imaged.cluster.snapshots(IMAGE)
    assert (found.name, found.complete) == ("OpenNebula-Snap-0-1", True)


def test_an_interrupted_copy_is_told_with_the_way_out(imaged) -> None:
    """It is the image whose I/O may hang."""
    imaged.model.events.die_in("clone")
    with pytest.raises(Interrupted, match=rf"volume {IMAGE}:.*drbdadm resume-io"):
        _copy(imaged)


def test_a_copy_that_nobody_goes_on_with_is_removed_and_made_again(imaged) -> None:
    """The retry waits for it within the limit, removes it, and the one after makes a whole one."""
    imaged.model.events.die_in("clone")
    for _ in range(2):
        with pytest.raises(Interrupted):
            _copy(imaged)
    assert imaged.cluster.definitions([COPY]) == {}
    _copy(imaged)
    assert imaged.read(COPY, 9) == b"the image"
