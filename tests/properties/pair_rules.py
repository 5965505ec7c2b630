"""Orders about two VMs at the same time, as a rule of the machine."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.properties.living import LOST, RUNNING, STUCK, UNDEPLOYED, Living, hosts, images_of, picks, remembered
from tests.properties.scenarios import COMMON, IMAGE

ABOUT_VMS = ("delete", "image", "save_as", "migrate", "attach", "undeploy", "terminate")


class PairRules(Living):
    """Two orders of which each is one step of one at a time."""

    @precondition(lambda self: len(self.phase) > 1 and self._calm())
    @rule(
        first=st.sampled_from(ABOUT_VMS),
        second=st.sampled_from(ABOUT_VMS),
        pick=picks,
        host=hosts,
        choices=st.lists(st.booleans(), max_size=60),
    )
    @remembered
    def two_at_once(self, first: str, second: str, pick: int, host: str, choices: list[bool]) -> None:
        """Orders about two VMs at the same time, which have an image in common: both succeed."""
        vms = list(self.phase)
        pair = [vms[pick % len(vms)], vms[(pick + 1) % len(vms)]]
        works = [self._work(name, vm, host) for name, vm in zip((first, second), pair, strict=True)]
        failed = self.cloud.world.batons.both(choices, *(work for work, _ in works))
        assert failed == [None, None], failed
        for vm, (_, after) in zip(pair, works, strict=True):
            self.phase[vm] = after
            if not after:
                del self.phase[vm]

    def _calm(self) -> bool:
        return not (self._outages.any or self._outages.coming or self._vms(LOST, STUCK))

    def _work(self, name: str, vm: int, host: str) -> tuple[Callable[[], object], str]:
        """An operation that the VM's phase allows, and its phase afterwards, "" for DONE."""
        shared = COMMON in images_of(self.cloud, vm)
        return (lambda: self.cloud.finish(vm), "") if shared else self._any_work(name, vm, host)

    def _any_work(self, name: str, vm: int, host: str) -> tuple[Callable[[], object], str]:
        phase, target, cloud = self.phase[vm], self._elsewhere(vm, host), self.cloud
        if name == "delete":
            return lambda: (cloud.recover_delete(vm), cloud.forget(vm)), ""
        if name == "image":
            image = self._next()
            return lambda: cloud.clone_image(image, IMAGE), phase
        if name == "save_as":
            image = self._next()
            return lambda: cloud.save_as(vm, 0, image), phase
        if phase == RUNNING and name == "migrate":
            return lambda: cloud.migrate_live(vm, target), RUNNING
        if phase == RUNNING and name == "attach" and (disk := max(cloud.vms[vm].disks) + 1) < 6:
            return lambda: cloud.attach_disk(vm, disk, IMAGE), RUNNING
        if phase != UNDEPLOYED and name == "undeploy":
            return lambda: cloud.undeploy(vm), UNDEPLOYED
        if phase == UNDEPLOYED:
            return lambda: cloud.resume(vm, target), RUNNING
        return lambda: cloud.finish(vm), ""
