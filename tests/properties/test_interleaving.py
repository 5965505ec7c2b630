"""Two orders at once, without a race."""

from __future__ import annotations

from tests.properties.interleaving import Batons

from adapters.memory.clock import MemoryClock
from adapters.memory.locks import MemoryLocks
from domain.names import VolumeName


def _steps(batons: Batons, name: str, said: list[str]) -> None:
    for number in range(3):
        batons.pause()
        said.append(f"{name}{number}")


def test_the_choices_decide_who_goes_on() -> None:
    """The same choices give the same order of steps, every time."""
    batons, said = Batons(), list[str]()
    choices = [False, True, False, True]

    failed = batons.both(choices, lambda: _steps(batons, "a", said), lambda: _steps(batons, "b", said))

    assert failed == [None, None]
    assert said == ["a0", "b0", "a1", "a2", "b1", "b2"]


def test_who_waits_lets_the_other_go_on() -> None:
    """A lock that the other order holds is waited for until that order has ended its work."""
    batons, said = Batons(), list[str]()
    clock = MemoryClock(passed=lambda _seconds: batons.pause(waiting=True))
    locks = MemoryLocks(clock)

    def work(name: str) -> None:
        with locks.hold([VolumeName("volume")], 60.0):
            said.append(f"{name} begins")
            batons.pause()
            said.append(f"{name} ends")

    batons.both([True], lambda: work("a"), lambda: work("b"))

    assert said == ["a begins", "a ends", "b begins", "b ends"]
    assert clock.now() > 0


def test_an_error_stays_with_its_order() -> None:
    """The other one ends as if nothing had happened."""
    batons, said = Batons(), list[str]()

    failed = batons.both([], lambda: 1 // 0, lambda: _steps(batons, "b", said))

    assert isinstance(failed[0], ZeroDivisionError)
    assert said == ["b0", "b1", "b2"]
