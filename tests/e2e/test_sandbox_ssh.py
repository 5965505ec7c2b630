"""The stand-ins for ssh and for programs of hosts: the very commands run, and devices follow DRBD's rules."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from entrypoints.sandbox.torture.programs import BUSY, FULL, READ_ONLY, failing
from entrypoints.sandbox.torture.starting import sessions_told
from entrypoints.sandbox.world import Sandbox

pytestmark = pytest.mark.e2e

BLOCK = 4096


@pytest.fixture
def cloud() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def device(cloud: Sandbox) -> str:
    """A volume with replicas on host-a and host-b and a witness on host-c; its device."""
    cloud.linstor.definitions.spawn("OpenNebula-Default", "vol", [8192])
    return f"/dev/drbd{cloud.linstor.state.definitions['vol'].volumes[0].minor}"


def _ssh(cloud: Sandbox, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    argv = [str(cloud.root / "bin" / "ssh"), *words]
    return subprocess.run(argv, input=stdin, capture_output=True, env=cloud.environment(), timeout=60, check=False)


def _start(cloud: Sandbox, *words: str) -> subprocess.Popen[bytes]:
    argv = [str(cloud.root / "bin" / "ssh"), *words]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=cloud.environment())


def _until(true: Callable[[], bool]) -> bool:
    """Whether it becomes true before the patience of a test ends."""
    for _ in range(500):
        if true():
            return True
        time.sleep(0.02)
    return False


# -- ssh ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("host-a", "echo one; echo two >&2; exit 3"),
        (
            "-o",
            "BatchMode=yes",
            "-p",
            "22",
            "-q",
            "-oConnectTimeout=5",
            "oneadmin@host-a",
            "echo one; echo two >&2; exit 3",
        ),
        ("-T", "--", "host-a", "echo", "one;", "echo", "two", ">&2;", "exit", "3"),
    ],
)
def test_a_command_runs_with_its_output_and_exit_code(cloud: Sandbox, words: tuple[str, ...]) -> None:
    """Whatever options stand before the host."""
    ended = _ssh(cloud, *words)

    assert (ended.stdout, ended.stderr, ended.returncode) == (b"one\n", b"two\n", 3)


@pytest.mark.parametrize("command", ["bash -s", "sh -s", "/bin/bash", "bash -s -- x", ""])
def test_a_script_comes_on_standard_input(cloud: Sandbox, command: str) -> None:
    """As the driver and OpenNebula's own functions send it."""
    words = ("host-a", command) if command else ("host-a",)

    ended = _ssh(cloud, *words, stdin=b"echo $((6 * 7)) $SANDBOX_HOST\nexit 5\n")

    assert (ended.stdout, ended.returncode) == (b"42 host-a\n", 5)


def test_a_host_that_is_down_cannot_be_reached(cloud: Sandbox) -> None:
    """Until it is up again; neither can one that nobody knows."""
    cloud.hosts.down("host-a")
    ended = _ssh(cloud, "host-a", "true")
    assert (ended.returncode, ended.stderr) == (255, b"ssh: connect to host host-a port 22: No route to host\n")
    assert _ssh(cloud, "host-z", "true").returncode == 255

    cloud.hosts.up("host-a")

    assert _ssh(cloud, "host-a", "true").returncode == 0


def test_each_host_has_its_own_datastores(cloud: Sandbox) -> None:
    """By the same path, and with the doubled slash of oned; the front-end's are oned's own."""
    path = f"{cloud.one}/var//datastores/102/7"
    for host in ("host-a", "one-fe"):
        assert (
            _ssh(cloud, host, "bash -s", stdin=f"mkdir -p {path} && echo {host} > {path}/file".encode()).returncode == 0
        )

    assert (cloud.host_path("host-a", path) / "file").read_text() == "host-a\n"
    assert (cloud.datastores / "102/7/file").read_text() == "one-fe\n"
    assert not cloud.host_path("host-b", path).exists()


def test_a_host_names_its_paths_as_a_real_one_does(cloud: Sandbox, device: str) -> None:
    """Nothing that it prints tells of the directory which it really is."""
    path = f"{cloud.one}/var/datastores/102/7"
    script = f"mkdir -p {path}; cd {path}; pwd; ln -s {device} disk.0; readlink disk.0; readlink -e disk.0; ls {device}"

    ended = _ssh(cloud, "host-a", "bash -s", stdin=script.encode())

    assert ended.stdout.decode().split() == [path, device, device, device]


