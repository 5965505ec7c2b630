"""An import whose driver was killed is begun anew, and one that was finished is kept."""

from __future__ import annotations

import pytest

from adapters.memory.sources import MemorySources
from domain import marks as marking
from domain.names import VolumeName
from domain.opennebula import Image
from domain.orders import CreateImage, MakeImage

IMAGE = VolumeName("OpenNebula-Image-9")
PATH, DATA = "/var/tmp/image", b"the image"


def order(bench) -> CreateImage:
    assert isinstance(bench.sources, MemorySources)
    bench.sources.files[PATH] = DATA
    return CreateImage(Image(9, path=PATH, size_mib=64), bench.oned.datastore(100), "")


@pytest.mark.parametrize("marks", [{marking.STATE: marking.CREATING}, {}], ids=["killed", "finished"])
def test_only_what_was_finished_is_kept(bench, marks: dict[str, str]) -> None:
    """The mark of work in progress goes last."""
    bench.volume(IMAGE, image="9", **marks)
    bench.write(IMAGE, b"half of i")

    bench.images.create(order(bench))

    assert bench.read(IMAGE, len(DATA)) == (DATA if marks else b"half of i")
    assert marking.STATE not in bench.cluster.definitions([IMAGE])[IMAGE].marks


def test_an_empty_image_that_a_kill_left_is_made_anew(bench) -> None:
    """What was formatted half is formatted whole."""
    bench.volume(IMAGE, image="9", state=marking.CREATING)
    bench.write(IMAGE, b"half")

    bench.images.make(MakeImage(Image(9, size_mib=64, format="raw"), bench.oned.datastore(100)))

    assert bench.read(IMAGE, 4) == bytes(4)
