"""Recorded answers of a real controller, as the rules see them (linstor.md 1.3, 1.4, 2.11, 2.13)."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.linstor.deployments import deployment, without_data
from adapters.linstor.nodes import Nodes
from adapters.linstor.reading import definition, snapshot
from domain.errors import ControllerFailed, UnknownGroup
from domain.names import GroupName, HostName, VolumeName
from domain.volumes import Capacity, CopyState, DiskState, Role

IMAGE_2 = VolumeName("OpenNebula-Image-2")
VIEW = "GET /v1/view/resources"


def seen(script: Any, cluster: Any, exchange: str) -> dict[str, Any]:
    """The deployments of a recorded view, by host."""
    name = VolumeName(script.play(exchange)[0]["name"])
    return {each.host: each for each in cluster.deployments([name])[name]}


def test_two_replicas_and_a_witness(script: Any, cluster: Any) -> None:
    """A replica is good and usable, a witness is usable and no replica."""
    found = seen(script, cluster, "view-two-replicas-and-witness")
    assert {host: each.role for host, each in found.items()} == {
        "host-a": Role.WITNESS,
        "host-b": Role.REPLICA,
        "host-c": Role.REPLICA,
    }
    here = found["host-b"]
    assert here.good_replica
    assert (here.device, here.alias) == ("/dev/drbd1001", "/dev/drbd/by-res/OpenNebula-Image-2/0")
    assert (here.size_kib, here.allocated_kib, here.in_use, here.zeroed) == (69580, 55, False, True)
    assert found["host-a"].state is DiskState.DISKLESS
    assert found["host-a"].usable
    assert not found["host-a"].zeroed


def test_a_volume_without_drbd_is_good_where_it_has_a_device(script: Any, cluster: Any) -> None:
    """Such volumes tell neither state nor use; use is unknown, not false, and there is no udev name."""
    here = seen(script, cluster, "view-storage-only")["host-a"]
    assert here.good_replica
    assert (here.in_use, here.alias, here.device) == (None, None, "/dev/vg_thin/OpenNebula-Image-4_00000")
    assert here.size_kib == 65536


def test_a_node_that_is_offline_is_not_reachable(script: Any, cluster: Any) -> None:
    """Its device path is still listed, but nothing there is usable, and use is unknown."""
    here = seen(script, cluster, "view-node-offline")["host-c"]
    assert not here.reachable
    assert not here.usable
    assert here.in_use is None


def test_a_resource_whose_creation_failed_is_not_usable(script: Any, cluster: Any) -> None:
    """LINSTOR keeps it on record, without a device."""
    here = seen(script, cluster, "view-creation-failed")["host-a"]
    assert here.device is None
    assert not here.usable
    assert here.allocated_kib == 0


def test_an_inactive_replica_is_not_usable(script: Any, cluster: Any) -> None:
    """Its data is there, its device is not."""
    here = seen(script, cluster, "view-after-deactivate")["host-b"]
    assert here.inactive
    assert not here.good_replica


def test_the_hosts_that_are_cut_off_are_not_connected() -> None:
    """UpToDate says nothing about the connection (linstor.md 2.18) (defect 51)."""
    drbd = {"connections": {"b": {"connected": True}, "c": {"connected": False, "message": "StandAlone"}}}
    found = deployment({"node_name": "a", "layer_object": {"type": "DRBD", "drbd": drbd}}, IMAGE_2, HostName)
    assert not found.connected


def test_a_connection_to_a_node_without_data_does_not_count() -> None:
    """A dead witness or attachment leaves the replicas in step."""
    drbd = {"connections": {"b": {"connected": True}, "c": {"connected": False, "message": "Connecting"}}}
    here = {"node_name": "a", "layer_object": {"type": "DRBD", "drbd": drbd}}
    others = [{"node_name": "b"}, {"node_name": "c", "flags": ["DISKLESS", "DRBD_DISKLESS", "TIE_BREAKER"]}]
    assert deployment(here, IMAGE_2, HostName, without_data([here, *others])).connected


@pytest.mark.parametrize(
    ("flags", "role"),
    [
        ([], Role.REPLICA),
        (["DISKLESS", "DRBD_DISKLESS"], Role.ATTACHMENT),
        (["DISKLESS", "DRBD_DISKLESS", "TIE_BREAKER"], Role.WITNESS),
        (["DRBD_DISKLESS"], Role.ATTACHMENT),
    ],
)
def test_flags_tell_the_role(flags: list[str], role: Role) -> None:
    """LINSTOR lists every flag whose bits are set."""
    assert deployment({"flags": flags, "state": {}}, IMAGE_2, HostName).role is role


@pytest.mark.parametrize("flag", ["DELETE", "DRBD_DELETE"])
def test_both_flags_of_deletion_count(flag: str) -> None:
    """A resource that goes away is no place to attach."""
    assert deployment({"flags": [flag]}, IMAGE_2, HostName).deleting


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (["UpToDate", "Inconsistent"], DiskState.BEHIND),
        (["UpToDate", "Failed"], DiskState.FAILED),
        (["Diskless"], DiskState.FAILED),
        (["SomethingNew"], DiskState.UNKNOWN),
        ([], DiskState.UNKNOWN),
    ],
)
def test_the_worst_volume_decides(told: list[str], state: DiskState) -> None:
    """A replica that shows Diskless has lost its disk (linstor.md 1.3)."""
    volumes = [{"volume_number": number, "state": {"disk_state": each}} for number, each in enumerate(told)]
    found = {"layer_object": {"type": "DRBD", "drbd": {}}, "volumes": volumes, "state": {}}
    assert deployment(found, IMAGE_2, HostName).state is state


def test_a_stack_above_drbd_has_the_device_of_its_top() -> None:
    """Defect 22: udev's name is that of DRBD's own device, so it is not offered for what lies above."""
    layers = {"type": "LUKS", "children": [{"type": "DRBD", "drbd": {"connections": {"b": {"connected": False}}}}]}
    volume = {
        "device_path": "/dev/mapper/Linstor-Crypt-x_00000",
        "state": {"disk_state": "UpToDate"},
        "layer_data_list": [{"type": "LUKS", "data": {"usable_size_kib": 100}}],
    }
    found = deployment({"name": "x", "layer_object": layers, "volumes": [volume], "state": {}}, IMAGE_2, HostName)
    assert (found.alias, found.size_kib, found.connected) == (None, 100, False)


def test_deployments_name_every_volume_asked_for(script: Any, cluster: Any) -> None:
    """A volume that is nowhere has an empty tuple; names come back as they were asked for."""
    script.play("view-two-replicas-and-witness")
    lower, other = VolumeName("opennebula-image-2"), VolumeName("OpenNebula-Image-3")
    found = cluster.deployments([lower, other])
    assert len(found[lower]) == 3
    assert found[lower][0].volume == lower
    assert found[other] == ()
    assert script.heard[0].query == {"resources": [lower, other]}


def test_nothing_asked_is_no_request(script: Any, cluster: Any) -> None:
    """A list without a filter would be the whole cluster."""
    assert cluster.deployments([]) == {}
    assert cluster.definitions([]) == {}
    assert script.heard == []


def test_many_names_are_asked_for_in_several_requests(script: Any, cluster: Any) -> None:
    """A request line has a limit."""
    script.say(VIEW, body=[])
    cluster.deployments([VolumeName(f"OpenNebula-Image-{number}") for number in range(120)])
    assert [len(each.query["resources"]) for each in script.heard] == [50, 50, 20]


def test_a_definition_with_its_size_and_group(script: Any, cluster: Any) -> None:
    """One request gives all that the rules want to know."""
    script.play("definition-after-spawn")
    found = cluster.definitions([IMAGE_2])[IMAGE_2]
    assert (found.size_kib, found.group, found.replicated, found.two_writers) == (65536, "rg-one", True, False)
    assert found.marks == {}
    assert script.heard[0].query == {"resource_definitions": [IMAGE_2], "with_volume_definitions": ["true"]}


def test_marks_come_without_prefix_and_without_the_adapters_own() -> None:
    """Only `Aux/OpenNebula/` counts."""
    props = {"Aux/OpenNebula/vm": "5", "Aux/OpenNebula/request": "x", "Aux/one/vm": "7", "Other": "1"}
    assert definition({"name": "x", "props": props}).marks == {"vm": "5"}


def test_a_failed_copy_and_a_resize_show_in_flags(script: Any, cluster: Any) -> None:
    """CLONING, FAILED and RESIZE are LINSTOR's words for it."""
    failed = definition(script.play("clone-definition-failed"))
    assert failed.copying
    assert failed.failed
    assert failed.two_writers
    volumes = [{"volume_number": 0, "size_kib": 9, "flags": ["RESIZE"]}]
    assert definition({"volume_definitions": volumes, "flags": ["DELETE"]}).resizing


