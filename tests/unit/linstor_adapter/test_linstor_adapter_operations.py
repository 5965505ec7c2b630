"""What each call sends, and what LINSTOR's recorded refusals become (linstor.md 2, 4.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import (
    ControllerFailed,
    DriverError,
    HasSnapshots,
    NoPlacement,
    NotInSync,
    NotPossible,
    SnapshotFailed,
    StillTwoWriters,
    UnknownGroup,
    UnknownHostNode,
    UnknownSnapshot,
    UnknownVolume,
    VolumeInUse,
)
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.ports import Cluster

RD = "/v1/resource-definitions"
SUCCESS = [{"ret_code": 37224451, "message": "modified"}]
TWO_WRITERS = "DrbdOptions/Net/allow-two-primaries"
EXISTS = -4611686018406940171
HOST_A, HOST_B = HostName("host-a"), HostName("host-b")
NEW = VolumeName("OpenNebula-Image-9")
GROUP = GroupName("rg-one")
SPAWN = "POST /v1/resource-groups/rg-one/spawn"


def vol(name: str) -> VolumeName:
    return VolumeName(name)


REFUSALS: list[tuple[str, type[DriverError], Callable[[Cluster], object]]] = [
    ("spawn-group-missing", UnknownGroup, lambda c: c.create(NEW, 65536, GroupName("nope"), {})),
    ("spawn-no-space", NoPlacement, lambda c: c.create(NEW, 209715200, GroupName("rg-one1"), {})),
    ("attach-no-pool", NoPlacement, lambda c: c.attach(vol("ma2"), HostName("one-fe"))),
    ("attach-definition-missing", UnknownVolume, lambda c: c.attach(vol("nope"), HOST_A)),
    ("detach-in-use", VolumeInUse, lambda c: c.detach(vol("d2"), HostName("one-fe"))),
    ("detach-satellite-failure", ControllerFailed, lambda c: c.detach(vol("d5"), HOST_A)),
    ("delete-in-use", VolumeInUse, lambda c: c.delete(vol("inuse"))),
    ("delete-with-snapshots", HasSnapshots, lambda c: c.delete(vol("inuse"))),
    ("grow-thick-full", NoPlacement, lambda c: c.grow(vol("thick1"), 3145728)),
    ("grow-syncing", NotInSync, lambda c: c.grow(vol("g1"), 131072)),
    ("snapshot-satellite-failure", SnapshotFailed, lambda c: c.snapshot(vol("s1"), SnapshotName("bad"), {})),
    ("snapshot-on-thick", NotPossible, lambda c: c.snapshot(vol("s3"), SnapshotName("snap-1"), {})),
    ("snapshot-syncing", NotInSync, lambda c: c.snapshot(vol("g1"), SnapshotName("s"), {})),
    ("rollback-in-use", VolumeInUse, lambda c: c.roll_back(vol("s1"), SnapshotName("r3"))),
    ("rollback-missing", UnknownSnapshot, lambda c: c.roll_back(vol("s1"), SnapshotName("nope"))),
    ("two-primaries-unset-both-open", StillTwoWriters, lambda c: c.forbid_two_writers(vol("vol14"), None)),
    (
        "connection-unset-both-primary",
        StillTwoWriters,
        lambda c: c.forbid_two_writers(vol("vol10"), (HOST_A, HOST_B)),
    ),
]


@pytest.mark.parametrize(("exchange", "error", "call"), REFUSALS, ids=[each[0] for each in REFUSALS])
def test_a_recorded_refusal_is_the_error_of_the_port(
    script: Any, cluster: Cluster, exchange: str, error: type[DriverError], call: Callable[[Cluster], object]
) -> None:
    """The whole list of replies is judged; what comes out is one error in the words of the rules."""
    script.play(exchange)
    with pytest.raises(error):
        call(cluster)


def test_a_placement_that_fails_tells_what_was_wanted(script: Any, cluster: Cluster) -> None:
    """The details name pool and size; the message alone says nothing (linstor.md 2.3)."""
    script.play("spawn-no-space")
    with pytest.raises(NoPlacement, match=r"storage pool named \[data\]"):
        cluster.create(NEW, 209715200, GroupName("rg-one1"), {})


def test_a_satellite_failure_names_its_error_reports(script: Any, cluster: Cluster) -> None:
    """An administrator finds the report by its id."""
    script.play("detach-satellite-failure")
    with pytest.raises(ControllerFailed) as caught:
        cluster.detach(vol("d5"), HOST_A)
    assert caught.value.reports
    assert caught.value.reports[0] in str(caught.value)


DONE_ALREADY: list[tuple[str, Callable[[Cluster], object], object]] = [
    ("delete-missing", lambda c: c.delete(vol("rd1")), None),
    ("spawn-name-exists", lambda c: c.create(vol("OpenNebula-Image-1"), 65536, GroupName("rg-one1"), {}), False),
    ("grow-same-size", lambda c: c.grow(vol("rsz"), 131072), False),
    ("snapshot-exists", lambda c: c.snapshot(vol("s1"), SnapshotName("OpenNebula-Snap-0"), {}), False),
    ("two-primaries-unset-one-primary", lambda c: c.forbid_two_writers(vol("vol14"), None), True),
    ("two-primaries-unset-repeated", lambda c: c.forbid_two_writers(vol("vol14"), None), False),
    ("mark-adjusts", lambda c: c.mark(vol("vol14"), {"x": "1"}), True),
]


@pytest.mark.parametrize(("exchange", "call", "result"), DONE_ALREADY, ids=[each[0] for each in DONE_ALREADY])
def test_what_a_recorded_success_tells(
    script: Any, cluster: Cluster, exchange: str, call: Callable[[Cluster], object], result: object
) -> None:
    """Exists, gone and adjusted are results, not errors."""
    script.play(exchange)
    assert call(cluster) == result


def test_a_volume_is_made_with_its_marks_in_one_request(script: Any, cluster: Cluster) -> None:
    """There is no moment at which a volume has no owner."""
    script.say(SPAWN, 201, SUCCESS)
    assert cluster.create(NEW, 65536, GROUP, {"image": "9"})
    body = script.body_of(SPAWN)
    assert body.pop("resource_definition_props").items() >= {("Aux/OpenNebula/image", "9")}
    assert body == {"resource_definition_name": NEW, "volume_sizes": [65536]}


def test_an_old_server_is_marked_with_a_second_request(script: Any, cluster: Cluster) -> None:
    """Servers before REST 1.22 refuse a member that they do not know (linstor.md 0.2)."""
    script.forget("GET /v1/controller/version")
    script.say("GET /v1/controller/version", body={"rest_api_version": "1.13.0"})
    script.say(SPAWN, 201, SUCCESS)
    script.say(f"PUT {RD}/{NEW}", body=SUCCESS)
    assert cluster.create(NEW, 65536, GROUP, {"image": "9"})
    assert "resource_definition_props" not in script.body_of(SPAWN)
    assert script.body_of(f"PUT {RD}/{NEW}")["override_props"]["Aux/OpenNebula/image"] == "9"


def test_what_a_satellite_leaves_half_made_is_removed(script: Any, cluster: Cluster) -> None:
    """After a failure in the middle the name is free again, and the first error is the one that is told."""
    failed = [{"ret_code": -4611686018406153242, "message": "lvcreate failed", "error_report_ids": ["6A-1"]}]
    script.say(SPAWN, 500, [*SUCCESS, *failed])
    script.say(f"DELETE {RD}/{NEW}", 500, failed)
    with pytest.raises(ControllerFailed, match="lvcreate failed"):
        cluster.create(NEW, 65536, GROUP, {})
    assert script.lines[-1] == f"DELETE {RD}/{NEW}"


def test_a_refusal_deletes_nothing(script: Any, cluster: Cluster) -> None:
    """A placement that fails is rolled back by LINSTOR; a delete could only hit somebody else's volume."""
    script.play("spawn-no-space")
    with pytest.raises(NoPlacement):
        cluster.create(NEW, 209715200, GroupName("rg-one1"), {})
    assert not [line for line in script.lines if line.startswith("DELETE")]


