"""The executables reach hosts through the real ssh and a real sshd: what the stand-in could be too kind about."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from adapters.opennebula.hosts import SshHosts
from domain.errors import HostUnreachable
from domain.names import HostName
from domain.settings import Limits
from domain.steps import MakeDirectory
from entrypoints.sandbox import kin, sshd
from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR, SYSTEM_SSH, Cloud, OrderFailed
from entrypoints.sandbox.sshd import Sshds
from entrypoints.sandbox.world import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.sshd, pytest.mark.skipif(bool(sshd.missing()), reason=sshd.missing())]

IMAGE, DATA, IMPORTED, VM = 3, 4, 5, 7
SYSTEMS = {"ssh": SYSTEM_SSH, "linstor": SYSTEM_LINSTOR}
BANNER = "Welcome.\nThis host is watched.\n"
NOISE = "echo 'You have mail.'; echo 'stty: standard input: Inappropriate ioctl for device' >&2"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as found:
        yield found


@pytest.fixture
def hosts(sandbox: Sandbox) -> Iterator[Sshds]:
    with Sshds(sandbox) as found:
        yield found


@pytest.fixture
def cloud(sandbox: Sandbox, hosts: Sshds) -> Cloud:
    """With an image and a persistent one."""
    cloud = Cloud(sandbox)
    cloud.make_image(IMAGE, "os", 16)
    cloud.make_image(DATA, "data", 16, persistent=True)
    return cloud


def _ssh(sandbox: Sandbox, host: str, command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    argv = [str(sandbox.root / "bin" / "ssh"), host, command]
    return subprocess.run(argv, input=stdin, capture_output=True, env=sandbox.environment(), timeout=60, check=False)


def _migrate(cloud: Cloud, target: str) -> None:
    cloud.prepare_migration(VM, target)
    cloud.migrate_guest(VM)
    cloud.finish_migration(VM)


def _walk(cloud: Cloud, system: int) -> None:
    """Deploy, attach, migrate through all hosts, terminate; the guest's data is read back on each host."""
    guests = cloud.sandbox.guests
    cloud.deploy(VM, "host-a", [IMAGE], system=system)
    cloud.attach(VM, 2, DATA)
    guests.write_all(VM, 16)
    for target in ("host-c", "host-b", "host-a"):
        _migrate(cloud, target)
        assert guests.lost(VM) == []
        assert not [key for key in cloud.sandbox.picture() if "two writers" in key]
    cloud.terminate(VM)


# -- the set-up itself ----------------------------------------------------------------------------


def test_a_session_lands_in_the_world_of_its_host(sandbox: Sandbox, hosts: Sshds) -> None:
    """Through TCP: its exit code, both of its outputs, and a session from there to another host."""
    ended = _ssh(
        sandbox, "host-a", "bash -s", b"echo $SANDBOX_HOST; echo no >&2; ssh host-b 'echo $SANDBOX_HOST'; exit 3"
    )

    assert (ended.stdout, ended.stderr, ended.returncode) == (b"host-a\nhost-b\n", b"no\n", 3)
    assert b"Accepted publickey" in (sandbox.root / "sshd/host-b/log").read_bytes()


def test_nothing_is_left_running(sandbox: Sandbox) -> None:
    """Neither a server nor a command that outlives its session, whose client was killed."""
    with Sshds(sandbox) as hosts:
        place = sandbox.host_path("host-a", "/var/tmp/began")
        argv = [str(sandbox.root / "bin" / "ssh"), "host-a", "touch var/tmp/began; exec sleep 600"]
        client = subprocess.Popen(argv, env=sandbox.environment(), stdin=subprocess.PIPE)
        end = time.monotonic() + 30
        while not place.exists() and client.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        commands = kin.of_host(sandbox.root, "host-a")
        servers = kin.below({os.getpid()}) - {os.getpid()}
        client.kill()
        client.communicate()
        hosts.close()

    assert commands
    assert len(servers) > len(hosts.hosts)
    assert not [each for each in commands | servers if kin.lives(each)]


# -- a life ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_vm_lives_and_moves_without_losing_a_write(cloud: Cloud, system: str) -> None:
    """Deploy, attach, live migrations, terminate: only the images stay, and every host was reached."""
    before = cloud.sandbox.picture()

    _walk(cloud, SYSTEMS[system])

    assert cloud.sandbox.picture() == before
    assert {each.host for each in cloud.sandbox.sessions()} >= {"host-a", "host-b", "host-c"}


def test_an_imported_image_reaches_the_guest_as_it_is(cloud: Cloud) -> None:
    """Every byte of it, whatever it looks like to a terminal or a shell."""
    content = bytes(range(256)) * 16 * 1024
    path = cloud.sources / "os.raw"
    path.write_bytes(content)

    cloud.import_image(IMPORTED, "os", str(path))
    cloud.deploy(VM, "host-a", [IMPORTED])

    disk = cloud.sandbox.guests.guests[VM].open[0]
    assert b"".join(disk.read(offset) for offset in range(0, len(content), 4096)) == content


