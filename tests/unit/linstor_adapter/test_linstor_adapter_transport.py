"""Connections, limits, fail-over and secrets (linstor.md 3)."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from typing import Any

import pytest

from adapters.linstor.clusters import RestClusters
from domain.errors import AccessDenied, BadConfiguration, ControllerFailed, ControllerUnreachable
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.settings import Limits, StorageSettings

VOLUME = VolumeName("OpenNebula-Image-2")
DEFINITIONS = "GET /v1/resource-definitions"
VERSION = "GET /v1/controller/version"
RESOURCES = f"DELETE /v1/resource-definitions/{VOLUME}/resources/host-a"
DONE = [{"ret_code": 54001666, "message": "deleted"}]


def silent_port() -> tuple[socket.socket, str]:
    """A port that accepts connections and never answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, f"127.0.0.1:{listening.getsockname()[1]}"


def dead_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"127.0.0.1:{listening.getsockname()[1]}"


def test_a_look_costs_one_request_on_one_connection(script: Any, cluster: Any) -> None:
    """Defect 61: connecting asks nothing: no probe for TLS, no version."""
    script.say(DEFINITIONS, body=[])
    cluster.definitions([VOLUME])
    cluster.definitions([VOLUME])
    assert script.lines == [DEFINITIONS, DEFINITIONS]
    assert script.connections == 1


def test_the_version_is_asked_once(script: Any, cluster: Any) -> None:
    """Two orders that depend on the server's version ask for it one time."""
    script.play("spawn-ok")
    cluster.create(VOLUME, 65536, GroupName("rg-one"), {})
    cluster.create(VOLUME, 65536, GroupName("rg-one"), {})
    assert script.lines.count("GET /v1/controller/version") == 1


def test_a_dead_controller_is_passed_over(script: Any, reach: Any) -> None:
    """The second controller answers when the first refuses TCP, and is asked first the next time."""
    script.say(DEFINITIONS, body=[])
    cluster = reach(dead_port(), script.url)
    assert cluster.definitions([VOLUME]) == {}
    assert cluster.definitions([VOLUME]) == {}


def test_a_silent_controller_is_passed_over_for_reading(script: Any, reach: Any) -> None:
    """A controller that accepts and says nothing costs one limit, then the other one is asked."""
    listening, address = silent_port()
    script.say(DEFINITIONS, body=[])
    with listening:
        assert reach(address, script.url).definitions([VOLUME]) == {}


@pytest.mark.parametrize(
    "said",
    [
        {"status": 200, "raw": b"<html>welcome</html>"},
        {"status": 503, "raw": b"<html>down</html>"},
        {"status": 404, "raw": b"not here"},
        {"status": 404, "body": {"error": "no such page"}},
    ],
)
def test_what_is_not_linstor_is_passed_over(new_script: Any, reach: Any, said: dict[str, Any]) -> None:
    """A proxy's page or another service's JSON is no answer; the next controller is asked."""
    stranger, script = new_script(), new_script()
    stranger.say(DEFINITIONS, **said)
    script.say(DEFINITIONS, body=[])
    assert reach(stranger.url, script.url).definitions([VOLUME]) == {}


def test_the_good_controller_is_asked_first_from_then_on(new_script: Any, reach: Any) -> None:
    """A second connection does not walk the list again, in whatever thread it is made."""
    stranger, script = new_script(), new_script()
    stranger.forget(VERSION)
    stranger.say(VERSION, raw=b"hello")
    script.say(DEFINITIONS, body=[])
    cluster = reach(stranger.url, script.url)
    cluster.definitions([VOLUME])
    other = threading.Thread(target=cluster.definitions, args=[[VOLUME]])
    other.start()
    other.join()
    assert stranger.lines == [VERSION]
    assert script.lines == [VERSION, DEFINITIONS, DEFINITIONS]


def test_a_change_never_waits_for_a_silent_controller(script: Any) -> None:
    """Which of several controllers is active is found out within the limit for connecting, and by one look."""
    listening, address = silent_port()
    script.say(RESOURCES, body=DONE)
    limits = Limits(connect=0.2, read=30, change=30)
    cluster = RestClusters({}).of(StorageSettings(1, (address, script.url), limits=limits))
    began = time.monotonic()
    with listening:
        cluster.detach(VOLUME, HostName("host-a"))
    assert time.monotonic() - began < 10
    assert script.lines == [VERSION, RESOURCES]


