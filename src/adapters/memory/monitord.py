"""Port Monitord in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import ScriptFailed
from domain.vm_sizes import VmSizes


class MemoryMonitord:
    """*told* is what it heard, in order. *down*: nothing can be sent."""

    def __init__(self) -> None:
        self.told: list[VmSizes] = []
        self.down = False

    def tell(self, vms: Sequence[VmSizes]) -> None:
        """See the port."""
        if self.down:
            raise ScriptFailed("send_to_monitor", "nothing can be sent")
        self.told.extend(vms)
