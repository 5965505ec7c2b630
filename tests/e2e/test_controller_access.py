"""The executables reach a controller that wants TLS and credentials, and pass over one that does not answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.certificates import self_signed, server_side

from entrypoints.sandbox.cloud import SYSTEM_LINSTOR, Cloud, OrderFailed
from entrypoints.sandbox.linstor import LinstorServer, serve
from entrypoints.sandbox.linstor.faults import Fault
from entrypoints.sandbox.world import Sandbox

pytestmark = pytest.mark.e2e

IMAGE, VM = 3, 7
PATIENCE = 10.0
"""Seconds that an order may take at most here, far below the limits for a read and for a change."""
USER, PASSWORD, TOKEN = "one", "geheim-passwort", "geheim-token"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key and the certificate of 127.0.0.1."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What ends with the test."""
    with ExitStack() as ends:
        yield ends


@pytest.fixture
def sandbox(stack: ExitStack) -> Sandbox:
    """A cloud whose own controller no datastore of these tests names."""
    return stack.enter_context(Sandbox())


@pytest.fixture
def secure(sandbox: Sandbox, stack: ExitStack, certificate: Path) -> LinstorServer:
    """Another face of the sandbox's LINSTOR: https, and a user with a password."""
    return _secured(sandbox, stack, certificate, f"{USER}:{PASSWORD}")


def _secured(sandbox: Sandbox, stack: ExitStack, certificate: Path, credentials: str) -> LinstorServer:
    return stack.enter_context(serve(sandbox.linstor, credentials=credentials, tls=server_side(certificate)))


def _lives(cloud: Cloud) -> None:
    """An image and a VM on it, from the beginning to the end, with a volatile disk that comes and goes."""
    cloud.make_image(IMAGE, "os", 16)
    cloud.deploy(VM, "host-a", [IMAGE])
    cloud.call("tm", "linstor", "mkimage", 16, "raw", f"host-a:{cloud.directory(VM)}/disk.5", VM, SYSTEM_LINSTOR)
    cloud.call("tm", "linstor", "delete", f"host-a:{cloud.directory(VM)}/disk.5", VM, SYSTEM_LINSTOR)
    cloud.prepare_migration(VM, "host-c")
    cloud.migrate_guest(VM)
    cloud.finish_migration(VM)
    cloud.terminate(VM)
    cloud.remove_image(IMAGE)


def _secret(text: str) -> bool:
    return any(each in text for each in (PASSWORD, TOKEN))


# -- TLS and credentials --------------------------------------------------------------------------


def test_every_order_works_with_tls_and_a_password(sandbox: Sandbox, secure: LinstorServer, certificate: Path) -> None:
    """Each executable shows the user and the password, and nothing goes to any other controller."""
    login = {"LINSTOR_USER": USER, "LINSTOR_PASSWORD": PASSWORD}
    _lives(Cloud(sandbox, {"LINSTOR_CONTROLLERS": secure.url, "LINSTOR_CA_FILE": str(certificate), **login}))
    assert secure.requests
    assert sandbox.server.requests == []
    assert 401 not in {each.status for each in secure.requests}


def test_every_order_works_with_a_token_from_a_file(
    sandbox: Sandbox, stack: ExitStack, certificate: Path, tmp_path: Path
) -> None:
    """The token need not stand in the datastore."""
    secure = _secured(sandbox, stack, certificate, TOKEN)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    access = {"LINSTOR_CA_FILE": str(certificate), "LINSTOR_TOKEN_FILE": str(tmp_path / "token")}
    _lives(Cloud(sandbox, {"LINSTOR_CONTROLLERS": secure.url, **access}))
    assert 401 not in {each.status for each in secure.requests}


def test_every_order_works_with_a_token_that_oned_encrypts(
    sandbox: Sandbox, stack: ExitStack, certificate: Path
) -> None:
    """DATASTORE_ENCRYPTED_ATTR may list it: transfer actions ask oned for what it hides from others."""
    secure = _secured(sandbox, stack, certificate, TOKEN)
    sandbox.oned.encrypted.add("LINSTOR_TOKEN")
    _lives(
        Cloud(sandbox, {"LINSTOR_CONTROLLERS": secure.url, "LINSTOR_CA_FILE": str(certificate), "LINSTOR_TOKEN": TOKEN})
    )
    assert 401 not in {each.status for each in secure.requests}


