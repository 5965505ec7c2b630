"""How much of a device is written over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.names import VolumeName
from domain.rewriting import _size_of_both


@pytest.mark.parametrize(
    ("source", "here", "copied"), [(70000, 69000, 69000), (69000, 70000, 69000), (0, 70000, 65536), (70000, 0, 65536)]
)
def test_what_both_devices_have_is_copied(bench, source: int, here: int, copied: int) -> None:
    """LINSTOR may round one up further; where it tells no size the volume's own counts."""
    bench.volume("OpenNebula-Image-4")
    replica = bench.replica(VolumeName("OpenNebula-Image-4"))
    ends = [replace(replica, size_kib=size) for size in (source, here)]
    assert _size_of_both(bench.storage, *ends) == copied
