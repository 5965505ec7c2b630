"""The simulated controller over real sockets: what clients of the real one rely on, and trouble on order."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import linstor
import pytest

from adapters.memory.linstor import LinstorModel
from entrypoints.sandbox.linstor import Fault, LinstorServer, serve


@pytest.fixture
def controller() -> Iterator[LinstorServer]:
    with serve(LinstorModel.simple(diskless=["front"], groups={"two": 2, "one": 1})) as server:
        yield server


def ask(
    server: LinstorServer, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers or {})
        response = connection.getresponse()
        return response.status, {key.lower(): value for key, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def code(data: bytes) -> int:
    return int(json.loads(data)[0]["ret_code"]) & 0x7FFF


def spawn(server: LinstorServer, name: str, group: str = "two") -> int:
    body = {"resource_definition_name": name, "volume_sizes": [65536]}
    return ask(server, "POST", f"/v1/resource-groups/{group}/spawn", body)[0]


def well(replies: Any) -> bool:
    return bool(linstor.Linstor.all_api_responses_no_error(replies))


# -- the real client --------------------------------------------------------------------------------


def test_the_client_library_of_the_real_one_works(controller: LinstorServer) -> None:
    """python-linstor makes, attaches, copies, snapshots, grows and deletes volumes over one connection."""
    with linstor.MultiLinstor([f"linstor://127.0.0.1:{controller.port}"]) as client:
        assert [node.name for node in client.node_list_raise().nodes] == ["alpha", "beta", "gamma", "front"]
        assert "two" in [group.name for group in client.resource_group_list_raise().resource_groups]
        assert well(client.resource_group_spawn("two", "image", ["64M"]))
        assert well(client.resource_make_available("front", "image"))
        found = client.resource_list_raise(filter_by_resources=["image"]).resources
        assert {each.node_name for each in found if not each.flags} == {"alpha", "beta"}
        assert {each.volumes[0].device_path for each in found} == {"/dev/drbd1000"}
        client.resource_dfn_clone("image", "copy")
        assert client.resource_dfn_clone_wait_complete("image", "copy", wait_interval=0.01)
        assert well(client.snapshot_create([], "image", "snap", False))
        assert [each.name for each in client.snapshot_dfn_list_raise().snapshots] == ["snap"]
        assert well(client.snapshot_rollback("image", "snap"))
        assert well(client.volume_dfn_modify("image", 0, size=131072))
        assert well(client.snapshot_delete("image", "snap"))
        assert well(client.resource_delete("front", "image", keep_tiebreaker=True))
        for name in ("image", "copy"):
            assert well(client.resource_dfn_delete(name))
        assert client.resource_dfn_list_raise(query_volume_definitions=True).resource_definitions == []


def test_refusals_reach_the_client_with_their_code(controller: LinstorServer) -> None:
    """A missing definition is 301, and a name that is taken 501."""
    with linstor.MultiLinstor([f"linstor://127.0.0.1:{controller.port}"]) as client:
        client.resource_group_spawn("one", "image", ["64M"])
        (missing,) = client.resource_make_available("alpha", "nothing")
        (taken,) = client.resource_group_spawn("one", "image", ["64M"])
    assert (missing.ret_code & 0x7FFF, taken.ret_code & 0x7FFF) == (301, 501)


# -- HTTP -------------------------------------------------------------------------------------------


def test_names_ignore_case_and_keep_their_spelling(controller: LinstorServer) -> None:
    """Paths and filters find a name in any case; a name that differs in case only is taken."""
    assert spawn(controller, "Image") == 201
    assert spawn(controller, "IMAGE") == 500
    assert json.loads(ask(controller, "GET", "/v1/resource-definitions/iMAGE")[2])["name"] == "Image"
    found = json.loads(ask(controller, "GET", "/v1/view/resources?resources=image&nodes=ALPHA")[2])
    assert [each["node_name"] for each in found] == ["alpha"]


def test_filters_are_repeated_keys(controller: LinstorServer) -> None:
    """Two names are two keys; one that is unknown is no error, a node that is unknown is 404."""
    spawn(controller, "one")
    spawn(controller, "two")
    path = "/v1/resource-definitions?resource_definitions=one&resource_definitions=two&resource_definitions=three"
    assert [each["name"] for each in json.loads(ask(controller, "GET", path)[2])] == ["one", "two"]
    assert ask(controller, "GET", "/v1/view/resources?nodes=nowhere")[0] == 404


def test_empty_members_do_not_travel(controller: LinstorServer) -> None:
    """A bare definition has no flags, no properties and no layers; false and 0 are there."""
    body = {"resource_definition": {"name": "bare", "resource_group_name": "two"}}
    assert ask(controller, "POST", "/v1/resource-definitions", body)[0] == 201
    assert set(json.loads(ask(controller, "GET", "/v1/resource-definitions/bare")[2])) == {
        "name",
        "uuid",
        "resource_group_name",
    }


def test_long_answers_are_compressed_where_that_is_taken(controller: LinstorServer) -> None:
    """Gzip is used for a client that offers it, and for no other."""
    spawn(controller, "image")
    _, headers, packed = ask(controller, "GET", "/v1/view/resources", headers={"Accept-Encoding": "gzip"})
    _, plain_headers, plain = ask(controller, "GET", "/v1/view/resources")
    assert headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain_headers
    assert json.loads(gzip.decompress(packed)) == json.loads(plain)


@pytest.mark.parametrize(
    ("version", "method", "path", "body", "status"),
    [
        ("1.21.0", "POST", "/v1/resource-groups/two/spawn", {"resource_definition_props": {}}, 500),
        ("1.23.0", "POST", "/v1/resource-definitions/image/clone", {"name": "cc", "resource_group": "two"}, None),
        ("1.16.0", "POST", "/v1/resource-groups/two/query-size-info", {}, 404),
        ("1.17.0", "POST", "/v1/actions/snapshot/multi", {"snapshots": []}, 404),
        ("1.26.0", "POST", "/v1/resource-definitions/image/resources/alpha/make-available", {"snap_names": []}, 500),
        ("1.25.0", "PUT", "/v1/resource-definitions/image/snapshots/snap", {"override_props": {}}, 404),
    ],
)
def test_an_older_server_does_not_know_newer_things(
    controller: LinstorServer, version: str, method: str, path: str, body: Any, status: int | None
) -> None:
    """A member or path of a later REST version is a parse error or 404; on a clone even no answer at all."""
    spawn(controller, "image")
    controller.app.model.rest_api_version = version
    if status is None:
        with pytest.raises(http.client.RemoteDisconnected):
            ask(controller, method, path, body)
        return
    got, _, data = ask(controller, method, path, body)
    assert (got, code(data)) == (status, 998 if status == 404 else 32765)


def test_members_within_members_are_checked(controller: LinstorServer) -> None:
    """A select_filter with an unknown member makes the whole request fail, and nothing is made."""
    body = {"resource_definition_name": "image", "volume_sizes": [65536], "select_filter": {"colour": "blue"}}
    status, _, data = ask(controller, "POST", "/v1/resource-groups/two/spawn", body)
    assert (status, code(data)) == (500, 32765)
    assert ask(controller, "GET", "/v1/resource-definitions/image")[0] == 404


def test_every_request_is_noted(controller: LinstorServer) -> None:
    """Method, path, query, status and sizes; a test counts requests with it."""
    ask(controller, "GET", "/v1/nodes?nodes=alpha")
    (noted,) = controller.requests
    assert (noted.method, noted.path, noted.query, noted.status) == ("GET", "/v1/nodes", "nodes=alpha", 200)
    assert noted.bytes_in == 0
    assert noted.bytes_out > 0


# -- who may ask ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Basic", "Bearer"])
def test_credentials_are_asked_for(kind: str) -> None:
    """Without them 401 and a challenge, with them an answer; /health is open to all."""
    with serve(LinstorModel.simple(), credentials="admin:secret") as server:
        status, headers, data = ask(server, "GET", "/v1/nodes")
        assert (status, code(data)) == (401, 10001)
        assert headers["www-authenticate"].startswith("Basic")
        assert ask(server, "GET", "/health")[0] == 200
        shown = base64.b64encode(b"admin:secret").decode() if kind == "Basic" else "admin:secret"
        assert ask(server, "GET", "/v1/nodes", headers={"Authorization": f"{kind} {shown}"})[0] == 200
        assert ask(server, "GET", "/v1/nodes", headers={"Authorization": f"{kind} wrong"})[0] == 401


def test_plain_http_can_be_sent_to_https() -> None:
    """Every request gets 302 with the same path and query at the other address."""
    with serve(LinstorModel.simple(), redirect_to="https://127.0.0.1:3371") as server:
        status, headers, _ = ask(server, "GET", "/v1/nodes?nodes=alpha")
        assert (status, headers["location"]) == (302, "https://127.0.0.1:3371/v1/nodes?nodes=alpha")


# -- trouble on order -------------------------------------------------------------------------------


def any_request(method: str, path: str) -> bool:
    return method == "POST"


@pytest.mark.parametrize(("when", "made"), [("before", 404), ("after", 200)])
def test_a_cut_comes_before_or_after_the_work(controller: LinstorServer, when: str, made: int) -> None:
    """Before: nothing was done. After: the work is done and its reply is lost."""
    controller.fault(Fault(any_request, when, "cut"))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        spawn(controller, "image")
    assert ask(controller, "GET", "/v1/resource-definitions/image")[0] == made


@pytest.mark.parametrize("how", ["truncate", "garbage"])
def test_a_reply_can_be_spoilt(controller: LinstorServer, how: str) -> None:
    """The status is a success, the body is no JSON, and the work is done."""
    controller.fault(Fault(any_request, "after", how))
    body = {"resource_definition_name": "image", "volume_sizes": [65536]}
    status, _, data = ask(controller, "POST", "/v1/resource-groups/two/spawn", body)
    assert status in (200, 201)
    with pytest.raises(ValueError):
        json.loads(data)
    assert ask(controller, "GET", "/v1/resource-definitions/image")[0] == 200


def test_a_status_can_be_ordered(controller: LinstorServer) -> None:
    """The ordered status comes with code 998, once; the next request is answered as usual."""
    controller.fault(Fault(any_request, "before", "503"))
    assert [spawn(controller, "image"), spawn(controller, "image")] == [503, 201]


def test_a_delay_delays_and_nothing_else(controller: LinstorServer) -> None:
    """The answer comes after the ordered time, and is the ordinary one."""
    controller.fault(Fault(any_request, "before", "delay", 0.2))
    began = time.monotonic()
    assert spawn(controller, "image") == 201
    assert time.monotonic() - began >= 0.2


def test_an_error_can_stand_inside_a_success(controller: LinstorServer) -> None:
    """The status is that of the success, and so is the work (linstor.md 2.1)."""
    controller.fault(Fault(any_request, "after", "error inside"))
    body = {"resource_definition_name": "image", "volume_sizes": [65536]}
    status, _, data = ask(controller, "POST", "/v1/resource-groups/two/spawn", body)
    codes = [each["ret_code"] & 0x7FFF for each in json.loads(data)]
    assert (status, codes[-1], len(codes) > 1) == (201, 998, True)
    assert ask(controller, "GET", "/v1/resource-definitions/image")[0] == 200


def test_trouble_can_last(controller: LinstorServer) -> None:
    """Until somebody takes it away."""
    controller.fault(Fault(any_request, "before", "503", lasts=True))
    assert [spawn(controller, "image"), spawn(controller, "image")] == [503, 503]
    controller.app.faults.clear()
    assert spawn(controller, "image") == 201


def test_another_process_can_order_trouble(controller: LinstorServer) -> None:
    """POST /sandbox/faults takes patterns for method and path."""
    order = {"method": "DELETE", "path": "resource-definitions/image$", "when": "before", "how": "502"}
    assert ask(controller, "POST", "/sandbox/faults", order)[0] == 204
    assert ask(controller, "GET", "/v1/nodes")[0] == 200
    assert ask(controller, "DELETE", "/v1/resource-definitions/image")[0] == 502


def test_observers_are_told_before_anything_is_done(controller: LinstorServer) -> None:
    """Whoever watches sees the state before the request."""
    seen: list[tuple[str, bool]] = []
    state = controller.app.model.state
    controller.app.observers.append(lambda method, path: seen.append((path, state.find("image") is not None)))
    spawn(controller, "image")
    assert seen == [("/v1/resource-groups/two/spawn", False)]


def test_a_closed_server_is_gone() -> None:
    """Its socket is closed, so that clients go to the next controller; who has its port now is somebody else."""
    server = serve(LinstorModel.simple())
    server.close()
    assert server.closed
    with suppress(OSError), socket.create_connection((server.host, server.port), timeout=2) as stranger:
        stranger.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        stranger.recv(1)
    assert server.requests == []


def test_error_reports_can_be_read(controller: LinstorServer) -> None:
    """The id in a refusal leads to a report with its text; an unknown id to an empty list."""
    spawn(controller, "image")
    body = {"override_props": {"Nonsense": "1"}}
    refused = json.loads(ask(controller, "PUT", "/v1/resource-definitions/image", body)[2])
    (name,) = refused[0]["error_report_ids"]
    (found,) = json.loads(ask(controller, "GET", f"/v1/error-reports/{name}")[2])
    assert "Nonsense" in found["text"]
    assert json.loads(ask(controller, "GET", "/v1/error-reports/none")[2]) == []