@pytest.mark.parametrize("ours", [True, False])
def test_a_creation_whose_reply_is_lost(script: Any, cluster: Cluster, ours: bool) -> None:
    """The repetition says "exists"; only the mark of this very request makes it a success.

    A volume that an earlier try of the same order made carries the same marks, but its content is not known.
    """
    script.say(SPAWN, cut=True)
    script.say(SPAWN, 500, [{"ret_code": EXISTS, "message": "exists"}])

    def answer(heard: Any) -> Any:
        said = original(heard)
        if heard.line == SPAWN:
            props = dict(heard.body["resource_definition_props"])
            if not ours:
                props["Aux/OpenNebula/request"] = "another"
            script.say(f"GET {RD}", body=[{"name": NEW, "props": props}])
        return said

    original, script.answer = script.answer, answer
    assert cluster.create(NEW, 65536, GROUP, {"image": "9"}) is ours


def test_an_old_server_refuses_the_same_size(script: Any, cluster: Cluster) -> None:
    """Before 1.30.3 the answer is that of an impossible size; the size on record tells them apart (defect 50)."""
    line = f"PUT {RD}/rsz/volume-definitions/0"
    script.say(line, 500, [{"ret_code": -4611686018390687538, "message": "invalid"}])
    script.say(f"GET {RD}", body=[{"name": "rsz", "volume_definitions": [{"volume_number": 0, "size_kib": 64}]}])
    assert not cluster.grow(vol("rsz"), 64)
    with pytest.raises(ControllerFailed):
        cluster.grow(vol("rsz"), 32)


