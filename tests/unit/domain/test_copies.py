"""Copies of images: complete, or not there."""

from __future__ import annotations

import pytest

from domain.errors import CopyFailed, VolumeExists
from domain.names import VolumeName
from domain.undoing import undoing
from domain.volumes import Role

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
    copy, tries = breaking.cluster.copy, []
    breaking.cluster.copy = lambda *words: tries.append(words) or copy(*words)
    with pytest.raises(CopyFailed, match="twice"):
        _copy(breaking)

    assert breaking.cluster.definitions([COPY]) == {}
    assert len(tries) == 2


def _old_copy(bench, **marks: str) -> None:
    """A complete copy of the image, with other data in it and other marks."""
    bench.volume(IMAGE)
    bench.write(IMAGE, DATA)
    _copy(bench)
    bench.write(COPY, b"the guest")
    bench.cluster.mark(COPY, marks)


def test_the_copy_of_this_very_order_is_kept(bench) -> None:
    """The guest may have begun to write."""
    _old_copy(bench)
    _copy(bench)
    assert bench.read(COPY, 9) == b"the guest"


@pytest.mark.parametrize("life", [{"seq": "0"}, {"source": "OpenNebula-Image-5"}])
def test_a_copy_from_an_earlier_life_of_the_disk_is_made_anew(bench, life: dict[str, str]) -> None:
    """A VM that was created again must not boot what the one before it wrote (opennebula.md 8.3 no. 14)."""
    _old_copy(bench, **life)
    _copy(bench)
    assert bench.read(COPY, 9) == DATA
    assert dict(bench.cluster.definitions([COPY])[COPY].marks) == MARKS


def test_a_copy_that_another_disk_owns_is_left(bench) -> None:
    """Whatever it is called."""
    _old_copy(bench, vm="8")
    with pytest.raises(VolumeExists):
        _copy(bench)
    assert bench.read(COPY, 9) == b"the guest"


def test_a_copy_that_linstor_calls_failed_is_made_anew(bench) -> None:
    """Its marks are right, its data is not."""
    _old_copy(bench)
    bench.model.state.definitions[COPY].flags.add("FAILED")
    _copy(bench)
    assert bench.read(COPY, 9) == DATA


def test_attachments_of_the_image_do_not_become_those_of_its_copy(bench) -> None:
    """No VM uses the copy there."""
    bench.volume(IMAGE)
    bench.cluster.attach(IMAGE, bench.stranger(IMAGE))
    _copy(bench)
    assert Role.ATTACHMENT not in {each.role for each in bench.cluster.deployments([COPY])[COPY]}