def test_the_size_of_a_device_stands_where_the_kernel_tells_it(cloud: Sandbox, device: str) -> None:
    """In sectors of 512 bytes, without opening it."""
    name = device.rpartition("/")[2]

    ended = _ssh(cloud, "host-a", f"cat /sys/class/block/{name}/size")

    assert int(ended.stdout) * 512 == cloud.hosts.devices("host-a")[name] >= 8 * 1024 * 1024


def test_devices_of_the_machine_itself_stay(cloud: Sandbox) -> None:
    """Scripts use them on every host."""
    ended = _ssh(
        cloud, "host-a", "bash -s", stdin=b"echo lost > /dev/null; head -c 2 /dev/zero | od -An -tx1; cat < /dev/fd/0"
    )

    assert ended.stdout.split() == [b"00", b"00"]


def test_a_link_to_a_device_means_the_device_of_the_host_that_follows_it(cloud: Sandbox, device: str) -> None:
    """Copied to a host without the device it leads nowhere, as with real ones."""
    cloud.linstor.definitions.delete("vol")
    cloud.linstor.add_group("single", place_count=1, storage_pool="data")
    cloud.linstor.definitions.spawn("single", "vol", [8192])
    (here,) = (each.node for each in cloud.linstor.state.definitions["vol"].diskful())
    away = next(host for host in ("host-a", "host-b", "host-c") if host != here)
    path = f"{cloud.one}/var/datastores/102/7"
    _ssh(cloud, here, f"mkdir -p {path} && ln -s {device} {path}/disk.0")
    archive = _ssh(cloud, here, f"tar -C {path} -cf - .").stdout
    _ssh(cloud, away, f"mkdir -p {path} && tar -C {path} -xf -", stdin=archive)

    seen = {host: _ssh(cloud, host, f"readlink {path}/disk.0; test -e {path}/disk.0") for host in (here, away)}

    assert {host: (ended.stdout.decode().strip(), ended.returncode) for host, ended in seen.items()} == {
        here: (device, 0),
        away: (device, 1),
    }


def test_a_shared_datastore_is_seen_everywhere(cloud: Sandbox) -> None:
    """One directory, also for a script that goes through all datastores."""
    cloud.hosts.share(103)
    base = f"{cloud.one}/var/datastores"
    _ssh(cloud, "host-a", f"mkdir -p {base}/103/7 && touch {base}/103/7/disk.0")

    for host in ("host-b", "one-fe"):
        found = _ssh(cloud, host, "bash -s", stdin=f"for each in {base}/*/*/disk.*; do echo $each; done".encode())
        assert found.stdout.decode().split() == [f"{base}/103/7/disk.0"]


def test_a_stream_of_bytes_passes_as_it_is(cloud: Sandbox) -> None:
    """In both directions, whatever is in it."""
    home = str(cloud.hosts.home("host-a")).encode()
    data = b"\0" + home + bytes(range(256)) * 4096 + home

    assert _ssh(cloud, "host-a", "cat", stdin=data).stdout == data


def test_nothing_of_the_caller_comes_through(cloud: Sandbox) -> None:
    """A script that relies on oned's environment must fail here as it does on a host."""
    ended = _ssh(cloud, "host-a", "echo $ONE_AUTH$ONE_LOCATION$ONE_XMLRPC")

    assert ended.stdout == b"\n"


def test_a_host_reaches_another_one(cloud: Sandbox) -> None:
    """Copies from host to host go that way."""
    assert _ssh(cloud, "host-a", "ssh host-b 'echo $SANDBOX_HOST'").stdout == b"host-b\n"


def test_every_session_is_logged(cloud: Sandbox) -> None:
    """With its host, its end, and its bytes."""
    _ssh(cloud, "host-a", "wc -c; exit 4", stdin=b"x" * 1000)
    cloud.hosts.down("host-b")
    _ssh(cloud, "host-b", "true")

    told = [(each.host, each.exit_code, each.bytes_in, each.bytes_out) for each in cloud.sessions()]

    assert told == [("host-a", 4, 1000, 5), ("host-b", 255, 0, 0)]


# -- devices --------------------------------------------------------------------------------------


def test_dd_writes_and_reads_a_device(cloud: Sandbox, device: str) -> None:
    """What it wrote on one host can be read on the other once it has ended."""
    written = _ssh(cloud, "host-a", f"dd of={device} bs=4k conv=notrunc,nocreat,fsync", stdin=b"a" * BLOCK)

    read = _ssh(cloud, "host-b", f"head -c {BLOCK} < {device}")

    assert written.returncode == 0, written.stderr
    assert read.stdout == b"a" * BLOCK