def test_attaching_asks_for_a_replica_only_on_request(script: Any, cluster: Cluster) -> None:
    """The body is never empty: LINSTOR takes that for broken JSON (linstor.md 2.6)."""
    line = f"POST {RD}/v1/resources/host-a/make-available"
    script.say(line, body=[{"ret_code": 20185088, "message": "deployed"}])
    cluster.attach(vol("v1"), HOST_A)
    cluster.attach(vol("v1"), HOST_A, replica=True)
    assert [each.body for each in script.heard] == [{"diskful": False}, {"diskful": True}]


def test_a_host_under_another_name_is_found(script: Any, cluster: Cluster) -> None:
    """OpenNebula's long name means the node with the short one; the nodes are asked for once."""
    host = HostName("host-a.example.org")
    unknown = [{"ret_code": -4611686018407202516, "message": "Node not found."}]
    script.say(f"POST {RD}/v1/resources/{host}/make-available", 404, unknown)
    script.say(f"POST {RD}/v1/resources/host-a/make-available", body=SUCCESS)
    script.play("nodes")
    cluster.attach(vol("v1"), host)
    cluster.attach(vol("v1"), host)
    assert script.lines.count("GET /v1/nodes") == 1
    assert script.lines[-1].endswith("/host-a/make-available")


def test_a_host_that_is_no_node_is_named(script: Any, cluster: Cluster) -> None:
    """The advice tells how to map its name."""
    script.play("attach-node-missing")
    script.play("nodes")
    with pytest.raises(UnknownHostNode, match="host-x"):
        cluster.attach(vol("ma3"), HostName("host-x"))


def test_a_mapped_host_goes_by_its_node(script: Any, reach: Any) -> None:
    """The datastore's map decides, and answers come back under OpenNebula's name (defect 36)."""
    cluster = reach(script.url, nodes={HostName("kvm1"): "host-a"})
    script.say(f"POST {RD}/v1/resources/host-a/make-available", body=SUCCESS)
    cluster.attach(vol("v1"), HostName("kvm1"))
    script.say("GET /v1/view/resources", body=[{"name": "v1", "node_name": "HOST-A"}])
    assert cluster.deployments([vol("v1")])[vol("v1")][0].host == "kvm1"


def test_detaching_keeps_the_witness(script: Any, cluster: Cluster) -> None:
    """Defect 32: without the parameter a second detach switches quorum off for good (linstor.md 2.7)."""
    line = f"DELETE {RD}/v1/resources/host-a"
    script.say(line, body=SUCCESS)
    cluster.detach(vol("v1"), HOST_A)
    assert script.heard[-1].query == {"keep_tiebreaker": ["true"]}


def test_detaching_what_is_not_there_is_done(script: Any, cluster: Cluster) -> None:
    """LINSTOR warns that it found nothing, under that name."""
    script.play("detach-never-there")
    script.play("nodes")
    cluster.detach(vol("d1"), HostName("host-c"))


def test_detaching_asks_for_no_nodes_where_linstor_named_it(script: Any, cluster: Cluster) -> None:
    """A host that came from LINSTOR's own answer cannot be meant otherwise."""
    script.say("GET /v1/view/resources", body=[{"name": "d1", "node_name": "host-c"}])
    cluster.deployments([vol("d1")])
    script.play("detach-never-there")
    cluster.detach(vol("d1"), HostName("host-c"))
    assert "GET /v1/nodes" not in script.lines