def test_the_plain_port_of_a_controller_with_tls_leads_to_it(
    sandbox: Sandbox, stack: ExitStack, secure: LinstorServer, certificate: Path
) -> None:
    """A datastore that names the plain port goes on working when the controller gets TLS."""
    plain = stack.enter_context(serve(sandbox.linstor, redirect_to=secure.url))
    login = {"LINSTOR_USER": USER, "LINSTOR_PASSWORD": PASSWORD}
    _lives(Cloud(sandbox, {"LINSTOR_CONTROLLERS": plain.url, "LINSTOR_CA_FILE": str(certificate), **login}))
    assert {each.status for each in plain.requests} == {302}


@pytest.mark.parametrize(
    ("access", "said"),
    [
        ({"LINSTOR_USER": USER, "LINSTOR_PASSWORD": f"{PASSWORD}-of-old"}, "Login required"),
        ({"LINSTOR_TOKEN": f"{TOKEN}-of-old"}, "Login required"),
        ({"LINSTOR_TOKEN": f"{TOKEN}\nX-More: 1"}, "LINSTOR_TOKEN"),
        ({"LINSTOR_TOKEN": f"{TOKEN}-\N{SNOWMAN}"}, "LINSTOR_TOKEN"),
        ({"LINSTOR_TOKEN": TOKEN, "LINSTOR_CA_FILE": ""}, "certificate verify failed"),
        ({"LINSTOR_CONTROLLERS": f"https://{USER}:{PASSWORD}@127.0.0.1"}, "LINSTOR_CONTROLLERS"),
        ({"LINSTOR_TOKEN": TOKEN, "LINSTOR_TIMEOUT": "soon"}, "LINSTOR_TIMEOUT"),
    ],
)
def test_no_secret_shows_when_access_fails(
    sandbox: Sandbox, secure: LinstorServer, certificate: Path, access: dict[str, str], said: str
) -> None:
    """The sentence names what is wrong, and nothing that is printed has the secret in it."""
    base = {"LINSTOR_CONTROLLERS": secure.url, "LINSTOR_CA_FILE": str(certificate)}
    cloud = Cloud(sandbox, {**base, **access})
    with pytest.raises(OrderFailed) as caught:
        cloud.make_image(IMAGE, "os", 16)
    told = caught.value.ended
    assert said in told.stderr
    assert "internal error" not in told.stderr
    assert not _secret(told.stderr + told.stdout)


# -- the first controller -------------------------------------------------------------------------


def _dead(_sandbox: Sandbox, _stack: ExitStack) -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"127.0.0.1:{listening.getsockname()[1]}"


def _hanging(_sandbox: Sandbox, stack: ExitStack) -> str:
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return f"127.0.0.1:{listening.getsockname()[1]}"


def _standing_by(sandbox: Sandbox, stack: ExitStack) -> str:
    """It knows who is active, and sends its visitors there."""
    return stack.enter_context(serve(sandbox.linstor, redirect_to=f"http://{sandbox.controller}")).url


def _starting(sandbox: Sandbox, stack: ExitStack) -> str:
    """What stands before it says that it is not there yet, to everything."""
    server = stack.enter_context(serve(sandbox.linstor))
    for _ in range(1000):
        server.fault(Fault(lambda *_: True, how="garbage"))
    return server.url


@pytest.mark.parametrize("first", [_dead, _hanging, _standing_by, _starting])
def test_every_order_succeeds_past_a_first_controller_that_does_not_answer(
    sandbox: Sandbox, stack: ExitStack, first: Callable[[Sandbox, ExitStack], str]
) -> None:
    """Each order, whether it begins with a look or a change, waits no longer for it than for a connection."""
    controllers = f"{first(sandbox, stack)},{sandbox.controller}"
    cloud = Cloud(sandbox, {"LINSTOR_CONTROLLERS": controllers, "LINSTOR_CONNECT_TIMEOUT": "0.5"})
    _lives(cloud)
    assert max(ended.seconds for _, ended in cloud.calls) < PATIENCE
