"""TLS: verified, and found through the redirect of a plain port (linstor.md 2.1, 3.3)."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.linstor.access import Access
from domain.errors import BadConfiguration, ControllerUnreachable
from domain.names import VolumeName

VOLUME = VolumeName("OpenNebula-Image-2")
DEFINITIONS = "GET /v1/resource-definitions"
LOGIN = {"user": "one", "password": "geheim"}


def test_a_trusted_controller_gets_the_credentials(new_script: Any, reach: Any, tls: Any, certificate: Any) -> None:
    """Defect 18: with the authority's file the peer is known, and may have the password; one connection serves all."""
    script = new_script(tls)
    script.say(DEFINITIONS, body=[])
    cluster = reach(script.url, ca_file=str(certificate), **LOGIN)
    cluster.definitions([VOLUME])
    cluster.definitions([VOLUME])
    assert script.connections == 1
    assert script.heard[0].headers["Authorization"] == "Basic b25lOmdlaGVpbQ=="


def test_a_controller_that_nobody_vouches_for_hears_nothing(new_script: Any, reach: Any, tls: Any) -> None:
    """Without the authority's file a certificate of its own is refused before anything is sent."""
    script = new_script(tls)
    with pytest.raises(ControllerUnreachable, match="certificate verify failed"):
        reach(script.url, **LOGIN).definitions([VOLUME])
    assert script.heard == []


@pytest.mark.parametrize("line", [DEFINITIONS, f"DELETE /v1/resource-definitions/{VOLUME}"])
def test_the_redirect_of_a_plain_port_is_followed(
    script: Any, new_script: Any, reach: Any, tls: Any, certificate: Any, line: str
) -> None:
    """A controller with HTTPS answers 302 on its plain port; credentials go to the secure one only, from then on."""
    secure = new_script(tls)
    script.say(line, 302, raw=b"", headers={"Location": f"{secure.url}{line.split()[1]}"})
    secure.say(line, body=[])
    cluster = reach(script.url, ca_file=str(certificate), **LOGIN)
    call = cluster.delete if line.startswith("DELETE") else lambda volume: cluster.definitions([volume])
    call(VOLUME)
    call(VOLUME)
    assert script.lines == [line]
    assert "Authorization" not in script.heard[0].headers
    assert secure.lines == [line, line]
    assert "Authorization" in secure.heard[0].headers


def test_a_redirect_to_another_machine_is_followed_by_port_only(
    script: Any, new_script: Any, reach: Any, tls: Any, certificate: Any
) -> None:
    """Whoever answers on the plain port cannot send the credentials elsewhere."""
    secure = new_script(tls)
    port = secure.url.rpartition(":")[2]
    script.say(DEFINITIONS, 302, raw=b"", headers={"Location": f"https://elsewhere.example:{port}/v1"})
    secure.say(DEFINITIONS, body=[])
    reach(script.url, ca_file=str(certificate)).definitions([VOLUME])
    assert secure.lines == [DEFINITIONS]


def test_a_certificate_file_that_is_missing_is_a_configuration_error(reach: Any) -> None:
    """It is not reported as an unreachable controller."""
    with pytest.raises(BadConfiguration, match="LINSTOR_CA_FILE"):
        reach("https://127.0.0.1:1", ca_file="/nowhere/ca.pem").definitions([VOLUME])


def test_credentials_do_not_show_in_what_carries_them() -> None:
    """A failed assertion, a log or a debugger prints its text form."""
    assert "geheim" not in repr(Access(user="one", password="geheim", token="geheim2"))
