"""What oned's images and VMs own, and where they are at home."""

from __future__ import annotations

import pytest

from domain.belongings import Owner
from domain.opennebula import History, Vm


def _owner(state: int, lcm_state: int) -> Owner:
    return Owner(vms=[Vm(7, state=state, lcm_state=lcm_state, history=(History(0, "host-a", 1),))])


@pytest.mark.parametrize("state", [(3, 3), (3, 16), (3, 30), (3, 31), (5, 0), (8, 0)])
def test_a_vm_is_at_home_on_the_host_of_its_last_record(state: tuple[int, int]) -> None:
    """Also while it is powered off, unknown, or on its way to the front-end or back."""
    assert _owner(*state).homes == ["host-a"]


@pytest.mark.parametrize("state", [(4, 0), (9, 0)])
def test_a_vm_that_is_stopped_or_undeployed_is_at_home_nowhere(state: tuple[int, int]) -> None:
    """What is still attached to its last host is wanted by nobody."""
    assert _owner(*state).homes == []
