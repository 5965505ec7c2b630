"""What a mark says is read as it was written, and nothing else is."""

from __future__ import annotations

import pytest

from domain import marks as marking
from domain.names import DiskOf, HostName, VolumeName, revert_volume

OF = DiskOf(7, 0)
A, B = HostName("host-a"), HostName("host-b")


def test_marks_have_the_names_that_the_addon_gave_them() -> None:
    """Volumes of earlier releases carry them, so none of them may change."""
    assert marking.for_image(4) == {"image": "4", "state": "creating"}
    assert marking.for_disk(OF, 3) == {"vm": "7", "disk": "0", "seq": "3"}
    assert marking.for_disk(OF, 3, VolumeName("x"))["source"] == "x"
    assert marking.migration(A, B) == {"migration": "host-a>host-b"}
    assert marking.migration(A, B, common=True) == {"migration": "host-a>host-b>common"}
    assert (marking.debt_key(A), marking.snapshot_key(2)) == ("debt-host-a", "snapshot-2")
    assert (marking.RETURNED, marking.HALF_WRITTEN, marking.ASKED) == ("returned", "half-written", "asked")


@pytest.mark.parametrize("common", [False, True])
def test_a_migration_is_read_as_it_was_written(common: bool) -> None:
    """Its two hosts, and whether others use the volume."""
    marks = marking.migration(A, B, common=common)
    assert marking.migration_pair(marks) == (A, B)
    assert marking.migration_of_common(marks) is common


@pytest.mark.parametrize("marks", [{}, {"migration": ""}, {"migration": "host-a"}, {"other": "host-a>host-b"}])
def test_without_two_hosts_there_is_no_migration(marks: dict[str, str]) -> None:
    """A person may have put anything there."""
    assert marking.migration_pair(marks) is None
    assert not marking.migration_of_common(marks)


def test_debts_are_read_by_host_and_other_marks_are_none() -> None:
    """Paths stand one behind the other."""
    marks = {"debt-host-a": "/a /b", "debt-host-b": "", "vm": "7"}
    assert marking.debts(marks) == {A: ("/a", "/b"), B: ()}


@pytest.mark.parametrize(
    ("text", "use"), [("0", 0), ("3", 3), ("", 0), ("x", 0), ("-1", 0), ("²", 0), ("٣", 0), ("9" * 18, int("9" * 18))]
)
def test_the_uses_of_a_name_are_a_number(text: str, use: int) -> None:
    """What a person put there instead counts as none."""
    assert marking.snapshot_uses({"snapshot-0": text, "snapshot-1": "5"}, 0) == use
    assert marking.snapshot_uses({"snapshot-0": "9" * 19}, 0) == 0
    assert marking.snapshot_uses({}, 0) == 0


@pytest.mark.parametrize(
    ("marks", "other"),
    [
        ({}, False),
        ({"vm": "7", "disk": "0"}, False),
        ({"vm": "8", "disk": "0"}, True),
        ({"vm": "7", "disk": "1"}, True),
        ({"vm": "8"}, True),
        ({"disk": "1"}, True),
        ({"vm": "7"}, False),
    ],
)
def test_any_mark_of_another_disk_speaks_against_this_one(marks: dict[str, str], other: bool) -> None:
    """No mark speaks for or against: the addon 3.x wrote none."""
    assert marking.of_other_disk(marks, OF) is other


def test_a_life_is_the_same_where_every_mark_of_it_is() -> None:
    """Further marks have come since."""
    wanted = marking.for_disk(OF, 3)
    assert marking.same_life({**wanted, "debt-host-a": "/a"}, wanted)
    assert not marking.same_life({**wanted, "seq": "2"}, wanted)
    assert not marking.same_life({"vm": "7", "disk": "0"}, wanted)


def test_only_what_is_half_made_was_laid_out_for_a_revert() -> None:
    """Its name alone says nothing."""
    name = revert_volume(VolumeName("OpenNebula-Image-4"))
    assert marking.laid_out_for(name, {"state": "creating"}) == "OpenNebula-Image-4"
    assert marking.laid_out_for(name, {}) is None
    assert marking.laid_out_for("OpenNebula-Image-4", {"state": "creating"}) is None