def test_a_definition_without_drbd_is_not_replicated() -> None:
    """A bare definition tells no layers yet; then DRBD is what LINSTOR will take."""
    assert not definition({"layer_data": [{"type": "STORAGE"}]}).replicated
    assert definition({}).replicated


def test_a_half_deleted_snapshot_is_not_complete(script: Any) -> None:
    """It still says SUCCESSFUL (linstor.md 2.11)."""
    found = script.play("snapshots-half-deleted")
    assert "SUCCESSFUL" in found["flags"]
    assert not snapshot(found, VolumeName("s1"), HostName).complete


def test_an_old_server_does_not_tell_the_marks_of_a_snapshots_volume() -> None:
    """Before REST 1.24 there is one member for both; since then an empty one is left out (linstor.md 2.1, 2.11)."""
    old = {"name": "snap", "props": {"Aux/OpenNebula/vm": "1"}}
    new = old | {"snapshot_definition_props": {"Aux/OpenNebula/vm": "1"}}
    both = new | {"resource_definition_props": {"Aux/OpenNebula/image": "2", "DrbdOptions/Resource/quorum": "off"}}
    told = [snapshot(each, VolumeName("s1"), HostName).volume_marks for each in (old, new, both)]
    assert told == [None, {}, {"image": "2"}]


