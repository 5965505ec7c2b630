"""Steps of configuration.feature."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, scenarios, then, when
from tests.certificates import self_signed, server_side
from worlds import FIRST_IMAGE, VM, World

from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR
from entrypoints.sandbox.linstor import LinstorServer, serve

scenarios("configuration.feature")

TOKEN, PASSWORD, OF_OLD = "geheim-token", "geheim-passwort", "-of-old"
ACCESS = {
    "the token": {"LINSTOR_TOKEN": TOKEN},
    "an old token": {"LINSTOR_TOKEN": TOKEN + OF_OLD},
    "an old password": {"LINSTOR_USER": "one", "LINSTOR_PASSWORD": PASSWORD},
    "the token, but no certificate": {"LINSTOR_TOKEN": TOKEN, "LINSTOR_CA_FILE": ""},
    "a token of two lines": {"LINSTOR_TOKEN": f"{TOKEN}\nX-More: 1"},
}
NEW, MIB = FIRST_IMAGE + 5, 4


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key and the certificate of 127.0.0.1."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(world: World, certificate: Path) -> Iterator[LinstorServer]:
    """Another face of the sandbox's LINSTOR."""
    with serve(world.sandbox.linstor, credentials=TOKEN, tls=server_side(certificate)) as server:
        yield server


@pytest.fixture
def dead() -> list[str]:
    """Two controllers, and nobody listens there."""
    with ExitStack() as stack:
        ports = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(2)]
    return [f"127.0.0.1:{port}" for port in ports]


def _say(world: World, **attributes: str) -> None:
    for datastore in (IMAGES, SYSTEM_LINSTOR):
        world.cloud.say(datastore, **attributes)


# -- given ----------------------------------------------------------------------------------------


@given("the datastores name a dead controller and LINSTOR's")
def _one_dead(world: World, dead: list[str]) -> None:
    _say(world, LINSTOR_CONTROLLERS=f"{dead[0]},{world.sandbox.controller}")


@given("the datastores name two dead controllers")
def _two_dead(world: World, dead: list[str]) -> None:
    _say(world, LINSTOR_CONTROLLERS=",".join(dead))


@given("the controller wants https and a token")
def _secure(secure: LinstorServer) -> None:
    assert secure.url.startswith("https://")


@given(parsers.re("the datastores name it, its certificate and (?P<access>.*)$"))
def _named(world: World, secure: LinstorServer, certificate: Path, access: str) -> None:
    known = {"LINSTOR_CONTROLLERS": secure.url, "LINSTOR_CA_FILE": str(certificate)}
    _say(world, **{**known, **ACCESS[access]})


@given("the image datastore says LINSTOR_AUTO_PLACE")
def _of_old(world: World) -> None:
    world.cloud.say(IMAGES, LINSTOR_AUTO_PLACE="2")


@given(parsers.parse("the image datastore says {attribute} wrongly"))
def _wrong(world: World, attribute: str) -> None:
    world.cloud.say(IMAGES, **{attribute: "soon"})


# -- when -----------------------------------------------------------------------------------------


@when("an image is made")
def _image(world: World) -> None:
    world.tried(lambda: world.cloud.make_image_with(NEW, MIB, {}))


@when(parsers.parse('an image that names the resource group "{group}" is made'))
def _image_in(world: World, group: str) -> None:
    world.tried(lambda: world.cloud.make_image_with(NEW, MIB, {"LINSTOR_RESOURCE_GROUP": group}))


@when("a VM with that image is deployed on alpha")
def _deployed(world: World) -> None:
    world.tried(lambda: world.cloud.begin(VM, "alpha", [NEW], SYSTEM_LINSTOR))


@when(parsers.parse('a VM that names the resource group "{group}" is deployed with the image "{name}"'))
def _vm_in(world: World, group: str, name: str) -> None:
    attributes = {"LINSTOR_RESOURCE_GROUP": group}
    world.tried(lambda: world.cloud.begin(VM, "alpha", [world.ids[name]], SYSTEM_LINSTOR, **attributes))


# -- then -----------------------------------------------------------------------------------------


@then("the order fails and names both controllers")
def _names_both(world: World, dead: list[str]) -> None:
    assert world.failed is not None
    assert all(each in world.failed.ended.stderr for each in dead)


@then("nobody was refused")
def _nobody_refused(world: World, secure: LinstorServer) -> None:
    assert secure.requests
    assert {each.status for each in secure.requests} & {401, 403} == set()
    assert world.sandbox.server.requests == []


@then("no secret was printed")
def _not_printed(world: World) -> None:
    printed = "".join(ended.stdout + ended.stderr for _, ended in world.cloud.calls)
    assert printed
    assert TOKEN not in printed
    assert PASSWORD not in printed


@then(parsers.parse('the image is in the resource group "{group}"'))
def _image_is_in(world: World, group: str) -> None:
    assert world.failed is None
    assert world.sandbox.linstor.state.definitions[world.cloud.images[NEW].source].group == group


@then(parsers.parse('the VM\'s disk is in the resource group "{group}"'))
def _disk_is_in(world: World, group: str) -> None:
    assert world.failed is None
    assert world.volume().group == group


@then(parsers.parse('the image "{name}" is in the resource group "{group}"'))
def _named_image_is_in(world: World, name: str, group: str) -> None:
    assert world.definition(name).group == group


@then("oned's log has a warning that names LINSTOR_AUTO_PLACE and the resource group")
def _warned(world: World) -> None:
    (warning,) = [line for line in world.cloud.calls[-1][1].stderr.splitlines() if line.startswith("WARN: ")]
    assert "LINSTOR_AUTO_PLACE" in warning
    assert "OpenNebula-Default" in warning


@then(parsers.re(r"the order fails and names (?P<attribute>LINSTOR_\w+)$"))
def _names_attribute(world: World, attribute: str) -> None:
    assert world.failed is not None
    assert attribute in world.failed.ended.stderr