def test_nobody_answers_names_every_controller(reach: Any) -> None:
    """The message lists the addresses that were tried."""
    one, other = dead_port(), dead_port()
    with pytest.raises(ControllerUnreachable) as caught:
        reach(one, other).definitions([VOLUME])
    assert one in str(caught.value)
    assert other in str(caught.value)


def test_an_answer_that_is_no_json_is_one_clear_sentence(script: Any, cluster: Any) -> None:
    """A single controller that talks nonsense is reported as such, not as a traceback."""
    script.say(DEFINITIONS, raw=b"hello")
    with pytest.raises(ControllerFailed, match="not as LINSTOR does"):
        cluster.definitions([VOLUME])


def test_json_of_another_shape_is_refused(script: Any, cluster: Any) -> None:
    """An object where LINSTOR gives a list never reads as 'no such volume'."""
    script.say(DEFINITIONS, body={"status": "ok"})
    with pytest.raises(ControllerFailed):
        cluster.definitions([VOLUME])


def test_a_cut_answer_is_asked_for_again(script: Any, cluster: Any) -> None:
    """A read whose connection breaks is repeated once, on a new connection."""
    script.say(DEFINITIONS, cut=True)
    script.say(DEFINITIONS, body=[])
    assert cluster.definitions([VOLUME]) == {}
    assert script.connections == 2


def test_an_answer_shorter_than_promised_is_no_answer(script: Any, cluster: Any) -> None:
    """A truncated body is treated as lost, not as the whole truth."""
    script.say(DEFINITIONS, raw=b"[]", headers={"Content-Length": "200", "Connection": "close"})
    script.say(DEFINITIONS, raw=b"[]", headers={"Content-Length": "200", "Connection": "close"})
    with pytest.raises(ControllerFailed):
        cluster.definitions([VOLUME])


def test_a_silent_answer_ends_within_the_limit(script: Any, cluster: Any) -> None:
    """A read that gets no answer fails with the limit in the message, and the next call works again."""
    script.say(DEFINITIONS, body=[], wait=1.5)
    script.say(DEFINITIONS, body=[])
    with pytest.raises(ControllerFailed, match=r"within 0\.5 seconds"):
        cluster.definitions([VOLUME])
    assert cluster.definitions([VOLUME]) == {}


def test_packed_answers_are_read(script: Any, cluster: Any) -> None:
    """Gzip is what LINSTOR uses when the client offers it."""
    packed = gzip.compress(json.dumps([{"name": VOLUME}]).encode())
    script.say(DEFINITIONS, raw=packed, headers={"Content-Encoding": "gzip"})
    assert list(cluster.definitions([VOLUME])) == [VOLUME]


