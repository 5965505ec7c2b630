"""A LINSTOR beside oned's lists, and the rule that compares them."""

from __future__ import annotations

from dataclasses import replace

from adapters.memory.clusters import MemoryClusters
from adapters.memory.inventory import MemoryInventories
from adapters.memory.pools import MemoryPools
from domain.clearing import Asked, Done, Orphans
from domain.names import HostName, VolumeName
from domain.opennebula import Image, Vm
from domain.orphans import Finding

RUNNING, MIGRATING, POWEROFF = (3, 3), (3, 4), 8
LATER = 10 * 3600
LAST = 99
"""Number of the last image and of the last VM that oned made; neither has a volume."""


class Cloud:
    """The bench, with oned's lists, and the command's rule."""

    def __init__(self, bench) -> None:
        self.bench = bench
        self.pools = MemoryPools(bench.oned)
        self.pools.host_list += [HostName(host) for host in ("host-a", "host-b", "host-c")]
        for each in list(bench.oned.datastores.values()):
            bench.oned.put(replace(each, ds_mad="linstor", tm_mad="linstor"))
        self.orphans = Orphans(
            self.pools,
            bench.oned,
            MemoryInventories(lambda _: bench.cluster),
            MemoryClusters(lambda _: bench.cluster),
            {},
            bench.locks,
            bench.lifetime,
            bench.attachment,
            bench.healing,
            bench.debts,
            bench.snapshots,
        )
        self.asked = Asked(int(bench.model.state.now()) + LATER)
        self.image(LAST)
        bench.oned.put(Vm(LAST, state=POWEROFF))

    def image(self, identity: int, **more) -> Image:
        """An image of oned."""
        image = Image(identity, **{"source": f"OpenNebula-Image-{identity}", "state": 1, **more})
        self.pools.image_list[identity] = image
        return image

    def vm(self, volume: VolumeName, *hosts: str, state: tuple[int, int] = RUNNING, **more) -> Vm:
        """VM 7, whose disk 0 is that volume."""
        vm = replace(self.bench.vm(volume, *hosts), state=state[0], lcm_state=state[1], **more)
        self.bench.oned.put(vm)
        return vm

    def found(self) -> list[Finding]:
        """Everything too many."""
        return self.orphans.find(self.asked)

    def one(self) -> Finding:
        """The only finding."""
        [finding] = self.found()
        return finding

    def clear(self) -> list[Done]:
        """Find, and take away."""
        return list(self.orphans.clear(self.found(), self.asked))

    def volumes(self) -> set[str]:
        """What LINSTOR has."""
        return {each.name for each in self.bench.cluster.definitions_marked({})}
