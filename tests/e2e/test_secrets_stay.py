"""Who may talk to the controller, and that what proves it is shown to nobody else (design.md rule 11)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.certificates import self_signed, server_side

from entrypoints.sandbox.cloud import SYSTEM_LINSTOR, Cloud, OrderFailed
from entrypoints.sandbox.linstor import LinstorServer, serve
from entrypoints.sandbox.world import Sandbox

pytestmark = pytest.mark.e2e

IMAGE, VM = 3, 7
USER, PASSWORD = "one", "geheim-passwort"
S3_SECRET = "geheim-schluessel"
WATCH = """
def watch(event, given, log={log!r}):
    if event in ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"):
        with open(log, "a") as file:
            file.write(repr(given[1:2] if event != "os.system" else given) + "\\n")
sys.addaudithook(watch)
"""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What ends with the test."""
    with ExitStack() as ends:
        yield ends


@pytest.fixture
def sandbox(stack: ExitStack) -> Sandbox:
    """A cloud of the test's own."""
    return stack.enter_context(Sandbox())


def _certificate(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return self_signed(tmp_path / name)


def _lives(cloud: Cloud) -> None:
    cloud.make_image(IMAGE, "os", 16)
    cloud.deploy(VM, "host-a", [IMAGE])
    cloud.call("tm", "linstor", "mkimage", 16, "raw", f"host-a:{cloud.directory(VM)}/disk.5", VM, SYSTEM_LINSTOR)
    cloud.terminate(VM)
    cloud.remove_image(IMAGE)


def _strict(stack: ExitStack, sandbox: Sandbox, own: Path, clients: Path) -> LinstorServer:
    return stack.enter_context(serve(sandbox.linstor, tls=server_side(own, clients)))


def test_a_controller_that_wants_a_client_certificate_gets_it(
    sandbox: Sandbox, stack: ExitStack, tmp_path: Path
) -> None:
    """Every executable shows the one that the datastore names."""
    own, client = _certificate(tmp_path, "server"), _certificate(tmp_path, "client")
    strict = _strict(stack, sandbox, own, client)
    files = {"LINSTOR_CA_FILE": str(own), "LINSTOR_CERT_FILE": str(client), "LINSTOR_KEY_FILE": str(client)}

    _lives(Cloud(sandbox, {"LINSTOR_CONTROLLERS": strict.url, **files}))

    assert strict.requests
    assert sandbox.server.requests == []


@pytest.mark.parametrize("shown", ["none", "another"])
def test_without_the_right_certificate_nobody_is_heard(
    sandbox: Sandbox, stack: ExitStack, tmp_path: Path, shown: str
) -> None:
    """The order fails with one sentence, and the controller has answered nothing."""
    own, client = _certificate(tmp_path, "server"), _certificate(tmp_path, "client")
    strict = _strict(stack, sandbox, own, client)
    files = {"LINSTOR_CA_FILE": str(own)}
    if shown == "another":
        other = _certificate(tmp_path, "other")
        files |= {"LINSTOR_CERT_FILE": str(other), "LINSTOR_KEY_FILE": str(other)}

    with pytest.raises(OrderFailed) as failed:
        Cloud(sandbox, {"LINSTOR_CONTROLLERS": strict.url, **files}).make_image(IMAGE, "os", 16)

    assert len(str(failed.value).strip().splitlines()) <= 2
    assert strict.requests == []


def test_no_program_is_started_with_a_secret_among_its_words(
    sandbox: Sandbox, stack: ExitStack, tmp_path: Path
) -> None:
    """Whoever is logged in on a machine can read the words of every process there."""
    log = tmp_path / "started"
    for launcher in (sandbox.one / "var" / "remotes").glob("*/linstor/*"):
        text = launcher.read_text()
        if text.startswith("#!") and "import sys\n" in text:
            launcher.write_text(text.replace("import sys\n", "import sys\n" + WATCH.format(log=str(log)), 1))
    own = _certificate(tmp_path, "server")
    secure = stack.enter_context(serve(sandbox.linstor, credentials=f"{USER}:{PASSWORD}", tls=server_side(own)))
    login = {"LINSTOR_USER": USER, "LINSTOR_PASSWORD": PASSWORD, "LINSTOR_CA_FILE": str(own)}

    _lives(Cloud(sandbox, {"LINSTOR_CONTROLLERS": secure.url, **login, "SECRET_ACCESS_KEY": S3_SECRET}))

    started = log.read_text()
    assert "ssh" in started
    assert not any(secret in started for secret in (PASSWORD, S3_SECRET))
