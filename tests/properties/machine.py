"""oned as a machine of rules: operations in any order, each of which may break somewhere and is then recovered.

An operation that oned would not begin in a VM's state is not offered. What an order must not lose is in the cloud
(`must_hold`, `snapshots`, `sizes`); the rules of design.md 4 are asked after every step.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.properties.backup_rules import BackupRules
from tests.properties.disk_rules import DiskRules
from tests.properties.image_rules import ImageRules
from tests.properties.living import OFF, RUNNING, STUCK, UNDEPLOYED, Trouble, hosts, picks, remembered, troubles
from tests.properties.outage_rules import OutageRules
from tests.properties.pair_rules import PairRules
from tests.properties.scenarios import COMMON, DISC, IMAGE, PERSISTENT
from tests.properties.world import HOSTS

MOST_VMS = 3
extras = st.lists(st.sampled_from((PERSISTENT, DISC, COMMON)), unique=True)


class Life(DiskRules, ImageRules, PairRules, BackupRules):
    """VMs begin, run, move and end."""

    @precondition(lambda self: len(self.phase) < MOST_VMS)
    @rule(host=hosts, more=extras, volatile=st.sampled_from(("", "fs", "swap")), trouble=troubles)
    @remembered
    def deploy(self, host: str, more: list[int], volatile: str, trouble: Trouble) -> None:
        """`onevm create` and deploy."""
        vm = self._next()
        images = [IMAGE, *(image for image in more if self._usable(image, host))]
        action = "tm/clone" if not volatile else {"fs": "tm/mkimage", "swap": "tm/mkswap"}[volatile]

        def start() -> None:
            self.cloud.start(vm, host, images, volatile=volatile)

        other = HOSTS[(HOSTS.index(host) + 1) % len(HOSTS)]
        anew = trouble.way == "recreate" and all(self._usable(image, other) for image in images)
        self.phase[vm] = STUCK
        if anew:
            if self._try(start, action, trouble):
                self._now(vm, RUNNING)
            else:
                self._recreate(vm, other)
        else:
            self._about_vm(vm, start, action, trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks, host=hosts, trouble=troubles, action=st.sampled_from(("premigrate", "postmigrate")))
    @remembered
    def migrate_live(self, pick: int, host: str, trouble: Trouble, action: str) -> None:
        """`onevm migrate --live`: it succeeds, or the VM stays where it is; oned looks away from postmigrate."""
        vm = self._one(pick, RUNNING)
        target = self._elsewhere(vm, host)
        if not self._moves_alone(vm):
            return
        if not self._try(lambda: self.cloud.migrate_live(vm, target), f"tm/{action}", trouble):
            self.ignored = True

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks, host=hosts, trouble=troubles)
    @remembered
    def fail_to_migrate(self, pick: int, host: str, trouble: Trouble) -> None:
        """The hypervisor gives up; oned looks away from failmigrate."""
        vm = self._one(pick, RUNNING)
        target = self._elsewhere(vm, host)
        if not self._moves_alone(vm):
            return
        if not self._try(lambda: self.cloud.fail_migration(vm, target), "tm/failmigrate", trouble):
            self.ignored = True

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, host=hosts, trouble=troubles)
    @remembered
    def migrate_cold(self, pick: int, host: str, trouble: Trouble) -> None:
        """`onevm migrate --poff`."""
        vm = self._one(pick, RUNNING, OFF)
        target = self._elsewhere(vm, host)
        off = self.phase[vm] == OFF
        if self._may_run(vm, target):
            self._about_vm(vm, lambda: self.cloud.migrate_cold(vm, target, off=off), "tm/mv", trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, trouble=troubles)
    @remembered
    def undeploy(self, pick: int, trouble: Trouble) -> None:
        """`onevm undeploy`."""
        vm = self._one(pick, RUNNING, OFF)
        self._about_vm(vm, lambda: self.cloud.undeploy(vm), "tm/mv", trouble, UNDEPLOYED)

    @precondition(lambda self: self._vms(UNDEPLOYED))
    @rule(pick=picks, host=hosts, trouble=troubles)
    @remembered
    def resume(self, pick: int, host: str, trouble: Trouble) -> None:
        """`onevm resume` of an undeployed VM; the scheduler never takes the same record again."""
        vm = self._one(pick, UNDEPLOYED)
        target = self._elsewhere(vm, host)
        if self._may_run(vm, target):
            self._about_vm(vm, lambda: self.cloud.resume(vm, target), "tm/mv", trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks)
    @remembered
    def power_off(self, pick: int) -> None:
        """`onevm poweroff`: no order at all."""
        vm = self._one(pick, RUNNING)
        self.cloud.world.guests.stop(vm)
        self.phase[vm] = OFF

    @precondition(lambda self: self._vms(OFF))
    @rule(pick=picks, trouble=troubles)
    @remembered
    def power_on(self, pick: int, trouble: Trouble) -> None:
        """`onevm resume` of a VM that is off."""
        vm = self._one(pick, OFF)
        if self._may_run(vm, self.cloud.vms[vm].now.host):
            self._about_vm(vm, lambda: self.cloud.boot(vm), "tm/context", trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks)
    @remembered
    def guest_writes(self, pick: int) -> None:
        """A guest goes on."""
        self.cloud.world.guests.write_all(self._one(pick, RUNNING), 2)

    @precondition(lambda self: self._vms(RUNNING, OFF, UNDEPLOYED))
    @rule(pick=picks, trouble=troubles, action=st.sampled_from(("delete", "mvds")))
    @remembered
    def terminate(self, pick: int, trouble: Trouble, action: str) -> None:
        """`onevm terminate`, again after a failure."""
        vm = self._one(pick, RUNNING, OFF, UNDEPLOYED)
        trouble = Trouble(trouble.fault, "retry")
        self._about_vm(vm, lambda: self.cloud.finish(vm), f"tm/{action}", trouble, "")

    @precondition(lambda self: self._vms(RUNNING, OFF, UNDEPLOYED))
    @rule(pick=picks)
    @remembered
    def delete(self, pick: int) -> None:
        """`onevm recover --delete`: the VM is DONE, whatever its scripts said."""
        vm = self._one(pick, RUNNING, OFF, UNDEPLOYED)
        self._end_by_force(vm)


class HardLife(Life, OutageRules):
    """The same while hosts, satellites and the controller go away and come back."""