def test_snapshots_come_oldest_first_with_their_own_marks(script: Any, cluster: Any) -> None:
    """The definition's marks at that time are not those of the snapshot."""
    script.say(
        "GET /v1/view/snapshots",
        body=[
            {
                "name": name,
                "resource_name": "S1",
                "nodes": ["host-a"],
                "flags": ["SUCCESSFUL"],
                "props": {"Aux/OpenNebula/image": "2"},
                "snapshot_definition_props": {"Aux/OpenNebula/vm": "1"},
                "volume_definitions": [{"volume_number": 0, "size_kib": 64}],
                "snapshots": [{"node_name": "host-a", "create_timestamp": made}],
            }
            for name, made in (("late", 2_000_500), ("early", 1_000_500))
        ],
    )
    found = cluster.snapshots(VolumeName("s1"))
    assert [each.name for each in found] == ["early", "late"]
    assert (found[0].marks, found[0].size_kib, found[0].created, found[0].complete) == ({"vm": "1"}, 64, 1000, True)


def test_capacity_is_what_can_be_placed(script: Any, cluster: Any) -> None:
    """One query gives total, free, and the largest volume (defect 24)."""
    script.play("size-info")
    assert cluster.capacity(GroupName("rg-one")) == Capacity(8388608, 8388608, 167632896)
    assert len(script.heard) == 1


def test_a_missing_group_is_no_empty_datastore(script: Any, cluster: Any) -> None:
    """LINSTOR answers 200 with a report (linstor.md 2.3) (defect 23)."""
    script.play("size-info-group-missing")
    with pytest.raises(UnknownGroup, match="nope"):
        cluster.capacity(GroupName("nope"))


def test_a_total_of_zero_is_not_known(script: Any, cluster: Any) -> None:
    """A datastore that shrinks to nothing for a moment would stop the scheduler."""
    script.say("POST /v1/resource-groups/rg-one/query-size-info", body={"space_info": {"capacity_in_kib": 0}})
    with pytest.raises(ControllerFailed):
        cluster.capacity(GroupName("rg-one"))


def test_the_state_of_a_copy(script: Any, cluster: Any) -> None:
    """FAILED is final only by the flag of the definition; a definition that is away means gone."""
    source, target = VolumeName("c1"), VolumeName("c1-bad")
    script.play("clone-status-failed")
    failed = script.play("clone-definition-failed")
    script.say("GET /v1/resource-definitions", body=[failed])
    script.say("GET /v1/resource-definitions", body=[{**failed, "flags": ["CLONING"]}])
    script.say("GET /v1/resource-definitions", body=[])
    states = [cluster.copy_state(source, target) for _ in range(3)]
    assert states == [CopyState.FAILED, CopyState.RUNNING, CopyState.GONE]


def test_a_copy_that_nobody_knows_is_gone(script: Any, cluster: Any) -> None:
    """LINSTOR answers 404 for a copy that was deleted, and for a volume that is none."""
    script.play("clone-status-missing")
    assert cluster.copy_state(VolumeName("c1"), VolumeName("nope")) is CopyState.GONE


def test_hosts_and_nodes_are_mapped_both_ways() -> None:
    """The datastore's map comes first; other names are the same on both sides."""
    nodes = Nodes({HostName("kvm1.example.org"): "alpha"}, list)
    assert nodes.node("KVM1.example.org") == "alpha"
    assert nodes.host("Alpha") == "kvm1.example.org"
    assert nodes.host("beta") == nodes.node("beta") == "beta"


def test_a_node_is_found_by_its_short_name_once() -> None:
    """LINSTOR is asked for its nodes one time, and the finding is kept (defect 36)."""
    asked: list[int] = []
    nodes = Nodes({}, lambda: asked.append(1) or ["alpha", "beta.example.org", "gamma"])  # type: ignore[func-returns-value]
    assert nodes.find("alpha.example.org") == "alpha"
    assert nodes.find("beta") == "beta.example.org"
    assert nodes.find("delta") is None
    assert nodes.node("beta") == "beta.example.org"
    assert asked == [1]
