"""Attributes of older releases are told of, with what to do instead."""

from __future__ import annotations

import pytest

from domain.deprecated import deprecated_in


def test_nothing_is_said_of_a_datastore_of_today() -> None:
    """Nor of attributes that are there without a value."""
    assert deprecated_in({"LINSTOR_RESOURCE_GROUP": "one", "LINSTOR_AUTO_PLACE": "", "CONTEXT_DISK_TYPE": "FILE"}) == []


@pytest.mark.parametrize(
    ("name", "value", "option"),
    [
        ("LINSTOR_AUTO_PLACE", "3", "--place-count 3"),
        ("LINSTOR_DEPLOYMENT_NODES", "alpha beta", "as many replicas as alpha beta has nodes"),
        ("LINSTOR_STORAGE_POOL", "ssd", "--storage-pool ssd"),
    ],
)
def test_what_chose_a_place_is_mapped_to_a_resource_group(name: str, value: str, option: str) -> None:
    """Where a group is named nothing is missing; else the sentence says what the group must have."""
    assert deprecated_in({name: value, "LINSTOR_RESOURCE_GROUP": "one"}) == [
        f"{name} has no effect, the resource group one places volumes; remove it"
    ]
    (told,) = deprecated_in({name: value})
    assert option in told
    assert "placed by DfltRscGrp" in told


@pytest.mark.parametrize(("name", "value"), [("LINSTOR_CLONE_MODE", "copy"), ("CONTEXT_DISK_TYPE", "BLOCK")])
def test_what_needs_no_choice_any_more_is_to_be_removed(name: str, value: str) -> None:
    """With the reason."""
    (told,) = deprecated_in({name: value})
    assert told.startswith(name)
    assert told.endswith("remove it")
