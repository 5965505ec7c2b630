"""Backups and restores, as rules of the machine."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.properties.living import OFF, RUNNING, Living, Trouble, picks, remembered, troubles


class BackupRules(Living):
    """Whole backups, chains of increments, and disks that are restored in place."""

    @precondition(lambda self: self._vms(RUNNING, OFF))
    @rule(
        pick=picks,
        mode=st.sampled_from(("FULL", "INCREMENT")),
        still=st.sampled_from(("NONE", "AGENT", "SUSPEND")),
        reset=st.booleans(),
        trouble=troubles,
        action=st.sampled_from(("prebackup", "postbackup")),
    )
    @remembered
    def back_up(self, pick: int, mode: str, still: str, reset: bool, trouble: Trouble, action: str) -> None:
        """`onevm backup`: after a failure the next one comes, or (6.8 and later) only the files are removed."""
        vm = self._one(pick, RUNNING, OFF)
        now = self.phase[vm]
        live = "_live" if now == RUNNING else ""
        begin_anew = reset or not self.cloud.backups.may_go_on(vm)
        save = lambda: self.cloud.backups.save(vm, mode=mode, still=still, reset=begin_anew)  # noqa: E731
        if trouble.way != "recreate":
            self._about_vm(vm, save, f"tm/{action}{live}", trouble, now)
        elif not self._try(save, f"tm/{action}{live}", trouble):
            self._repeat(vm, lambda: self.cloud.backups.end(vm), lambda: self._now(vm, now))

    @precondition(lambda self: self._vms(OFF))
    @rule(pick=picks, which=picks, trouble=troubles)
    @remembered
    def restore(self, pick: int, which: int, trouble: Trouble) -> None:
        """`onevm restore` of one disk."""
        vm = self._one(pick, OFF)
        disk = self._disk(vm, which)
        if self.cloud.backups.holds(vm, disk):
            self._about_vm(vm, lambda: self.cloud.backups.restore(vm, disk), "tm/restore", trouble, OFF)
