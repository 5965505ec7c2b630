"""Answers of the model that surprise, as a real server gives them (linstor.md 2.17; linstor-1.33.3)."""

from __future__ import annotations

import pytest

from adapters.memory.linstor import LinstorModel, Refused, Reply

SIZE_KIB = 65536
INFO, WARNING, ERROR = 1, 2, 3


@pytest.fixture
def model() -> LinstorModel:
    """One volume with two replicas on three nodes."""
    model = LinstorModel.simple(groups={"two": 2})
    model.definitions.spawn("two", "vol", [SIZE_KIB])
    return model


def _replica(model: LinstorModel) -> str:
    return str(model.definitions.find("vol").diskful()[0].node)


def _codes(said: list[Reply], kind: int) -> list[int]:
    return [each.code for each in said if each.kind == kind]


def test_no_snapshot_while_a_replica_catches_up(model: LinstorModel) -> None:
    """979, and the name is free again (no. 8; 11-toggle-disk/snapshot-while-syncing)."""
    model.events.set_disk_state(_replica(model), "vol", "Inconsistent")
    with pytest.raises(Refused) as caught:
        model.snapshots.create("vol", "snap")
    assert caught.value.error.code == 979
    assert not model.definitions.find("vol").snapshots


def test_a_cut_connection_alone_stops_no_snapshot(model: LinstorModel) -> None:
    """The controller does not look at connections (no. 8; linstor-1.33.3-drbd/09-drbd-network)."""
    model.events.cut_network(_replica(model))
    model.snapshots.create("vol", "snap")
    assert model.definitions.find("vol").snapshots["snap"].flags == {"SUCCESSFUL"}


def test_a_cut_connection_breaks_a_growth_half_way(model: LinstorModel) -> None:
    """998; the backing volumes have grown, the device has not (linstor-1.33.3-drbd/09-drbd-network/012)."""
    first, other = (each.node for each in model.definitions.find("vol").diskful())
    size = model.devices.open(first, "vol", write=False).content.size
    model.events.cut_network(other)
    with pytest.raises(Refused) as caught:
        model.volumes.resize("vol", 0, 2 * SIZE_KIB)
    assert caught.value.error.code == 998
    resources = model.definitions.find("vol").resources
    assert resources[first].volume_flags == {"RESIZE", "DRBD_RESIZE"}
    assert resources[other].volume_flags == {"RESIZE"}
    assert model.devices.open(first, "vol", write=False).content.size == size


def test_a_larger_size_drives_a_broken_growth_on(model: LinstorModel) -> None:
    """Once the connection is back; then no flag is left (no. 2)."""
    (first, other) = (each.node for each in model.definitions.find("vol").diskful())
    model.events.cut_network(other)
    with pytest.raises(Refused):
        model.volumes.resize("vol", 0, 2 * SIZE_KIB)
    model.events.heal_network(other)
    model.volumes.resize("vol", 0, 2 * SIZE_KIB + 4096)
    assert not any(each.volume_flags for each in model.definitions.find("vol").resources.values())
    assert model.devices.open(first, "vol", write=False).content.size >= (2 * SIZE_KIB + 4096) * 1024


def test_a_growth_within_an_extent_grows_no_backing_volume(model: LinstorModel) -> None:
    """Only the size on record changes (linstor-1.33.3-drbd/07-resize/008)."""
    model.volumes.resize("vol", 0, SIZE_KIB + 1)
    assert not any("resized" in each.message for each in model.volumes.resize("vol", 0, SIZE_KIB + 2))


def test_what_was_never_set_is_deleted_with_plain_success(model: LinstorModel) -> None:
    """No warning tells (no. 9; scenarios/properties)."""
    said = model.definitions.modify("vol", {}, ["Aux/never"])
    assert _codes(said, WARNING) == _codes(said, ERROR) == []


def test_the_same_size_again_drives_nothing_on(model: LinstorModel) -> None:
    """Warning 1023 after a growth that broke; the flag stays (no. 2; 06-volumes-resize/040 to 044)."""
    model.events.fail(_replica(model), "lvresize")
    with pytest.raises(Refused):
        model.volumes.resize("vol", 0, 2 * SIZE_KIB)
    model.events.heal(_replica(model))
    assert _codes(model.volumes.resize("vol", 0, 2 * SIZE_KIB), WARNING) == [1023]
    assert "RESIZE" in model.definitions.find("vol").volumes[0].flags


def test_a_node_that_is_away_is_called_deployed(model: LinstorModel) -> None:
    """Success without any effect (no. 1; scenarios/node-lost)."""
    node = _replica(model)
    model.events.satellite_down(node)
    said = model.resources.make_available("vol", node)
    assert "already deployed" in said[0].message
    assert _codes(said, ERROR) == []


def test_a_snapshot_leaves_out_a_node_that_is_away(model: LinstorModel) -> None:
    """It is SUCCESSFUL, and smaller (no. 7; 19-offline/snapshot-create)."""
    node = _replica(model)
    model.events.satellite_down(node)
    model.snapshots.create("vol", "snap")
    taken = model.definitions.find("vol").snapshots["snap"]
    assert taken.flags == {"SUCCESSFUL"}
    assert node not in taken.parts


def test_an_attachment_without_any_replica_makes_an_empty_disk(model: LinstorModel) -> None:
    """Success, too (no. 5; 08-make-available/023, 024)."""
    model.definitions.create("empty", "two", {})
    model.volumes.create("empty", SIZE_KIB)
    model.resources.make_available("empty", _replica(model))
    assert len(model.definitions.find("empty").diskful()) == 1


def test_a_roll_back_that_breaks_deletes_its_safety_snapshot(model: LinstorModel) -> None:
    """And leaves an empty replica on the node (no. 11; 13-rollback-restore/012 to 015)."""
    model.snapshots.create("vol", "snap")
    model.events.fail(_replica(model), "--snapshot --name")
    with pytest.raises(Refused):
        model.snapshots.roll_back("vol", "snap")
    found = model.definitions.find("vol")
    assert list(found.snapshots) == ["snap"]
    assert all(each.deployed for each in found.diskful())


def test_a_roll_back_brings_the_witness_back_as_an_attachment(model: LinstorModel) -> None:
    """Diskless as before, and no longer taken for a witness (linstor.md 2.11, from the source of LINSTOR)."""
    (witness,) = [each.node for each in model.definitions.find("vol").resources.values() if each.diskless]
    model.snapshots.create("vol", "snap")
    model.snapshots.roll_back("vol", "snap")
    assert "TIE_BREAKER" not in model.definitions.find("vol").resources[witness].flags