def test_a_writer_elsewhere_refuses_both_readers_and_writers(cloud: Sandbox, device: str) -> None:
    """With the errors of DRBD: read-only file system, wrong medium type."""
    held = cloud.linstor.devices.open("host-a", "vol", write=True)

    write = _ssh(cloud, "host-b", f"dd of={device} bs=4k conv=notrunc,nocreat", stdin=b"b" * BLOCK)
    read = _ssh(cloud, "host-b", f"dd if={device} bs=4k count=1")
    redirected = _ssh(cloud, "host-b", f"head -c 1 < {device}")

    assert (write.returncode, read.returncode, redirected.returncode) == (1, 1, 1)
    assert f"dd: failed to open '{device}': Read-only file system".encode() in write.stderr
    assert f"dd: failed to open '{device}': Wrong medium type".encode() in read.stderr
    assert b"Wrong medium type" in redirected.stderr
    assert held.read(0, BLOCK) == bytes(BLOCK)


def test_a_device_that_is_not_attached_does_not_exist(cloud: Sandbox, device: str) -> None:
    """Neither for a reader nor for a writer, and no plain file comes into being."""
    ended = _ssh(cloud, "one-fe", f"dd of={device} bs=4k", stdin=b"b" * BLOCK)

    assert ended.returncode == 1
    assert b"No such file or directory" in ended.stderr
    assert not cloud.host_path("one-fe", device).exists()


def test_a_reading_program_blocks_writers_elsewhere_until_it_ends(cloud: Sandbox, device: str) -> None:
    """A forgotten reader is what makes a migration fail."""
    writes = f"dd of={device} bs=4k conv=notrunc,nocreat"
    reader = _start(cloud, "host-a", f"exec head -c {8 * 1024 * 1024} {device}")
    assert _until(lambda: bool(cloud.linstor.devices.openers("host-a", "vol")))
    refused = _ssh(cloud, "host-b", writes, stdin=bytes(BLOCK))

    read, _ = reader.communicate()

    assert (refused.returncode, len(read)) == (1, 8 * 1024 * 1024)
    assert _until(lambda: not cloud.linstor.devices.openers("host-a", "vol"))
    assert _ssh(cloud, "host-b", writes, stdin=bytes(BLOCK)).returncode == 0


def test_a_program_that_is_killed_has_closed_its_device(cloud: Sandbox, device: str) -> None:
    """However it ends; as long as it ran, the other host could not write."""
    writer = _start(cloud, "host-a", f"exec dd of={device} bs=4k conv=notrunc,nocreat")
    assert _until(lambda: bool(cloud.linstor.devices.openers("host-a", "vol")))
    refused = _ssh(cloud, "host-b", f"dd of={device} bs=4k conv=notrunc,nocreat", stdin=bytes(BLOCK))

    _kill_dd(cloud, device)
    writer.communicate()

    assert refused.returncode == 1
    assert _until(lambda: not cloud.linstor.devices.openers("host-a", "vol"))
    allowed = _ssh(cloud, "host-b", f"dd of={device} bs=4k conv=notrunc,nocreat", stdin=bytes(BLOCK))
    assert allowed.returncode == 0


def _kill_dd(cloud: Sandbox, device: str) -> None:
    """Kill the one `dd` of this sandbox, found by the file it has open."""
    place = str(cloud.host_path("host-a", device))
    found = subprocess.run(["fuser", place], capture_output=True, check=False).stdout.split()
    subprocess.run(["kill", "-KILL", *(each.decode() for each in found)], check=True)


def test_a_link_is_checked_as_the_device_that_it_names(cloud: Sandbox, device: str) -> None:
    """A script that writes to `disk.0` writes to the device."""
    path = f"{cloud.one}/var/datastores/102/7"
    _ssh(cloud, "host-b", f"mkdir -p {path} && ln -s {device} {path}/disk.0")
    held = cloud.linstor.devices.open("host-a", "vol", write=True)

    refused = _ssh(cloud, "host-b", f"dd of={path}/disk.0 bs=4k conv=notrunc", stdin=b"b" * BLOCK)
    held.close()

    assert refused.returncode == 1
    assert b"Read-only file system" in refused.stderr


def test_fuser_tells_whether_anybody_on_this_host_has_it_open(cloud: Sandbox, device: str) -> None:
    """A guest of the sandbox, too; another host's opener does not count."""
    held = cloud.linstor.devices.open("host-a", "vol", write=True)
    told = [_ssh(cloud, host, f"fuser -s -- {device}").returncode for host in ("host-a", "host-b")]
    held.close()

    assert [*told, _ssh(cloud, "host-a", f"fuser -s -- {device}").returncode] == [0, 1, 1]


