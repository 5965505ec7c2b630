"""oned as a machine of rules: operations in any order, each of which may break somewhere and is then recovered.

An operation that oned would not begin in a VM's state is not offered. What an order must not lose is in the cloud
(`must_hold`, `snapshots`, `sizes`); the rules of design.md 4 are asked after every step.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.properties.faults import Fault, Kind
from tests.properties.oned import PropertyCloud
from tests.properties.rules import AFTERWARDS, ALWAYS, nothing_is_left
from tests.properties.scenarios import IMAGE, PERSISTENT, fresh
from tests.properties.world import HOSTS

from adapters.memory.cluster_seen import MARKS
from domain import marks as marking
from entrypoints.sandbox.cloud import OrderFailed

RUNNING, OFF, UNDEPLOYED = "running", "powered off", "undeployed"
MOST_VMS = 3
ABOUT_VMS = ("delete", "image", "save_as", "migrate", "attach", "undeploy", "terminate")

hosts = st.sampled_from(HOSTS)
picks = st.integers(0, 50)
faults = st.none() | st.builds(Fault, st.sampled_from(list(Kind)), st.integers(1, 14))
ways = st.sampled_from(("retry", "delete", "recreate"))


@dataclass
class Trouble:
    """What may go wrong with an operation: *fault* hits the first start of *action*; *way* is what oned does then."""

    fault: Fault | None
    way: str


troubles = st.builds(Trouble, faults, ways)


class Life(RuleBasedStateMachine):
    """A cloud with some VMs. *ignored*: oned looked away from a failure, so that the next order has to mend it.

    *orphans*: volumes of images whose making was killed; `onelinstor orphans` finds them by their mark.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cloud = fresh()
        self.phase: dict[int, str] = {}
        self.orphans: set[str] = set()
        self.ignored = False
        self.fine = True
        self._numbers = 100

    @initialize(shared=st.booleans())
    def begin(self, shared: bool) -> None:
        """The system datastore lies on a shared file system or not; two VMs run."""
        self.cloud = fresh(shared=shared)
        for host, images in (("alpha", [IMAGE, PERSISTENT]), ("gamma", [IMAGE])):
            vm = self._next()
            self.cloud.start(vm, host, images, volatile="fs")
            self.phase[vm] = RUNNING

    # -- choosing -------------------------------------------------------------------------------

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _vms(self, *phases: str) -> list[int]:
        return [vm for vm, phase in self.phase.items() if phase in phases]

    def _one(self, pick: int, *phases: str) -> int:
        """A VM in one of *phases*; 0 where there is none."""
        found = self._vms(*phases)
        return found[pick % len(found)] if found else 0

    def _disk(self, vm: int, pick: int) -> int:
        disks = [disk for disk, values in self.cloud.vms[vm].disks.items() if "IMAGE_ID" in values]
        return disks[pick % len(disks)]

    def _persistent_is_free(self) -> bool:
        return not any(PERSISTENT in _images(self.cloud, vm) for vm in self.cloud.vms)

    def _elsewhere(self, vm: int, host: str) -> str:
        now = self.cloud.vms[vm].now.host
        return host if host != now else HOSTS[(HOSTS.index(host) + 1) % len(HOSTS)]

    # -- doing ----------------------------------------------------------------------------------

    def _try(self, operate: Callable[[], object], action: str, trouble: Trouble) -> bool:
        """Carry the operation out, broken as *trouble* says; whether it succeeded."""
        if trouble.fault is not None:
            self.cloud.world.plan[action] = trouble.fault
        try:
            operate()
        except (OrderFailed, OSError):
            if trouble.fault is None:
                raise
            return False
        finally:
            self.cloud.world.plan.clear()
        return True

    def _about_vm(self, vm: int, operate: Callable[[], object], action: str, trouble: Trouble, after: str) -> None:
        """An operation on a VM: after a failure it is given again, or the VM is deleted."""
        if self._try(operate, action, trouble):
            self.phase[vm] = after
        elif trouble.way == "delete":
            self.cloud.recover_delete(vm)
            self._forget(vm)
        else:
            operate()
            self.phase[vm] = after

    def _forget(self, vm: int) -> None:
        self.cloud.forget(vm)
        self.phase.pop(vm, None)

    # -- rules ----------------------------------------------------------------------------------

    @precondition(lambda self: len(self.phase) < MOST_VMS)
    @rule(host=hosts, persistent=st.booleans(), volatile=st.sampled_from(("", "fs", "swap")), trouble=troubles)
    def deploy(self, host: str, persistent: bool, volatile: str, trouble: Trouble) -> None:
        """`onevm create` and deploy."""
        vm = self._next()
        images = [IMAGE, PERSISTENT] if persistent and self._persistent_is_free() else [IMAGE]
        action = "tm/clone" if not volatile else {"fs": "tm/mkimage", "swap": "tm/mkswap"}[volatile]

        def start() -> None:
            self.cloud.start(vm, host, images, volatile=volatile)

        if self._try(start, action, trouble):
            self.phase[vm] = RUNNING
        elif trouble.way == "delete":
            self.cloud.recover_delete(vm)
            self._forget(vm)
        elif trouble.way == "recreate":
            self.cloud.recreate(vm, HOSTS[(HOSTS.index(host) + 1) % len(HOSTS)])
            self.phase[vm] = RUNNING
        else:
            start()
            self.phase[vm] = RUNNING

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks, host=hosts, trouble=troubles, action=st.sampled_from(("premigrate", "postmigrate")))
    def migrate_live(self, pick: int, host: str, trouble: Trouble, action: str) -> None:
        """`onevm migrate --live`: it succeeds, or the VM stays where it is; oned looks away from postmigrate."""
        vm = self._one(pick, RUNNING)
        target = self._elsewhere(vm, host)
        if not self._try(lambda: self.cloud.migrate_live(vm, target), f"tm/{action}", trouble):
            self.ignored = True

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks, host=hosts, trouble=troubles)
    def fail_to_migrate(self, pick: int, host: str, trouble: Trouble) -> None:
        """The hypervisor gives up; oned looks away from failmigrate."""
        vm = self._one(pick, RUNNING)
        target = self._elsewhere(vm, host)
        if not self._try(lambda: self.cloud.fail_migration(vm, target), "tm/failmigrate", trouble):
            self.ignored = True

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, host=hosts, trouble=troubles)
    def migrate_cold(self, pick: int, host: str, trouble: Trouble) -> None:
        """`onevm migrate --poff`."""
        vm = self._one(pick, RUNNING, OFF)
        target = self._elsewhere(vm, host)
        self._about_vm(vm, lambda: self.cloud.migrate_cold(vm, target), "tm/mv", trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, trouble=troubles)
    def undeploy(self, pick: int, trouble: Trouble) -> None:
        """`onevm undeploy`."""
        vm = self._one(pick, RUNNING, OFF)
        self._about_vm(vm, lambda: self.cloud.undeploy(vm), "tm/mv", trouble, UNDEPLOYED)

    @precondition(lambda self: self._vms(UNDEPLOYED))
    @rule(pick=picks, host=hosts, trouble=troubles)
    def resume(self, pick: int, host: str, trouble: Trouble) -> None:
        """`onevm resume` of an undeployed VM; the scheduler never takes the same record again."""
        vm = self._one(pick, UNDEPLOYED)
        target = self._elsewhere(vm, host)
        self._about_vm(vm, lambda: self.cloud.resume(vm, target), "tm/mv", trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks)
    def power_off(self, pick: int) -> None:
        """`onevm poweroff`: no order at all."""
        vm = self._one(pick, RUNNING)
        self.cloud.world.guests.stop(vm)
        self.phase[vm] = OFF

    @precondition(lambda self: self._vms(OFF))
    @rule(pick=picks, trouble=troubles)
    def power_on(self, pick: int, trouble: Trouble) -> None:
        """`onevm resume` of a VM that is off."""
        vm = self._one(pick, OFF)
        self._about_vm(vm, lambda: self.cloud.boot(vm), "tm/context", trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks, trouble=troubles)
    def attach(self, pick: int, trouble: Trouble) -> None:
        """`onevm disk-attach`."""
        vm = self._one(pick, RUNNING)
        disk = max(self.cloud.vms[vm].disks) + 1
        if disk < 6:
            self._about_vm(vm, lambda: self.cloud.attach_disk(vm, disk, IMAGE), "tm/clone", trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks, trouble=troubles)
    def detach(self, pick: int, trouble: Trouble) -> None:
        """`onevm disk-detach` of the last disk."""
        vm = self._one(pick, RUNNING)
        disk = max(self.cloud.vms[vm].disks)
        if disk > 2 and not self._numbered(vm, disk):
            self._about_vm(vm, lambda: self.cloud.detach_disk(vm, disk), "tm/delete", trouble, RUNNING)

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, which=picks, more=st.integers(1, 3), trouble=troubles)
    def resize(self, pick: int, which: int, more: int, trouble: Trouble) -> None:
        """`onevm disk-resize`."""
        vm = self._one(pick, RUNNING, OFF)
        disk = self._disk(vm, which)
        if not self._numbered(vm, disk):
            size = int(str(self.cloud.vms[vm].disks[disk]["SIZE"])) + more
            self._about_vm(vm, lambda: self.cloud.resize(vm, disk, size), "tm/resize", trouble, self.phase[vm])

    def _numbered(self, vm: int, disk: int) -> list[int]:
        """The snapshots that oned has of a disk; those of a persistent image outlive its VM."""
        name = self.cloud.volume(vm, disk)
        return sorted(number for volume, number in self.cloud.snapshots if volume == name)

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, which=picks, trouble=troubles)
    def snapshot(self, pick: int, which: int, trouble: Trouble) -> None:
        """`onevm disk-snapshot-create`: a failure leaves no record, and the number may come again."""
        vm = self._one(pick, RUNNING, OFF)
        disk, live = self._disk(vm, which), self.phase[vm] == RUNNING
        number = max([-1, *self._numbered(vm, disk)]) + 1
        action = "tm/snap_create_live" if live else "tm/snap_create"
        operate = lambda: self.cloud.snapshot(vm, disk, number, live=live)  # noqa: E731 - one expression
        self._about_vm(vm, operate, action, trouble, self.phase[vm])

    @precondition(lambda self: self._vms(OFF))
    @rule(pick=picks, which=picks, number=picks, trouble=troubles)
    def revert(self, pick: int, which: int, number: int, trouble: Trouble) -> None:
        """`onevm disk-snapshot-revert`."""
        vm = self._one(pick, OFF)
        disk = self._disk(vm, which)
        if found := self._numbered(vm, disk):
            chosen = found[number % len(found)]
            self._about_vm(vm, lambda: self.cloud.revert(vm, disk, chosen), "tm/snap_revert", trouble, OFF)

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(pick=picks, which=picks, number=picks, trouble=troubles)
    def drop_snapshot(self, pick: int, which: int, number: int, trouble: Trouble) -> None:
        """`onevm disk-snapshot-delete`."""
        vm = self._one(pick, RUNNING, OFF)
        disk = self._disk(vm, which)
        if found := self._numbered(vm, disk):
            chosen = found[number % len(found)]
            if self.cloud.vms[vm].disks[disk]["CLONE"] == "NO":
                trouble = Trouble(trouble.fault, "retry")  # the image would keep it, and oned its record
            operate = lambda: self.cloud.drop_snapshot(vm, disk, chosen)  # noqa: E731 - one expression
            self._about_vm(vm, operate, "tm/snap_delete", trouble, self.phase[vm])

    @precondition(lambda self: self._vms(RUNNING, OFF, UNDEPLOYED) and len(self.cloud.images) < 5)
    @rule(pick=picks, which=picks, number=picks, trouble=troubles)
    def save_as(self, pick: int, which: int, number: int, trouble: Trouble) -> None:
        """`onevm disk-saveas`, of the disk or of a snapshot; an image in ERROR is deleted."""
        vm, image = self._one(pick, RUNNING, OFF, UNDEPLOYED), self._next()
        disk = self._disk(vm, which)
        chosen = [-1, *self._numbered(vm, disk)][number % (1 + len(self._numbered(vm, disk)))]
        if not self._try(lambda: self.cloud.save_as(vm, disk, image, chosen), "tm/cpds", trouble):
            self.cloud.drop_image(image)

    @precondition(lambda self: len(self.cloud.images) < 4)
    @rule(trouble=troubles, action=st.sampled_from(("cp", "clone")))
    def new_image(self, trouble: Trouble, action: str) -> None:
        """`oneimage create` and `oneimage clone`; a failed one leaves nothing, and the user tries another."""
        image = self._next()
        make = self.cloud.add_image if action == "cp" else lambda new: self.cloud.clone_image(new, IMAGE)
        if not self._try(lambda: make(image), f"datastore/{action}", trouble):
            self._give_up(image)

    def _give_up(self, image: int) -> None:
        """An image in ERROR has no SOURCE, so `rm` finds nothing to do; what a kill left is known by its mark."""
        self.cloud.images.pop(image, None)
        left = self.cloud.world.linstor.state.definitions.get(f"OpenNebula-Image-{image}")
        if left is not None:
            assert left.props[MARKS + marking.IMAGE] == str(image)
            self.orphans.add(left.name)

    @precondition(lambda self: len(self.cloud.images) > 3)
    @rule(trouble=troubles)
    def drop_image(self, trouble: Trouble) -> None:
        """`oneimage delete`, again after a failure."""
        image = max(self.cloud.images)
        if not self._try(lambda: self.cloud.drop_image(image), "datastore/rm", trouble):
            self.cloud.drop_image(image)

    @precondition(lambda self: self._vms(RUNNING))
    @rule(pick=picks)
    def guest_writes(self, pick: int) -> None:
        """A guest goes on."""
        self.cloud.world.guests.write_all(self._one(pick, RUNNING), 2)

    @precondition(lambda self: self.phase)
    @rule(pick=picks, trouble=troubles, action=st.sampled_from(("delete", "mvds")))
    def terminate(self, pick: int, trouble: Trouble, action: str) -> None:
        """`onevm terminate`, again after a failure."""
        vm = self._one(pick, RUNNING, OFF, UNDEPLOYED)
        if not self._try(lambda: self.cloud.finish(vm), f"tm/{action}", trouble):
            self.cloud.finish(vm)
        self.phase.pop(vm, None)

    @precondition(lambda self: self.phase)
    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        """`onevm recover --delete`: the VM is DONE, whatever its scripts said."""
        vm = self._one(pick, RUNNING, OFF, UNDEPLOYED)
        self.cloud.recover_delete(vm)
        self._forget(vm)

    # -- two at a time --------------------------------------------------------------------------

    @precondition(lambda self: len(self.phase) > 1)
    @rule(
        first=st.sampled_from(ABOUT_VMS),
        second=st.sampled_from(ABOUT_VMS),
        pick=picks,
        host=hosts,
        choices=st.lists(st.booleans(), max_size=60),
    )
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

    def _work(self, name: str, vm: int, host: str) -> tuple[Callable[[], object], str]:
        """An operation that the VM's phase allows, and its phase afterwards, "" for DONE."""
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

    # -- what must be true ----------------------------------------------------------------------

    @invariant()
    def safe(self) -> None:
        """What holds at every moment."""
        wrong = [f"{each.__name__}: {said}" for each in ALWAYS for said in each(self.cloud)]
        self._expect_none(wrong)

    @invariant()
    def tidy(self) -> None:
        """What holds when all orders have ended and oned looked away from none."""
        if not self.ignored:
            wrong = [f"{each.__name__}: {said}" for each in AFTERWARDS for said in each(self.cloud)]
            wrong = [each for each in wrong if not self._about_orphans(each)]
            self._expect_none(wrong)

    def _expect_none(self, wrong: list[str]) -> None:
        self.fine = not wrong
        assert not wrong, wrong

    def _about_orphans(self, said: str) -> bool:
        return any(name in said.split() for name in self.orphans)

    def teardown(self) -> None:
        """See the base class; what is wrong already is said by the rule that found it."""
        if self.fine:
            self._end_everything()

    def _end_everything(self) -> None:
        """Everything ends, and nothing is left but files on hosts that oned forgot."""
        for vm in list(self.cloud.vms):
            self.cloud.finish(vm)
        for image in list(self.cloud.images):
            with suppress(KeyError):
                self.cloud.drop_image(image)
        left = [each for each in nothing_is_left(self.cloud) if not self._about_orphans(each)]
        left = [each for each in left if not (self.ignored and "/datastores/" in each)]
        assert not left, left


def _images(cloud: PropertyCloud, vm: int) -> list[int]:
    return [int(str(values["IMAGE_ID"])) for values in cloud.vms[vm].disks.values() if "IMAGE_ID" in values]
