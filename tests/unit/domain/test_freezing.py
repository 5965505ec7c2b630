"""A guest stands still for the moment whose data is kept, and never longer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from domain.errors import HostCommandFailed, HostUnreachable
from domain.freezing import frozen, frozen_where_possible
from domain.names import HostName
from domain.steps import FreezeGuest, Step, ThawGuest

HOST, GUEST = HostName("host-a"), "one-7"


class Agent:
    """The hosts' port in front of one guest; *lost* are the steps whose answer never comes, though they are done."""

    def __init__(self, answers: bool = True) -> None:
        self.answers = answers
        self.still = False
        self.lost: dict[type[Step], Exception] = {}
        self.asked: list[str] = []

    def run(self, _host: HostName, steps: Sequence[Step]) -> tuple[str, ...]:
        """As the guest's agent does."""
        [step] = steps
        self.asked.append(type(step).__name__)
        if self.answers:
            self.still = isinstance(step, FreezeGuest)
        if type(step) in self.lost:
            raise self.lost[type(step)]
        return ("frozen" if self.answers else "no agent",)


UNREACHABLE, FAILED = HostUnreachable(HOST, "gone"), HostCommandFailed(HOST, "freeze", "no")
BLOCKS = pytest.mark.parametrize("block", [frozen, frozen_where_possible])


@BLOCKS
def test_it_stands_still_in_the_block_and_not_after(block) -> None:
    """Also when the work fails."""
    agent = Agent()
    with pytest.raises(ZeroDivisionError), block(agent, HOST, GUEST):
        assert agent.still
        raise ZeroDivisionError
    assert not agent.still


@BLOCKS
def test_a_guest_without_an_agent_is_not_thawed(block) -> None:
    """Nothing was frozen."""
    agent = Agent(answers=False)
    with block(agent, HOST, GUEST):
        pass
    assert agent.asked == ["FreezeGuest"]


@pytest.mark.parametrize("error", [UNREACHABLE, FAILED])
@BLOCKS
def test_a_guest_whose_answer_was_lost_is_thawed(block, error: Exception) -> None:
    """It may stand still."""
    agent = Agent()
    agent.lost[FreezeGuest] = error
    try:
        with block(agent, HOST, GUEST):
            assert block is frozen_where_possible
    except type(error):
        assert block is frozen
    assert not agent.still


@pytest.mark.parametrize("lost", [FreezeGuest, ThawGuest])
def test_the_first_error_is_told_when_nothing_answers(lost: type[Step]) -> None:
    """Why it failed, not that the thaw failed, too; a lost thaw is for the host's own watchdog."""
    agent = Agent()
    agent.lost = {FreezeGuest: FAILED, ThawGuest: UNREACHABLE} if lost is FreezeGuest else {ThawGuest: UNREACHABLE}
    if lost is FreezeGuest:
        with pytest.raises(HostCommandFailed), frozen(agent, HOST, GUEST):
            pytest.fail("it does not begin")
    else:
        with frozen(agent, HOST, GUEST):
            pass
    assert agent.asked == ["FreezeGuest", "ThawGuest"]


def test_a_thaw_that_the_host_refuses_is_told_of() -> None:
    """Unless the work is good without."""
    agent = Agent()
    agent.lost[ThawGuest] = FAILED
    with pytest.raises(HostCommandFailed), frozen(agent, HOST, GUEST):
        pass
    with frozen_where_possible(agent, HOST, GUEST):
        pass
