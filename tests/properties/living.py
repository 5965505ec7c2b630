"""What every rule of the machine needs: choosing, doing, recovering, and what must be true after each step."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from tests.properties.faults import Fault, Kind
from tests.properties.oned import PropertyCloud
from tests.properties.outages import Outages
from tests.properties.rules import AFTERWARDS, ALWAYS, nothing_is_left
from tests.properties.scenarios import COMMON, IMAGE, PERSISTENT, fresh, with_shared_images
from tests.properties.world import HOSTS

from entrypoints.sandbox.cloud import OrderFailed

RUNNING, OFF, UNDEPLOYED = "running", "powered off", "undeployed"
LOST, STUCK = "unknown", "failed"
"""UNKNOWN: its host does not answer. Failed: the operation waits to be given again."""

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


def _nothing() -> None:
    return


def remembered(work: Callable[..., None]) -> Callable[..., None]:
    """A step that another machine can repeat: its name and what was drawn for it are kept."""

    @wraps(work)
    def step(self: Living, **drawn: Any) -> None:
        self.steps.append((work.__name__, drawn))
        work(self, **drawn)
        self.after_step()

    return step


class Living(RuleBasedStateMachine):
    """A cloud with some VMs. *ignored*: oned looked away from a failure, so that the next order has to mend it.

    *orphans*: volumes of images whose making was killed; `onelinstor orphans` finds them by their mark.
    *pending*: operations that wait to be given again, and what follows. *debris*: oned looked away from deletes that
    failed, so that what they left is a matter for `onelinstor orphans`. *shaken*: something was away, so that later
    orders have things to settle. *steps*: what was done so far.
    """

    cloud: PropertyCloud

    def __init__(self) -> None:
        super().__init__()
        self.phase: dict[int, str] = {}
        self.orphans: set[str] = set()
        self.steps: list[tuple[str, dict[str, Any]]] = []
        self.pending: dict[int, tuple[Callable[[], object], Callable[[], object]]] = {}
        self.debris = False
        self.shaken = False
        self.ignored = False
        self.fine = False
        self._numbers = 100

    @initialize(shared=st.booleans())
    @remembered
    def begin(self, shared: bool) -> None:
        """The system datastore lies on a shared file system or not; two VMs run."""
        self.cloud = self.new_cloud(shared=shared)
        for host, images in (("alpha", [IMAGE, PERSISTENT]), ("gamma", [IMAGE])):
            vm = self._next()
            self.cloud.start(vm, host, images, volatile="fs")
            self.phase[vm] = RUNNING
        self.fine = True

    def new_cloud(self, *, shared: bool) -> PropertyCloud:
        """The cloud at the beginning."""
        return with_shared_images(fresh(shared=shared))

    def after_step(self) -> None:
        """Every step ends here."""

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
        """A disk that may have snapshots and another size."""
        own = (IMAGE, PERSISTENT)
        disks = [disk for disk, values in self.cloud.vms[vm].disks.items() if values.get("IMAGE_ID") in own]
        return disks[pick % len(disks)]

    def _persistent_is_free(self) -> bool:
        return not any(PERSISTENT in images_of(self.cloud, vm) for vm in self.cloud.vms)

    def _usable(self, image: int, host: str, vm: int = 0) -> bool:
        """Whether *vm* may run with *image* on *host*: DRBD lets the guests of one host write, and no others."""
        if image == PERSISTENT and not vm:
            return self._persistent_is_free()
        others = [
            each for each in self._vms(RUNNING, LOST, STUCK) if each != vm and image in images_of(self.cloud, each)
        ]
        return image != COMMON or all(self.cloud.vms[each].now.host == host for each in others)

    def _may_run(self, vm: int, host: str) -> bool:
        return all(self._usable(image, host, vm) for image in images_of(self.cloud, vm))

    def _moves_alone(self, vm: int) -> bool:
        """Whether no other VM of its host, running or off, has what *vm* writes."""
        others = [each for each in self._vms(RUNNING, OFF, LOST, STUCK) if each != vm]
        return COMMON not in images_of(self.cloud, vm) or not any(
            COMMON in images_of(self.cloud, each) for each in others
        )

    def _elsewhere(self, vm: int, host: str) -> str:
        now = self.cloud.vms[vm].now.host
        return host if host != now else HOSTS[(HOSTS.index(host) + 1) % len(HOSTS)]

    # -- doing ----------------------------------------------------------------------------------

    @property
    def _outages(self) -> Outages:
        return self.cloud.world.outages

    def _try(self, operate: Callable[[], object], action: str, trouble: Trouble) -> bool:
        """Carry the operation out, broken as *trouble* says; whether it succeeded."""
        if trouble.fault is not None:
            self.cloud.world.plan[action] = trouble.fault
        try:
            return self._succeeds(operate, may_fail=trouble.fault is not None)
        finally:
            self.cloud.world.plan.clear()

    def _succeeds(self, operate: Callable[[], object], *, may_fail: bool = False) -> bool:
        """Whether the operation succeeded; it must where nothing is away and nothing was to break."""
        self._outages.happened = self._outages.any
        try:
            operate()
        except (OrderFailed, OSError):
            if not (may_fail or self._outages.happened):
                raise
            return False
        return True

    def _about_vm(self, vm: int, operate: Callable[[], object], action: str, trouble: Trouble, after: str) -> None:
        """An operation on a VM: after a failure it is given again, or the VM is deleted."""
        if self._try(operate, action, trouble):
            self._now(vm, after)
        elif trouble.way == "delete":
            self._end_by_force(vm)
        else:
            self._repeat(vm, operate, lambda: self._now(vm, after))

    def _repeat(self, number: int, operate: Callable[[], object], done: Callable[[], object] = _nothing) -> None:
        """Give an operation on a VM or an image again; it waits for later where it fails once more."""
        self.pending.pop(number, None)
        if self._succeeds(operate):
            done()
            return
        self.pending[number] = (operate, done)
        if number in self.phase:
            self.phase[number] = STUCK

    def _now(self, vm: int, phase: str) -> None:
        """The VM is in *phase*, "" for DONE."""
        if phase:
            self.phase[vm] = phase
        else:
            self.phase.pop(vm, None)

    def _end_by_force(self, vm: int) -> None:
        """`recover --delete`: the VM is DONE, whatever its scripts said."""
        self.pending.pop(vm, None)
        self._neglect(lambda: self.cloud.recover_delete(vm))
        self.cloud.forget(vm)
        self.phase.pop(vm, None)

    def _recreate(self, vm: int, host: str) -> None:
        """`recover --recreate`, and a deployment on *host*; where that fails it is given again."""
        self._neglect(lambda: self.cloud.recreate(vm, host))
        self._repeat(vm, lambda: self.cloud.bring_all(vm), lambda: self._now(vm, RUNNING))

    def _neglect(self, operate: Callable[[], object]) -> None:
        """Deletes that oned does not look at: they may only fail where something is away."""
        before = self.cloud.neglected
        self._succeeds(operate)
        if self.cloud.neglected > before:
            assert self._outages.happened
            self.debris = True

    # -- what must be true ----------------------------------------------------------------------

    @invariant()
    def safe(self) -> None:
        """What holds at every moment."""
        wrong = [f"{each.__name__}: {said}" for each in ALWAYS for said in each(self.cloud)]
        self._expect_none(wrong)

    @invariant()
    def tidy(self) -> None:
        """What holds when all orders have ended and oned looked away from none."""
        if not self.ignored and not self.shaken:
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
            self.end_everything()

    def end_everything(self) -> None:
        """Everything ends, and nothing is left but files on hosts that oned forgot."""
        for vm in list(self.cloud.vms):
            self.cloud.finish(vm)
        for image in list(self.cloud.images):
            with suppress(KeyError):
                self.cloud.drop_image(image)
        left = [each for each in nothing_is_left(self.cloud) if not self._about_orphans(each)]
        left = [each for each in left if not ((self.ignored or self.shaken) and "/datastores/" in each)]
        assert not left, left


def images_of(cloud: PropertyCloud, vm: int) -> list[int]:
    """The images that a VM's disks come from."""
    return [int(str(values["IMAGE_ID"])) for values in cloud.vms[vm].disks.values() if "IMAGE_ID" in values]
