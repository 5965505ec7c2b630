"""What restores and snapshots send, and what a failure leaves (linstor.md 2.11)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import UnknownSnapshot
from domain.names import GroupName, SnapshotName, VolumeName
from domain.ports import Cluster

RD = "/v1/resource-definitions"
SUCCESS = [{"ret_code": 37224451, "message": "modified"}]
TWO_WRITERS = "DrbdOptions/Net/allow-two-primaries"
EXISTS = -4611686018406940171
SOURCE, NEW = VolumeName("s1"), VolumeName("OpenNebula-Image-9")
GROUP = GroupName("rg-one")
RESTORE_VOLUME = f"POST {RD}/s1/snapshot-restore-volume-definition/snap"
RESTORE_DATA = f"POST {RD}/s1/snapshot-restore-resource/snap"


def test_a_restored_volume_has_its_own_marks(script: Any, cluster: Cluster) -> None:
    """LINSTOR brings along the properties of the time of the snapshot; they are put right."""
    script.say(f"POST {RD}", 201, SUCCESS)
    script.say(RESTORE_VOLUME, body=SUCCESS)
    script.say(RESTORE_DATA, body=SUCCESS)
    script.say(
        f"GET {RD}",
        body=[{"name": NEW, "props": {"Aux/OpenNebula/image": "1", "Aux/OpenNebula/old": "x", TWO_WRITERS: "yes"}}],
    )
    script.say(f"PUT {RD}/{NEW}", body=SUCCESS)
    assert cluster.restore(SOURCE, SnapshotName("snap"), NEW, GROUP, {"image": "9"})
    made = script.body_of(f"POST {RD}")["resource_definition"]
    assert (made["name"], made["resource_group_name"]) == (NEW, GROUP)
    changed = script.body_of(f"PUT {RD}/{NEW}")
    assert changed["override_props"]["Aux/OpenNebula/image"] == "9"
    assert changed["delete_props"] == ["Aux/OpenNebula/old", TWO_WRITERS]


def test_a_restore_that_fails_is_removed(script: Any, cluster: Cluster) -> None:
    """The empty definition does not stay behind."""
    script.say(f"POST {RD}", 201, SUCCESS)
    script.say(RESTORE_VOLUME, 404, [{"ret_code": -4611686018427387591, "message": "not found"}])
    script.say(f"DELETE {RD}/{NEW}", body=SUCCESS)
    with pytest.raises(UnknownSnapshot):
        cluster.restore(SOURCE, SnapshotName("snap"), NEW, GROUP, {})
    assert script.lines[-1] == f"DELETE {RD}/{NEW}"


def test_a_restore_over_a_taken_name_touches_nothing(script: Any, cluster: Cluster) -> None:
    """The volume of that name is not ours."""
    script.say(f"POST {RD}", 500, [{"ret_code": EXISTS, "message": "exists"}])
    assert not cluster.restore(SOURCE, SnapshotName("snap"), NEW, GROUP, {})
    assert script.lines == [f"POST {RD}"]


def test_a_snapshot_carries_its_marks(script: Any, cluster: Cluster) -> None:
    """Servers from REST 1.24 on take them in the same request."""
    line = f"POST {RD}/s1/snapshots"
    script.say(line, 201, SUCCESS)
    assert cluster.snapshot(SOURCE, SnapshotName("snap"), {"vm": "5"})
    body = script.body_of(line)
    assert body["name"] == "snap"
    assert body["snapshot_definition_props"]["Aux/OpenNebula/vm"] == "5"


def test_deleting_a_snapshot_that_is_gone_is_done(script: Any, cluster: Cluster) -> None:
    """Warning 3000 is success."""
    script.say(f"DELETE {RD}/s1/snapshots/snap", body=[{"ret_code": -9223372036803654728, "message": "not found"}])
    cluster.delete_snapshot(SOURCE, SnapshotName("snap"))


@pytest.mark.parametrize("ours", [True, False])
def test_a_snapshot_whose_reply_is_lost(script: Any, cluster: Cluster, ours: bool) -> None:
    """The repetition says "exists"; only the mark of this very request makes it a success."""
    line = f"POST {RD}/s1/snapshots"
    script.say(line, cut=True)
    script.say(line, 500, [{"ret_code": -4611686018409823742, "message": "exists"}])

    def answer(heard: Any) -> Any:
        said = original(heard)
        if heard.line == line:
            props = dict(heard.body["snapshot_definition_props"]) if ours else {}
            found = {"name": "snap", "resource_name": "s1", "snapshot_definition_props": props, "flags": ["SUCCESSFUL"]}
            script.say("GET /v1/view/snapshots", body=[found])
        return said

    original, script.answer = script.answer, answer
    assert cluster.snapshot(SOURCE, SnapshotName("snap"), {}) is ours


def test_an_old_server_gets_no_marks_of_a_snapshot(script: Any, cluster: Cluster) -> None:
    """Before REST 1.24 the member would make the whole request fail."""
    line = f"POST {RD}/s1/snapshots"
    script.forget("GET /v1/controller/version")
    script.say("GET /v1/controller/version", body={"rest_api_version": "1.23.0"})
    script.say(line, 201, SUCCESS)
    assert cluster.snapshot(SOURCE, SnapshotName("snap"), {"vm": "5"})
    assert script.body_of(line) == {"name": "snap"}


def test_a_restore_without_a_group_stays_in_that_of_the_source(script: Any, cluster: Cluster) -> None:
    """LINSTOR would take its default group instead."""
    script.say(f"GET {RD}", body=[{"name": "s1", "resource_group_name": "rg-thin"}])
    script.say(f"POST {RD}", 500, [{"ret_code": EXISTS, "message": "exists"}])
    cluster.restore(SOURCE, SnapshotName("snap"), NEW, None, {})
    assert script.body_of(f"POST {RD}")["resource_definition"]["resource_group_name"] == "rg-thin"
