"""The context disk is OpenNebula's own work, with a limit of ours."""

from __future__ import annotations

import pytest

from domain.context import make_context
from domain.errors import ScriptFailed
from domain.names import HostName
from domain.orders import MakeContext, Place

PLACE = Place(HostName("host-a"), "/var/ds/101/7/disk.2")
ORDER = MakeContext(("context.sh", f"host-a:{PLACE.path}", "7", "101"), PLACE, 7, 101)


def test_a_host_that_hangs_does_not_hold_a_context_up_for_a_day(bench) -> None:
    """A few files are copied, not a disk; nothing follows on the host."""
    bench.scripts.install("tm/ssh/context")
    bench.scripts.hanging.add("tm/ssh/context")

    with pytest.raises(ScriptFailed, match="tm/ssh/context for host host-a failed: no end after 180 seconds"):
        make_context(ORDER, bench.scripts, bench.hosts)

    assert bench.hosts.sessions == []
