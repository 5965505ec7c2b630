"""What every implementation of the Hosts port promises of steps about guests."""

from __future__ import annotations

import subprocess
import time

import pytest
from tests.contract.hosts.running import ALPHA, World, run

from domain.errors import HostCommandFailed
from domain.steps import FreezeGuest, PauseGuest, ResumeGuest, ThawGuest


def test_a_guest_is_frozen_and_thawed(world: World) -> None:
    """Thawing twice is done (defect 43)."""
    world.agent(ALPHA, "one-7")
    assert run(world, FreezeGuest("one-7")) == ("frozen",)
    assert world.is_frozen("one-7")
    assert run(world, *[ThawGuest("one-7")] * 2) == ("", "")
    assert not world.is_frozen("one-7")


def test_a_guest_without_an_agent_is_told(world: World) -> None:
    """A snapshot is taken all the same, so this is no error; neither is the thaw."""
    assert run(world, FreezeGuest("one-8"), ThawGuest("one-8")) == ("no agent", "")


def test_a_guest_thaws_when_the_driver_is_gone(world: World) -> None:
    """The watchdog of the host needs nobody."""
    if not world.real:
        pytest.skip("in memory there is no other process")
    world.agent(ALPHA, "one-9")
    run(world, FreezeGuest("one-9", seconds=1))
    end = time.monotonic() + 10
    while world.is_frozen("one-9") and time.monotonic() < end:
        time.sleep(0.05)
    assert not world.is_frozen("one-9")


def test_a_thaw_leaves_no_watchdog(world: World) -> None:
    """An old watchdog would thaw in the middle of the next snapshot."""
    if not world.real:
        pytest.skip("in memory there is no other process")
    world.agent(ALPHA, "one-10")
    run(world, FreezeGuest("one-10", seconds=300), ThawGuest("one-10"))
    listed = subprocess.run(["ps", "-eo", "stat,args"], capture_output=True, text=True, check=True).stdout
    alive = [line for line in listed.splitlines() if "linstor-thaw-watchdog one-10 " in line and line[0] != "Z"]
    assert alive == []


def test_a_guest_thaws_although_its_watchdog_was_killed(world: World) -> None:
    """Whoever kills processes of a host must not leave a guest frozen for ever."""
    world.agent(ALPHA, "one-11")
    run(world, FreezeGuest("one-11", seconds=300))
    subprocess.run(["pkill", "-f", "linstor-thaw-watchdog one-11 "], check=False)

    run(world, ThawGuest("one-11"))

    assert not world.is_frozen("one-11")


def test_a_guest_is_paused_and_goes_on(world: World) -> None:
    """Going on twice is done."""
    world.agent(ALPHA, "one-12")
    run(world, PauseGuest("one-12"))
    assert world.is_frozen("one-12")
    assert run(world, *[ResumeGuest("one-12")] * 2) == ("", "")
    assert not world.is_frozen("one-12")


def test_a_paused_guest_goes_on_when_the_driver_is_gone(world: World) -> None:
    """The watchdog lets it go on, and does not ask its agent."""
    if not world.real:
        pytest.skip("in memory there is no other process")
    world.agent(ALPHA, "one-13")
    run(world, PauseGuest("one-13", seconds=1))
    end = time.monotonic() + 10
    while world.is_frozen("one-13") and time.monotonic() < end:
        time.sleep(0.05)
    assert not world.is_frozen("one-13")


def test_a_guest_that_cannot_be_paused_is_an_error(world: World) -> None:
    """Who asked for it must hear of it."""
    if not world.real:
        pytest.skip("in memory every guest can be paused")
    with pytest.raises(HostCommandFailed, match="cannot be paused"):
        run(world, PauseGuest("one-14"))
