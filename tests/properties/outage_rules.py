"""Hosts and the controller go away and come back, and oned reacts, as rules of the machine."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.properties.faults import How, Outage
from tests.properties.living import LOST, OFF, RUNNING, STUCK, Living, hosts, picks, remembered
from tests.properties.rules import AFTERWARDS, files_where_used

outages = st.builds(Outage, st.sampled_from(How), hosts, st.integers(1, 14), st.integers(0, 6))


class OutageRules(Living):
    """One thing is away at a time."""

    def after_step(self) -> None:
        """See the base class; oned has looked at its VMs meanwhile."""
        self._look_at_vms()
        super().after_step()

    def _look_at_vms(self) -> None:
        for vm in self._vms(RUNNING, OFF, LOST):
            host = self.cloud.vms[vm].now.host
            runs = bool(self.cloud.world.guests.guests[vm].open)
            if self._outages.silent(host) and self.phase[vm] != OFF:
                self.phase[vm] = LOST
            elif self.phase[vm] != OFF:
                self.phase[vm] = RUNNING if runs else OFF

    # -- going and coming -----------------------------------------------------------------------

    def _quiet(self) -> bool:
        return not self._outages.any and self._outages.coming is None

    @precondition(lambda self: self._quiet())
    @rule(outage=outages)
    @remembered
    def goes_away(self, outage: Outage) -> None:
        """A host, a satellite or the controller, between two orders."""
        self.shaken = True
        self._outages.goes(outage)

    @precondition(lambda self: self._quiet())
    @rule(outage=outages)
    @remembered
    def will_go_away(self, outage: Outage) -> None:
        """The same in the middle of the next order."""
        self.shaken = True
        self._outages.coming = outage

    @precondition(lambda self: self._outages.any)
    @rule()
    @remembered
    def comes_back(self) -> None:
        """What was away."""
        self._outages.all_return()

    # -- what oned does -------------------------------------------------------------------------

    @precondition(lambda self: self.pending)
    @rule(pick=picks)
    @remembered
    def give_again(self, pick: int) -> None:
        """`recover --retry`, and the like."""
        number = list(self.pending)[pick % len(self.pending)]
        self._repeat(number, *self.pending[number])

    @precondition(lambda self: self._vms(LOST, STUCK))
    @rule(pick=picks)
    @remembered
    def delete_lost(self, pick: int) -> None:
        """`recover --delete`."""
        vm = self._one(pick, LOST, STUCK)
        self._fence(vm)
        self._end_by_force(vm)

    @precondition(lambda self: self._vms(LOST))
    @rule(pick=picks, host=hosts)
    @remembered
    def recreate_lost(self, pick: int, host: str) -> None:
        """The hook for hosts in error: fence, `recover --recreate`."""
        vm = self._one(pick, LOST)
        target = self._elsewhere(vm, host)
        if self._may_run(vm, target):
            self._fence(vm)
            self._recreate(vm, target)

    @precondition(lambda self: self._vms(LOST))
    @rule(pick=picks, host=hosts)
    @remembered
    def migrate_lost(self, pick: int, host: str) -> None:
        """The same with `migrate`, which moves no data."""
        vm = self._one(pick, LOST)
        target = self._elsewhere(vm, host)
        if self._may_run(vm, target):
            self._fence(vm)
            self._repeat(vm, lambda: self.cloud.migrate_lost(vm, target), lambda: self._now(vm, RUNNING))

    def _fence(self, vm: int) -> None:
        """A host that does not answer is switched off."""
        host = self.cloud.vms[vm].now.host
        if self._outages.away.get(host) is How.CUT:
            self._outages.goes(Outage(How.DEAD, host))

    # -- the end --------------------------------------------------------------------------------

    def end_everything(self) -> None:
        """See the base class: everything is back, what is pending is given again, and the administrator tidies up."""
        self._outages.coming = None
        self._outages.all_return()
        self._look_at_vms()
        for number, (operate, done) in list(self.pending.items()):
            self._repeat(number, operate, done)
        left = self.cloud.clear_orphans()
        assert not left, left
        rules = [each for each in AFTERWARDS if each is not files_where_used]
        self._expect_none([f"{each.__name__}: {said}" for each in rules for said in each(self.cloud)])
        super().end_everything()
