"""What is a sign of another OpenNebula, to the number and to the second."""

from __future__ import annotations

import pytest

from domain.belongings import Belongings
from domain.inventory import Holding
from domain.names import GroupName, HostName, VolumeName
from domain.opennebula import Disk, Image, Vm
from domain.sight import Past, Sight
from domain.strangers import SLACK, last_vm, strangers
from domain.volumes import Definition, Deployment, DiskState, Role

MADE = 1_000_000
A = HostName("host-a")
ADVICE = " (--trust-oned if neither is so)"


def _holding(name: str, made: int = MADE) -> Holding:
    volume = VolumeName(name)
    replica = Deployment(volume, A, Role.REPLICA, state=DiskState.UP_TO_DATE, in_use=False, created=made)
    return Holding(Definition(volume, 65536, GroupName("two")), (replica,))


def _signs(past: Past, name: str = "OpenNebula-Image-9", made: int = MADE) -> list[str]:
    sight = Sight(MADE, {GroupName("two")}, {A}, past=past)
    return [each.removesuffix(ADVICE) for each in strangers([_holding(name, made)], Belongings((), ()), sight)]


@pytest.mark.parametrize(
    ("last", "sign"), [(9, []), (8, ["last image, 8"]), (0, ["last image, 0"]), (-1, ["last image, none"])]
)
def test_the_last_number_itself_was_given_out(last: int, sign: list[str]) -> None:
    """The next one was not."""
    found = _signs(Past(last_image=last, last_vm=99))
    assert found == [f"OpenNebula-Image-9 is beyond oned's {each}" for each in sign]
    found = _signs(Past(last_image=99, last_vm=last), "OpenNebula-Volatile-vm9-disk0")
    told = [each.replace("image", "VM") for each in sign]
    assert found == [f"OpenNebula-Volatile-vm9-disk0 is beyond oned's {each}" for each in told]


@pytest.mark.parametrize(
    ("registered", "sign"),
    [
        ({8: MADE + SLACK}, None),
        ({8: MADE + SLACK + 1}, "before image 8"),
        ({10: MADE - SLACK}, None),
        ({10: MADE - SLACK - 1}, "after image 10"),
        ({5: MADE + SLACK + 1, 8: MADE}, "before image 5"),
        ({10: MADE, 12: MADE - SLACK - 1}, "after image 12"),
        ({8: 0, 10: 0}, None),
        ({9: MADE + 9 * SLACK}, None),
    ],
)
def test_a_day_may_lie_between_an_image_and_its_neighbours(registered: dict[int, int], sign: str | None) -> None:
    """The latest of the smaller numbers counts, and the earliest of the greater ones."""
    found = _signs(Past(99, 99, registered))
    assert found == ([f"OpenNebula-Image-9 was made {sign} was registered"] if sign else [])


def test_an_image_of_unknown_age_fits_any_time() -> None:
    """LINSTOR does not always tell."""
    assert _signs(Past(99, 99, {8: MADE}), made=0) == []


def test_the_last_vm_is_the_greatest_of_which_something_is_left() -> None:
    """What oned has needs no question; an image is of no VM."""
    names = ("OpenNebula-Volatile-vm3-disk0", "OpenNebula-Image-4-vm7-disk0", "OpenNebula-Volatile-vm9-disk0")
    holdings = [_holding(name) for name in (*names, "OpenNebula-Image-20")]
    sight = Sight(MADE, {GroupName("two")}, {A})
    known = Belongings([Image(20, "OpenNebula-Image-20")], [Vm(9, disks=(Disk(0, kind="FS"),))])
    assert last_vm(holdings, Belongings((), ()), sight) == 9
    assert last_vm(holdings, known, sight) == 7
    assert last_vm(holdings[-1:], known, sight) == -1
    assert last_vm([], known, sight) == -1