def test_detaching_finds_the_host_under_another_name(script: Any, cluster: Cluster) -> None:
    """An answer of not found for a long name must not leave the attachment of the short one behind."""
    host = HostName("host-a.example.org")
    script.say(f"DELETE {RD}/v1/resources/{host}", body=[{"ret_code": -9223372036801033288, "message": "not found"}])
    script.say(f"DELETE {RD}/v1/resources/host-a", body=SUCCESS)
    script.play("nodes")
    cluster.detach(vol("v1"), host)
    assert script.lines[-1] == f"DELETE {RD}/v1/resources/host-a"


def test_two_writers_are_allowed_on_the_connection_of_a_pair(script: Any, cluster: Cluster) -> None:
    """Nobody but the two hosts of a migration may write together (linstor.md 2.8)."""
    line = f"PUT {RD}/v1/resource-connections/host-a/host-b"
    script.say(line, body=SUCCESS)
    script.say(f"PUT {RD}/v1", body=SUCCESS)
    cluster.allow_two_writers(vol("v1"), (HOST_A, HOST_B))
    assert script.body_of(line) == {"override_props": {TWO_WRITERS: "yes"}}
    cluster.forbid_two_writers(vol("v1"), (HOST_A, HOST_B))
    assert script.body_of(line) == {"delete_props": [TWO_WRITERS]}
    cluster.allow_two_writers(vol("v1"), None)
    assert script.body_of(f"PUT {RD}/v1") == {"override_props": {TWO_WRITERS: "yes"}}


def test_a_connection_whose_end_is_gone_has_no_two_writers(script: Any, cluster: Cluster) -> None:
    """LINSTOR answers with an internal error; the list of hosts tells that it is none."""
    script.play("connection-node-without-resource")
    script.say(f"GET {RD}/t1/resources", body=[{"name": "t1", "node_name": "host-a"}])
    assert not cluster.forbid_two_writers(vol("t1"), (HOST_A, HostName("host-c")))


def test_an_internal_error_with_both_ends_there_is_a_failure(script: Any, cluster: Cluster) -> None:
    """It must not pass for an end that is gone."""
    script.play("connection-node-without-resource")
    script.say(f"GET {RD}/t1/resources", body=[{"node_name": "HOST-A"}, {"node_name": "host-c"}])
    with pytest.raises(ControllerFailed):
        cluster.forbid_two_writers(vol("t1"), (HOST_A, HostName("host-c")))


def test_allowing_two_writers_needs_both_ends(script: Any, cluster: Cluster) -> None:
    """A migration must not begin when the permission was not given."""
    script.play("connection-node-without-resource")
    with pytest.raises(ControllerFailed):
        cluster.allow_two_writers(vol("t1"), (HOST_A, HostName("host-c")))


def test_marks_are_put_and_dropped_together(script: Any, cluster: Cluster) -> None:
    """One request, and none where there is nothing to do."""
    script.say(f"PUT {RD}/v1", body=SUCCESS)
    assert not cluster.mark(vol("v1"), {"state": "creating"}, ["debt"])
    assert not cluster.mark(vol("v1"), {})
    assert script.lines == [f"PUT {RD}/v1"]
    assert script.body_of(f"PUT {RD}/v1") == {
        "override_props": {"Aux/OpenNebula/state": "creating"},
        "delete_props": ["Aux/OpenNebula/debt"],
    }


def test_volumes_are_found_by_their_marks(script: Any, cluster: Cluster) -> None:
    """LINSTOR filters; what it lets through is checked again."""
    found = [{"name": "v1", "props": {"Aux/OpenNebula/vm": "5"}}, {"name": "v2", "props": {"Aux/OpenNebula/vm": "6"}}]
    script.say(f"GET {RD}", body=found)
    assert [each.name for each in cluster.definitions_marked({"vm": "5"})] == ["v1"]
    assert script.heard[-1].query["props"] == ["Aux/OpenNebula/vm=5"]


def test_a_call_that_the_server_does_not_know_says_so(script: Any, cluster: Cluster) -> None:
    """404 with 998 is a missing request, 404 with 3xx a missing object (linstor.md 2.1)."""
    with pytest.raises(ControllerFailed, match="does not know the request"):
        cluster.place(vol("v1"))
