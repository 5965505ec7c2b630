"""Copies of images: complete, or not there."""

from __future__ import annotations

import pytest

from domain.errors import CopyFailed
from domain.names import VolumeName
from domain.undoing import undoing

IMAGE = VolumeName("OpenNebula-Image-4")
COPY = VolumeName("OpenNebula-Image-4-vm7-disk0")
MARKS = {"vm": "7", "disk": "0", "seq": "1", "source": IMAGE}
DATA = b"the image"


@pytest.fixture
def breaking(bench):
    """An image one of whose hosts cannot make copies."""
    bench.volume(IMAGE)
    bench.write(IMAGE, DATA)
    bench.broken = bench.replica(IMAGE).host
    bench.model.events.fail(bench.broken, "lvcreate")
    return bench


def _copy(bench) -> None:
    with undoing() as undo:
        bench.lifetime.copy(bench.storage, IMAGE, COPY, MARKS, undo)


def test_a_copy_that_breaks_is_made_once_more(breaking, monkeypatch) -> None:
    """What broke is removed first."""
    delete = breaking.cluster.delete

    def healing(volume: VolumeName) -> None:
        delete(volume)
        breaking.model.events.heal(breaking.broken)

    monkeypatch.setattr(breaking.cluster, "delete", healing)
    _copy(breaking)

    assert breaking.read(COPY, len(DATA)) == DATA
    assert not breaking.cluster.definitions([COPY])[COPY].failed


def test_a_copy_that_breaks_twice_is_not_there(breaking) -> None:
    """Defect 11: and the order says that it was tried twice."""
    with pytest.raises(CopyFailed, match="twice"):
        _copy(breaking)

    assert breaking.cluster.definitions([COPY]) == {}
