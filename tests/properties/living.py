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
from tests.properties.rules import AFTERWARDS, ALWAYS, nothing_is_left
from tests.properties.scenarios import IMAGE, PERSISTENT, fresh
from tests.properties.world import HOSTS

from entrypoints.sandbox.cloud import OrderFailed

RUNNING, OFF, UNDEPLOYED = "running", "powered off", "undeployed"

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
    *steps*: what was done so far.
    """

    cloud: PropertyCloud

    def __init__(self) -> None:
        super().__init__()
        self.phase: dict[int, str] = {}
        self.orphans: set[str] = set()
        self.steps: list[tuple[str, dict[str, Any]]] = []
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
        return fresh(shared=shared)

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
        disks = [disk for disk, values in self.cloud.vms[vm].disks.items() if "IMAGE_ID" in values]
        return disks[pick % len(disks)]

    def _persistent_is_free(self) -> bool:
        return not any(PERSISTENT in images_of(self.cloud, vm) for vm in self.cloud.vms)

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
            self.end_everything()

    def end_everything(self) -> None:
        """Everything ends, and nothing is left but files on hosts that oned forgot."""
        for vm in list(self.cloud.vms):
            self.cloud.finish(vm)
        for image in list(self.cloud.images):
            with suppress(KeyError):
                self.cloud.drop_image(image)
        left = [each for each in nothing_is_left(self.cloud) if not self._about_orphans(each)]
        left = [each for each in left if not (self.ignored and "/datastores/" in each)]
        assert not left, left


def images_of(cloud: PropertyCloud, vm: int) -> list[int]:
    """The images that a VM's disks come from."""
    return [int(str(values["IMAGE_ID"])) for values in cloud.vms[vm].disks.values() if "IMAGE_ID" in values]
