"""Two orders at once, one step of one at a time: who goes on at each call of a port is chosen, not raced for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

LIMIT = 60.0
"""Seconds after which a lost baton is an error of this module."""


class Stuck(AssertionError):
    """Nobody passed the baton on."""


@dataclass
class _Runner:
    """One of the works; *go* is set while it holds the baton."""

    work: Callable[[], object]
    go: threading.Event = field(default_factory=threading.Event)
    failed: BaseException | None = None
    over: bool = False


class Interleaving:
    """Runs works in threads of which only one is ever awake. *choices*: at each call, whether to change over."""

    def __init__(self, choices: Sequence[bool]) -> None:
        self._choices: Iterator[bool] = iter(choices)
        self._runners: dict[int, _Runner] = {}
        self._all_over = threading.Event()

    def run(self, *works: Callable[[], object]) -> list[BaseException | None]:
        """Run them to their ends; the error of each, None where there is none."""
        runners = [_Runner(work) for work in works]
        threads = [threading.Thread(target=self._carry_out, args=(each,), daemon=True) for each in runners]
        for runner, thread in zip(runners, threads, strict=True):
            thread.start()
            self._runners[thread.ident or 0] = runner
        runners[0].go.set()
        if not self._all_over.wait(LIMIT):
            raise Stuck
        return [each.failed for each in runners]

    def _carry_out(self, me: _Runner) -> None:
        me.go.wait(LIMIT)
        try:
            me.work()
        except BaseException as error:
            me.failed = error
        me.over = True
        self._pass_on(me)

    def _pass_on(self, me: _Runner) -> bool:
        """Give the baton to another that is not over; whether there was one."""
        me.go.clear()
        for other in self._runners.values():
            if other is not me and not other.over:
                other.go.set()
                return True
        if me.over:
            self._all_over.set()
        else:
            me.go.set()
        return False

    def pause(self, *, waiting: bool = False) -> bool:
        """A step ends here; *waiting*: this one can do nothing yet. Whether another one went on meanwhile."""
        me = self._runners.get(threading.get_ident())
        if me is None or not (waiting or next(self._choices, False)):
            return False
        changed = self._pass_on(me)
        if not me.go.wait(LIMIT):
            raise Stuck
        return changed


class Batons:
    """Where the works of a world ask for the interleaving that is going on, if any."""

    def __init__(self) -> None:
        self._now: Interleaving | None = None

    def both(self, choices: Sequence[bool], *works: Callable[[], object]) -> list[BaseException | None]:
        """Run *works* together; the error of each."""
        self._now = Interleaving(choices)
        try:
            return self._now.run(*works)
        finally:
            self._now = None

    def pause(self, *, waiting: bool = False) -> bool:
        """A step ends here; whether another order went on meanwhile."""
        now = self._now
        return now.pause(waiting=waiting) if now is not None else False