def test_mkswap_and_mkfs_format_a_device(cloud: Sandbox, device: str) -> None:
    """By the real programs, unless somebody else writes there."""
    assert _ssh(cloud, "host-a", f"PATH=$PATH:/sbin:/usr/sbin; mkswap {device}").returncode == 0
    content = cloud.linstor.state.definitions["vol"].volumes[0].content
    assert content is not None and content.read(4086, 10) == b"SWAPSPACE2"
    held = cloud.linstor.devices.open("host-b", "vol", write=True)

    refused = _ssh(cloud, "host-a", f"PATH=$PATH:/sbin:/usr/sbin; mkfs.ext4 -F {device}")
    held.close()

    assert refused.returncode == 1
    assert content.read(4086, 10) == b"SWAPSPACE2"


def test_programs_that_open_no_device_are_the_real_ones(cloud: Sandbox) -> None:
    """Wrapped or not, they do what they do."""
    assert _ssh(cloud, "host-a", "printf abc | head -c 2 | dd bs=1 2>/dev/null").stdout == b"ab"


def test_virsh_freezes_and_thaws_a_guest(cloud: Sandbox, device: str) -> None:
    """One that runs; of any other it says that there is none."""
    directory = f"{cloud.one}/var/datastores/102/7"
    _ssh(cloud, "host-a", f"mkdir -p {directory} && ln -s {device} {directory}/disk.0")
    cloud.guests.start(7, "host-a", directory, [0])

    assert _ssh(cloud, "host-a", "virsh --connect qemu:///system domfsfreeze one-7").returncode == 0
    assert cloud.guests.guests[7].frozen
    assert _ssh(cloud, "host-a", "virsh --connect qemu:///system domfsthaw one-7").returncode == 0
    assert not cloud.guests.guests[7].frozen
    missing = _ssh(cloud, "host-a", "virsh --connect qemu:///system domfsfreeze one-8")
    assert (missing.returncode, re.search(rb"failed to get domain", missing.stderr) is not None) == (1, True)


# -- what goes wrong with a session -----------------------------------------------------------------


def _troubled(cloud: Sandbox, trouble: str, command: str) -> subprocess.CompletedProcess[bytes]:
    with sessions_told(lambda said: trouble if said.endswith(" begins") else "") as told:
        argv = [str(cloud.root / "bin" / "ssh"), "host-a", command]
        environment = {**cloud.environment(), "SANDBOX_SESSIONS": told}
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=60)


def test_a_session_can_be_refused(cloud: Sandbox) -> None:
    """Nothing is done then."""
    ended = _troubled(cloud, "refuse", "touch done")
    assert (ended.returncode, ended.stderr) == (255, b"ssh: connect to host host-a port 22: Connection refused\n")
    assert not cloud.host_path("host-a", "/done").exists()


def test_a_session_can_break_behind_its_work(cloud: Sandbox) -> None:
    """Everything is done, and nobody knows."""
    assert _troubled(cloud, "break", "touch done").returncode == 255
    assert cloud.host_path("host-a", "/done").exists()


@pytest.mark.parametrize(
    ("kind", "command", "said"),
    [
        (FULL, "mkdir here", b"No space left on device"),
        (READ_ONLY, "ln -s one other", b"Read-only file system"),
        (BUSY, "dd if=/dev/zero of=here", b"Device or resource busy"),
    ],
)
def test_programs_of_a_host_can_fail_for_a_session(cloud: Sandbox, kind: str, command: str, said: bytes) -> None:
    """With the kernel's own words."""
    ended = _troubled(cloud, f"programs {failing(cloud.root, kind)}", command)
    assert ended.returncode == 1
    assert said in ended.stderr


def test_a_session_can_hang(cloud: Sandbox) -> None:
    """For as long as the program lives that opened it."""
    with pytest.raises(subprocess.TimeoutExpired), sessions_told(lambda _: "hang") as told:
        argv = [str(cloud.root / "bin" / "ssh"), "host-a", "true"]
        subprocess.run(argv, env={**cloud.environment(), "SANDBOX_SESSIONS": told}, timeout=1)


def test_a_program_hears_that_nobody_reads_it_any_more(cloud: Sandbox) -> None:
    """As through a real sshd, which closes its end when the client is gone."""
    client = _start(cloud, "host-a", "yes")
    assert client.stdin is not None and client.stdout is not None
    assert client.stdout.read(1) == b"y"
    client.stdout.close()
    assert client.wait(60) == 128 + signal.SIGPIPE
    client.stdin.close()


def test_what_runs_on_a_host_outlives_a_client_that_is_killed(cloud: Sandbox) -> None:
    """As with a real ssh: only its input ends."""
    client = _start(cloud, "host-a", "touch begun; cat; touch done")
    assert _until(cloud.host_path("host-a", "/begun").exists)
    client.kill()
    assert _until(cloud.host_path("host-a", "/done").exists)
