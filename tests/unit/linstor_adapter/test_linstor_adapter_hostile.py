"""Answers that no LINSTOR gives are one error: a wrong type is never taken for a missing member."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest

from adapters.linstor.deployments import deployment
from domain.errors import BadConfiguration, ControllerFailed, ControllerUnreachable, DriverError
from domain.names import GroupName, HostName, VolumeName

VOLUME = VolumeName("OpenNebula-Image-2")
VIEW = "GET /v1/view/resources"
DEFINITIONS = "GET /v1/resource-definitions"


def spoiled(found: Any, path: str, value: Any) -> Any:
    """*found* with another value at *path*."""
    changed = here = deepcopy(found)
    *parents, last = [int(each) if each.isdigit() else each for each in path.split(".")]
    for each in parents:
        here = here[each]
    here[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("0.flags", 7),
        ("0.flags", "DISKLESS"),
        ("0.flags", [{}]),
        ("0.state", "fine"),
        ("1.state.in_use", "no"),
        ("1.volumes", {}),
        ("1.volumes", ["x"]),
        ("1.volumes.0.state", []),
        ("1.volumes.0.state.disk_state", ["UpToDate"]),
        ("1.volumes.0.allocated_size_kib", "55"),
        ("1.volumes.0.allocated_size_kib", 2**64),
        ("1.volumes.0.allocated_size_kib", float("inf")),
        ("1.volumes.0.provider_kind", []),
        ("1.volumes.0.device_path", 7),
        ("1.volumes.0.device_path", "/etc/passwd"),
        ("1.volumes.0.device_path", "/dev/../etc/passwd"),
        ("1.volumes.0.device_path", "/dev/a b"),
        ("1.volumes.0.device_path", "/dev/a\0"),
        ("1.volumes.0.device_path", "/dev/\ud800"),
        ("1.layer_object.drbd.connections", []),
        ("1.layer_object.drbd.connections.host-c", "yes"),
        ("1.layer_object.drbd.connections.host-c.connected", "yes"),
    ],
)
def test_a_deployment_with_a_member_of_another_type_is_refused(
    script: Any, cluster: Any, path: str, value: Any
) -> None:
    """A flag that is overlooked could make a witness a replica, and a path is written to."""
    found = script.play("view-two-replicas-and-witness")
    script.forget(VIEW)
    script.say(VIEW, body=spoiled(found, path, value))
    with pytest.raises(ControllerFailed, match="understood"):
        cluster.deployments([VOLUME])


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"\xff", b"[NaN"])
def test_json_without_end_is_no_answer(script: Any, cluster: Any, raw: bytes) -> None:
    """Nesting without bound must not end the interpreter's stack."""
    script.say(DEFINITIONS, raw=raw)
    with pytest.raises(ControllerFailed, match="not as LINSTOR"):
        cluster.definitions([VOLUME])


def test_layers_without_end_are_looked_through() -> None:
    """Some readers of JSON go deeper than the stack of who looks at it then."""
    layers: dict[str, Any] = {"drbd": {}}
    for _ in range(5000):
        layers = {"children": [{}, layers]}
    assert deployment({"node_name": "host-a", "layer_object": layers}, VOLUME, HostName).replicated


@pytest.mark.parametrize("number", ["x", None, True, 1.5, 10**30, {}])
def test_a_reply_without_a_number_is_no_reply(script: Any, cluster: Any, number: Any) -> None:
    """The number says all; without it nobody knows what was done."""
    script.say(f"DELETE /v1/resource-definitions/{VOLUME}", body=[{"ret_code": number, "message": "done"}])
    with pytest.raises(ControllerFailed) as caught:
        cluster.delete(VOLUME)
    assert caught.value.unclear


@pytest.mark.parametrize("location", ["https://[::1", "https://127.0.0.1:99999/", "https://127.0.0.1:x/", "//", "\x7f"])
def test_a_redirect_to_nowhere_is_not_followed(script: Any, cluster: Any, location: str) -> None:
    """It is an answer that LINSTOR does not give."""
    script.say(DEFINITIONS, 302, headers={"Location": location})
    with pytest.raises(DriverError, match="not as LINSTOR"):
        cluster.definitions([VOLUME])


@pytest.mark.parametrize("version", ["9" * 5000, "1.²", {}, None, 7])
def test_a_version_that_is_none_is_no_traceback(script: Any, cluster: Any, version: Any) -> None:
    """The order goes on, or ends with what this server cannot do."""
    script.forget("GET /v1/controller/version")
    script.say("GET /v1/controller/version", body={"rest_api_version": version})
    script.play("spawn-ok")
    with suppress(ControllerFailed):
        cluster.create(VOLUME, 65536, GroupName("rg-one"), {})


@pytest.mark.parametrize(
    "address", ["a..b", f"{'a' * 64}.example", "10.0.0.1:3370,a..b", "host\x7f", "ho\x01st", "é" * 70]
)
def test_an_address_that_cannot_be_looked_up_is_refused(reach: Any, address: str) -> None:
    """Before anything is asked, and without a traceback of the resolver."""
    with pytest.raises((BadConfiguration, ControllerUnreachable)):
        reach(*address.split(",")).definitions([VOLUME])