@pytest.mark.parametrize("profile", [":", NOISE], ids=["silent", "talkative"])
def test_files_of_the_directory_travel_from_host_to_host(cloud: Cloud, hosts: Sshds, profile: str) -> None:
    """On our own system datastore premigrate streams them, through two sessions, whatever is in them."""
    for each in hosts.hosts.values():
        each.say(profile=profile)
    cloud.deploy(VM, "host-a", [IMAGE], system=SYSTEM_LINSTOR)
    content = os.urandom(3 * 1024 * 1024) + b"\r\n~.\r\n\0\xff" + os.urandom(7)
    (cloud.sandbox.host_path("host-a", cloud.directory(VM)) / "checkpoint extra").write_bytes(content)

    cloud.prepare_migration(VM, "host-c")

    arrived = cloud.sandbox.host_path("host-c", cloud.directory(VM)) / "checkpoint extra"
    assert arrived.read_bytes() == content


# -- hosts with peculiarities ---------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_talkative_login_confuses_no_answer(cloud: Cloud, hosts: Sshds, system: str) -> None:
    """A banner, and a profile that writes to both outputs before the command begins."""
    for each in hosts.hosts.values():
        each.say(banner=BANNER, profile=NOISE)
    before = cloud.sandbox.picture()

    _walk(cloud, SYSTEMS[system])

    assert cloud.sandbox.picture() == before
    assert not [name for name, ended in cloud.calls if "/linstor/" in name and "mail" in ended.stdout + ended.stderr]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_host_that_is_down_does_not_block_delete(cloud: Cloud, hosts: Sshds, system: str) -> None:
    """The copy goes from LINSTOR; what the host still has of it is its own."""
    cloud.deploy(VM, "host-a", [IMAGE], system=SYSTEMS[system])
    cloud.sandbox.guests.stop(VM)
    copy = f"OpenNebula-Image-{IMAGE}-vm{VM}-disk0"
    assert copy in cloud.sandbox.linstor.state.definitions
    hosts["host-a"].stop()

    action = "delete" if system == "linstor" else f"delete.{system}"
    cloud.call("tm", "linstor", action, f"host-a:{cloud.directory(VM)}/disk.0", VM, IMAGES)

    assert copy not in cloud.sandbox.linstor.state.definitions


def test_a_target_that_is_down_is_one_clear_sentence(cloud: Cloud, hosts: Sshds) -> None:
    """Premigrate names the host and what ssh said; the guest stays, and no second writer is left allowed."""
    cloud.deploy(VM, "host-a", [IMAGE], system=SYSTEM_LINSTOR)
    hosts["host-c"].say(banner=BANNER)
    hosts["host-c"].stop()

    with pytest.raises(OrderFailed) as failed:
        cloud.prepare_migration(VM, "host-c")

    assert _sentences(failed.value) == 1
    assert "host-c" in failed.value.ended.stderr
    assert "Connection refused" in failed.value.ended.stderr
    cloud.sandbox.guests.write_all(VM)
    assert cloud.sandbox.guests.lost(VM) == []
    assert not [key for key in cloud.sandbox.picture() if "two writers" in key]


def test_a_host_that_takes_connections_and_says_nothing_ends_at_the_limit(cloud: Cloud, hosts: Sshds) -> None:
    """As one whose sshd hangs: the limit for connecting counts, and the order says which host."""
    cloud.deploy(VM, "host-a", [IMAGE], system=SYSTEM_LINSTOR)
    hosts["host-c"].freeze()

    with pytest.raises(OrderFailed) as failed:
        cloud.prepare_migration(VM, "host-c")

    assert _sentences(failed.value) == 1
    assert "host-c" in failed.value.ended.stderr
    assert "timed out" in failed.value.ended.stderr


def test_a_login_that_hangs_ends_at_the_limit(sandbox: Sandbox, hosts: Sshds, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that waits for a dead file server: the limit of a session counts, and stands in the message."""
    monkeypatch.setenv("PATH", sandbox.environment()["PATH"])
    hosts["host-a"].say(profile="sleep 600")

    with pytest.raises(HostUnreachable, match=r"host-a.*no end after 2 seconds"):
        SshHosts(lambda: Limits(host=2.0)).run(HostName("host-a"), [MakeDirectory("/var/tmp/one")])


def _sentences(failed: OrderFailed) -> int:
    """How many lines the administrator gets to read: oned takes those for its log away (opennebula.md 1.5)."""
    return len([line for line in failed.ended.stderr.splitlines() if not line.startswith("INFO: ")])
