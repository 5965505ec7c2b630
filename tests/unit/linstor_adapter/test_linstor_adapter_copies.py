"""What a copy sends, and what becomes of it where the server is old or the reply is lost (linstor.md 2.12)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import NotPossible, UnknownVolume
from domain.names import GroupName, VolumeName
from domain.ports import Cluster

RD = "/v1/resource-definitions"
SUCCESS = [{"ret_code": 37224451, "message": "modified"}]
TWO_WRITERS = "DrbdOptions/Net/allow-two-primaries"
EXISTS = -4611686018406940171
NEW = VolumeName("OpenNebula-Image-9")
GROUP = GroupName("rg-one")


def vol(name: str) -> VolumeName:
    return VolumeName(name)


def test_a_copy_has_its_own_marks_only(script: Any, cluster: Cluster) -> None:
    """Defect 48: the source's marks and its two writers stay behind, the datastore's group comes along."""
    source, target = vol("c1"), vol("c1-vm5-disk0")
    props = {"Aux/OpenNebula/image": "1", "Aux/OpenNebula/request": "old", "Aux/Other": "x", TWO_WRITERS: "yes"}
    script.say(f"GET {RD}", body=[{"name": "c1", "props": props}])
    script.play("clone-start")
    assert cluster.copy(source, target, GROUP, {"vm": "5"})
    body = script.body_of(f"POST {RD}/c1/clone")
    assert body["override_props"].keys() == {"Aux/OpenNebula/vm", "Aux/OpenNebula/request"}
    assert body["delete_props"] == ["Aux/OpenNebula/image", TWO_WRITERS]
    assert (body["name"], body["resource_group"]) == (target, GROUP)


def test_a_copy_on_an_old_server_is_put_right_afterwards(script: Any, cluster: Cluster) -> None:
    """Servers before REST 1.24 know neither group nor properties in the clone request."""
    target = vol("c1-vm5-disk0")
    script.forget("GET /v1/controller/version")
    script.say("GET /v1/controller/version", body={"rest_api_version": "1.20.0"})
    script.say(f"GET {RD}", body=[{"name": "c1", "props": {"Aux/OpenNebula/image": "1"}}])
    script.play("clone-start")
    script.say(f"PUT {RD}/{target}", body=SUCCESS)
    assert cluster.copy(vol("c1"), target, GROUP, {"vm": "5"})
    assert script.body_of(f"POST {RD}/c1/clone") == {"name": target}
    changed = script.body_of(f"PUT {RD}/{target}")
    assert changed["resource_group"] == GROUP
    assert changed["override_props"]["Aux/OpenNebula/vm"] == "5"
    assert changed["delete_props"] == ["Aux/OpenNebula/image", TWO_WRITERS]


def test_a_server_that_shows_ports_of_resources_is_not_asked_for_its_version(script: Any, cluster: Cluster) -> None:
    """REST 1.26 brought both these ports and the properties of a clone, so a look at the source tells enough."""
    script.say(f"GET {RD}", body=[{"name": "c1"}])
    script.say("GET /v1/view/resources", body=[{"name": "c1", **_drbd({"tcp_ports": [7000]})}])
    script.play("clone-start")
    cluster.deployments([vol("c1")])
    assert cluster.copy(vol("c1"), vol("c1-vm5-disk0"), GROUP, {"vm": "5"})
    assert "override_props" in script.body_of(f"POST {RD}/c1/clone")
    assert "GET /v1/controller/version" not in script.lines


def test_a_server_that_shows_no_ports_of_resources_is_asked_for_its_version(script: Any, cluster: Cluster) -> None:
    """An older server would refuse the properties, and nothing in its answers tells how old it is."""
    script.forget("GET /v1/controller/version")
    script.say("GET /v1/controller/version", body={"rest_api_version": "1.25.1"})
    script.say(f"GET {RD}", body=[{"name": "c1"}])
    script.say("GET /v1/view/resources", body=[{"name": "c1", **_drbd({"node_id": 0})}])
    script.play("clone-start")
    script.say(f"PUT {RD}/c1-vm5-disk0", body=SUCCESS)
    cluster.deployments([vol("c1")])
    assert cluster.copy(vol("c1"), vol("c1-vm5-disk0"), GROUP, {"vm": "5"})
    assert "override_props" not in script.body_of(f"POST {RD}/c1/clone")


def _drbd(own: dict[str, Any]) -> dict[str, Any]:
    return {"node_name": "alpha", "layer_object": {"type": "DRBD", "drbd": own}}


def test_a_copy_over_a_taken_name(script: Any, cluster: Cluster) -> None:
    """The refusal of a clone is an object around the list."""
    script.say(f"GET {RD}", body=[{"name": "c1"}])
    script.play("clone-name-exists")
    assert not cluster.copy(vol("c1"), vol("c1-vm5-disk0"), None, {})
    assert "resource_group" not in script.body_of(f"POST {RD}/c1/clone")


@pytest.mark.parametrize("ours", [True, False])
def test_a_copy_whose_reply_is_lost(script: Any, cluster: Cluster, ours: bool) -> None:
    """The repetition says "exists"; only the mark of this very request makes it a success."""
    line = f"POST {RD}/c1/clone"
    script.say(f"GET {RD}", body=[{"name": "c1"}])
    script.say(line, cut=True)
    script.say(line, 500, {"clone_name": NEW, "messages": [{"ret_code": EXISTS, "message": "exists"}]})

    def answer(heard: Any) -> Any:
        said = original(heard)
        if heard.line == line and len(script.heard) > 3:
            props = heard.body["override_props"] if ours else {}
            script.forget(f"GET {RD}")
            script.say(f"GET {RD}", body=[{"name": NEW, "props": props}])
        return said

    original, script.answer = script.answer, answer
    assert cluster.copy(vol("c1"), NEW, None, {}) is ours


@pytest.mark.parametrize("status", [201, 500])
def test_errors_inside_a_clones_answer_count(script: Any, cluster: Cluster, status: int) -> None:
    """Servers before 1.32.2 answer 201 with an error among the messages (linstor.md 2.12)."""
    message = {"ret_code": -4611686018406940445, "message": "unsupported storage pools"}
    script.say(f"GET {RD}", body=[{"name": "c1"}])
    script.say(f"POST {RD}/c1/clone", status, {"clone_name": "x1", "messages": [message]})
    with pytest.raises(NotPossible):
        cluster.copy(vol("c1"), vol("x1"), None, {})


def test_the_source_of_a_copy_may_be_missing(script: Any, cluster: Cluster) -> None:
    """It may also vanish between the look and the request."""
    script.say(f"GET {RD}", body=[])
    with pytest.raises(UnknownVolume):
        cluster.copy(vol("nope"), vol("nope-clone"), None, {})
    script.forget(f"GET {RD}")
    script.say(f"GET {RD}", body=[{"name": "nope"}])
    script.play("clone-source-missing")
    with pytest.raises(UnknownVolume):
        cluster.copy(vol("nope"), vol("nope-clone"), None, {})