def test_an_endless_answer_is_refused(script: Any, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies are bounded, packed ones, too."""
    monkeypatch.setattr("adapters.linstor.api.LARGEST_BODY", 1000)
    script.say(DEFINITIONS, raw=gzip.compress(b" " * 5000 + b"[]"), headers={"Content-Encoding": "gzip"})
    with pytest.raises(ControllerFailed, match="longer than 1000 bytes"):
        cluster.definitions([VOLUME])
    script.forget(DEFINITIONS)
    script.say(DEFINITIONS, raw=b" " * 5000 + b"[]")
    with pytest.raises(ControllerFailed, match="longer than 1000 bytes"):
        cluster.definitions([VOLUME])


def test_a_lost_reply_to_a_change_is_sent_again_by_the_call_that_can_judge_it(script: Any, cluster: Any) -> None:
    """Detaching twice is the same as once, so a lost reply is no error."""
    script.say(RESOURCES, cut=True)
    script.say(RESOURCES, body=DONE)
    cluster.detach(VOLUME, HostName("host-a"))
    assert script.lines == [RESOURCES, RESOURCES]


def test_a_roll_back_whose_reply_is_lost_is_never_sent_again(script: Any, cluster: Any) -> None:
    """It is not known whether it runs, and running it twice could undo what came after; the error says so."""
    line = f"POST /v1/resource-definitions/{VOLUME}/snapshot-rollback/snap"
    script.say(line, cut=True)
    with pytest.raises(ControllerFailed) as caught:
        cluster.roll_back(VOLUME, SnapshotName("snap"))
    assert caught.value.unclear
    assert script.lines == [line]


def test_two_lost_replies_are_an_unclear_failure(script: Any, cluster: Any) -> None:
    """Nobody claims that nothing was done."""
    script.say(RESOURCES, cut=True)
    with pytest.raises(ControllerFailed) as caught:
        cluster.detach(VOLUME, HostName("host-a"))
    assert caught.value.unclear


def test_a_proxy_page_in_answer_to_a_change_is_a_lost_reply(new_script: Any, reach: Any) -> None:
    """The request may have gone through before the gateway gave up; the next controller gets the repetition."""
    proxy, script = new_script(), new_script()
    proxy.say(RESOURCES, 504, raw=b"<html>timeout</html>")
    script.say(RESOURCES, body=DONE)
    reach(proxy.url, script.url).detach(VOLUME, HostName("host-a"))
    assert script.lines == [RESOURCES]


def test_threads_do_not_share_a_connection(script: Any, cluster: Any) -> None:
    """One cluster object serves several threads at once."""
    script.say(DEFINITIONS, body=[], wait=0.1)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(cluster.definitions([VOLUME]))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [{}] * 4


def test_credentials_do_not_travel_over_plain_http(script: Any, reach: Any) -> None:
    """Without TLS the request goes out bare; the controller's refusal then names the reason (defect 18)."""
    script.say(DEFINITIONS, 401, [{"ret_code": -4611686018427377903, "message": "sign in"}])
    with pytest.raises(AccessDenied, match="over https only") as caught:
        reach(script.url, user="one", password="geheim").definitions([VOLUME])
    assert "Authorization" not in script.heard[0].headers
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [({"user": "one", "password": "geheim"}, "Basic b25lOmdlaGVpbQ=="), ({"token": "geheim"}, "Bearer geheim")],
)
def test_credentials_travel_where_plain_http_is_allowed(
    script: Any, reach: Any, given: dict[str, str], wanted: str
) -> None:
    """An administrator can allow it in the environment of oned."""
    script.say(DEFINITIONS, body=[])
    reach(script.url, environment={"LINSTOR_ALLOW_INSECURE_AUTH": "yes"}, **given).definitions([VOLUME])
    assert script.heard[0].headers["Authorization"] == wanted


def test_secrets_are_read_from_files(script: Any, reach: Any, tmp_path: Any) -> None:
    """A password in a file need not stand in a datastore's attributes."""
    (tmp_path / "password").write_text("geheim\n")
    script.say(DEFINITIONS, body=[])
    environment = {"LINSTOR_ALLOW_INSECURE_AUTH": "yes"}
    reach(script.url, environment=environment, user="one", password_file=str(tmp_path / "password")).definitions(
        [VOLUME]
    )
    assert script.heard[0].headers["Authorization"] == "Basic b25lOmdlaGVpbQ=="


def test_a_secret_file_that_is_missing_is_a_configuration_error(reach: Any) -> None:
    """The message names the attribute."""
    with pytest.raises(BadConfiguration, match="LINSTOR_TOKEN_FILE"):
        reach("host", token_file="/nowhere/token")


def test_a_token_that_fits_into_no_header_is_refused_without_repeating_it(reach: Any) -> None:
    """Python's own refusal would show the header with the token in it."""
    with pytest.raises(BadConfiguration, match="LINSTOR_TOKEN") as caught:
        reach("host", token="geheim\nX-More: 1")
    assert "geheim" not in str(caught.value)


def test_the_token_of_a_combined_node_is_left_alone(
    script: Any, cluster: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """python-linstor would read a file that belongs to root, and fail where it is broken."""
    (tmp_path / "auth.json").write_text("not json")
    monkeypatch.setattr("linstor.linstorapi.Linstor.AUTH_JSON_PATH", str(tmp_path / "auth.json"), raising=False)
    script.say(DEFINITIONS, body=[])
    cluster.definitions([VOLUME])
    assert "Authorization" not in script.heard[0].headers


def test_an_address_with_a_password_is_refused_without_repeating_it(reach: Any) -> None:
    """Addresses show up in messages, so they must not carry secrets."""
    with pytest.raises(BadConfiguration) as caught:
        reach("http://one:geheim@host")
    assert "geheim" not in str(caught.value)


def test_refused_credentials_are_never_tried_again(script: Any, cluster: Any) -> None:
    """A wrong password must not lock an account."""
    script.say(DEFINITIONS, 401, raw=b"")
    with pytest.raises(AccessDenied):
        cluster.definitions([VOLUME])
    assert script.lines == [DEFINITIONS]
