"""A whole small cloud: the executables run as oned runs them, and what they do is seen in LINSTOR and on hosts."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from entrypoints.sandbox import demo, shell
from entrypoints.sandbox.cloud import SYSTEM_LINSTOR, SYSTEM_SHARED, SYSTEM_SSH, Cloud, OrderFailed
from entrypoints.sandbox.linstor.faults import Fault
from entrypoints.sandbox.world import Sandbox

pytestmark = pytest.mark.e2e

IMAGE, DATA, VM = 3, 4, 7
SYSTEMS = {"ssh": SYSTEM_SSH, "shared": SYSTEM_SHARED, "linstor": SYSTEM_LINSTOR}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as found:
        yield found


def _replace(sandbox: Sandbox, action: str, text: str) -> None:
    """Put another executable in the place of one of ours."""
    path = sandbox.script("tm", "linstor", action)
    path.write_text(text)
    path.chmod(0o755)


def _shown(sandbox: Sandbox) -> tuple[int, str]:
    """Exit code and text of the demonstration."""
    told = io.StringIO()
    code = demo.Demo(sandbox, Console(file=told, width=120)).run()
    return code, told.getvalue()


def _ended(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().split()[2] == "Z"


# -- the demonstration ----------------------------------------------------------------------------


def test_the_demonstration_walks_through_the_life_of_a_vm(sandbox: Sandbox) -> None:
    """Every step succeeds; what changed in LINSTOR and on the hosts is shown, and a table of the steps at the end."""
    code, told = _shown(sandbox)

    assert code == 0, told
    for line in (
        "+ LINSTOR OpenNebula-Image-0: 64 MiB, group OpenNebula-Default",
        "+ host-a datastores/102/7/disk.0: link to /dev/drbd",
        "+ LINSTOR OpenNebula-Image-0-vm7-disk0 two writers: host-a and host-c",
        "- LINSTOR OpenNebula-Image-0-vm7-disk0 two writers: host-a and host-c",
        "- host-a datastores/102/7/disk.0: link to /dev/drbd",
        "- LINSTOR OpenNebula-Image-0: 64 MiB, group OpenNebula-Default",
        "tm/ssh/premigrate: exit 0",
    ):
        assert line in told
    table = told.rpartition("What it took")[2]
    assert table.count(" ok") == len(demo.Life(sandbox).steps())
    assert "failed" not in told
    assert str(sandbox.root / "hosts") not in told


def test_the_demonstration_stops_at_an_executable_that_fails(sandbox: Sandbox) -> None:
    """With exit code 1 and the sentence that the executable said."""
    _replace(sandbox, "ln", "#!/bin/sh\necho no such luck >&2\nexit 1\n")

    code, told = _shown(sandbox)

    assert code == 1
    assert "failed: tm/linstor/ln.ssh ended with 1: no such luck" in told
    assert "terminate the VM" not in told


@pytest.mark.parametrize(
    ("action", "said"), [("delete", "left behind"), ("premigrate", "host-c"), ("ln", "does not exist")]
)
def test_the_demonstration_finds_an_executable_that_does_nothing(sandbox: Sandbox, action: str, said: str) -> None:
    """Success that is only told is no success."""
    _replace(sandbox, action, "#!/bin/sh\ncat > /dev/null\n")

    code, told = _shown(sandbox)

    assert code == 1
    assert said in told.partition("failed:")[2]


def test_the_demonstration_finds_lost_data(sandbox: Sandbox) -> None:
    """A clone that is not a copy of the image is told at once."""
    aside = sandbox.script("tm", "linstor", "clone").parent.with_name("aside")
    aside.mkdir()
    sandbox.script("tm", "linstor", "clone").rename(aside / "clone")
    spoil = "head -c 4096 /dev/zero | ssh host-a dd of=${2#*:} conv=notrunc"
    _replace(sandbox, "clone", f'#!/bin/bash\n{aside}/clone "$@" && {spoil}\n')

    code, told = _shown(sandbox)

    assert code == 1
    assert "failed: the guest's disk differs at [0]" in told


# -- operations -----------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_vm_lives_on_every_kind_of_system_datastore(sandbox: Sandbox, system: str) -> None:
    """Deploy, attach, migrate there and back, terminate: no write is lost, and only the images stay."""
    cloud = Cloud(sandbox)
    cloud.make_image(IMAGE, "os", 16)
    cloud.make_image(DATA, "data", 16, persistent=True)
    before = sandbox.picture()

    cloud.deploy(VM, "host-a", [IMAGE], system=SYSTEMS[system])
    cloud.attach(VM, 2, DATA)
    sandbox.guests.write_all(VM, 16)
    for target in ("host-c", "host-b", "host-a"):
        cloud.prepare_migration(VM, target)
        cloud.migrate_guest(VM)
        cloud.finish_migration(VM)
        assert sandbox.guests.lost(VM) == []
        assert not [key for key in sandbox.picture() if "two writers" in key]
        assert sandbox.host_path(target, f"{cloud.directory(VM)}/disk.1").is_file()
    cloud.terminate(VM)

    assert sandbox.picture() == before


def test_a_migration_that_the_hypervisor_refuses_leaves_the_vm_where_it_is(sandbox: Sandbox) -> None:
    """On our own system datastore failmigrate takes back what premigrate gave."""
    cloud = Cloud(sandbox)
    cloud.make_image(IMAGE, "os", 16)
    cloud.deploy(VM, "host-a", [IMAGE], system=SYSTEM_LINSTOR)
    cloud.prepare_migration(VM, "host-c")
    (sandbox.host_path("host-c", cloud.directory(VM)) / "disk.0").unlink()
    (sandbox.host_path("host-c", cloud.directory(VM)) / "disk.0").symlink_to("/dev/drbd4711")

    with pytest.raises(OSError, match="leads nowhere"):
        cloud.migrate_guest(VM)

    assert cloud.vms[VM].now.host == "host-a"
    assert [name for name, _ in cloud.calls][-1] == "tm/linstor/failmigrate"
    sandbox.guests.write_all(VM)
    assert sandbox.guests.lost(VM) == []
    assert not [key for key in sandbox.picture() if "two writers" in key or key.startswith("host-c datastores")]


def test_a_refused_migration_leaves_no_files_on_the_target(sandbox: Sandbox) -> None:
    """On a system datastore of ssh the hypervisor takes its files back: failmigrate does nothing there."""
    cloud = Cloud(sandbox)
    cloud.make_image(IMAGE, "os", 16)
    cloud.deploy(VM, "host-a", [IMAGE], system=SYSTEM_SSH)
    cloud.prepare_migration(VM, "host-c")
    (sandbox.host_path("host-c", cloud.directory(VM)) / "disk.0").unlink()
    (sandbox.host_path("host-c", cloud.directory(VM)) / "disk.0").symlink_to("/dev/drbd4711")

    with pytest.raises(OSError, match="leads nowhere"):
        cloud.migrate_guest(VM)

    assert not sandbox.host_path("host-c", cloud.directory(VM)).exists()
    assert sandbox.guests.lost(VM) == []


def test_an_image_that_cannot_be_made_is_an_error_of_its_executable(sandbox: Sandbox) -> None:
    """Named, with what it said, and nothing is kept of the image."""
    cloud = Cloud(sandbox)

    with pytest.raises(OrderFailed, match=r"^datastore/linstor/mkfs ended with 1: .*finds no place"):
        cloud.make_image(IMAGE, "huge", 2**29)

    assert cloud.images == {}
    assert sandbox.picture() == {}


# -- the world ------------------------------------------------------------------------------------


def test_a_call_is_counted(sandbox: Sandbox) -> None:
    """What it asked of LINSTOR and of oned, and its ssh sessions; of this call alone."""
    cloud = Cloud(sandbox)
    cloud.make_image(IMAGE, "os", 16)
    cloud.deploy(VM, "host-a", [IMAGE])
    called = dict(cloud.calls)

    clone = called["tm/linstor/clone.ssh"]

    assert "POST /v1/resource-definitions/OpenNebula-Image-3/clone" in clone.linstor_requests
    assert clone.linstor_bytes > 0
    assert {"one.vm.info", "one.datastore.info"} == set(clone.oned_requests)
    assert [(each.host, each.exit_code) for each in clone.ssh_sessions] == [("host-a", 0)]
    assert not any(each.endswith("/spawn") for each in clone.linstor_requests)
    assert called["datastore/linstor/mkfs"].ssh_sessions == ()
    assert sum(len(ended.ssh_sessions) for _, ended in cloud.calls) == len(sandbox.sessions())
    assert sum(len(ended.oned_requests) for _, ended in cloud.calls) == len(sandbox.oned.requests)


def test_an_action_without_the_suffix_stands_in_for_one_with_it(sandbox: Sandbox) -> None:
    """Where there is no executable of the longer name (opennebula.md 3.3)."""
    assert sandbox.script("tm", "linstor", "clone.ssh").name == "clone"
    _replace(sandbox, "clone", "#!/bin/sh\n")
    sandbox.script("tm", "linstor", "clone").with_name("clone.ssh").write_text("#!/bin/sh\n")
    assert sandbox.script("tm", "linstor", "clone.ssh").name == "clone.ssh"


def test_an_executable_gets_what_oned_gives_it(sandbox: Sandbox) -> None:
    """Arguments, standard input, the directory and the environment of a self-contained installation."""
    script = '#!/bin/sh\nread line\necho "$#|$2|$line|$PWD|$ONE_LOCATION|$HOME"\necho said >&2\nexit 4\n'
    _replace(sandbox, "monitor", script)

    ended = sandbox.run("tm", "linstor", "monitor", ["one", "two words"], b"payload\n")

    one = sandbox.one
    assert ended.stdout == f"2|two words|payload|{one}/var|{one}|{one}\n"
    assert (ended.exit_code, ended.stderr) == (4, "said\n")


def test_an_executable_that_does_not_end_is_killed_with_all_it_started(sandbox: Sandbox) -> None:
    """A grandchild would go on changing what later calls see."""
    _replace(sandbox, "monitor", f"#!/bin/bash\nsleep 600 & echo $! > {sandbox.root}/child\nwait\n")

    with pytest.raises(subprocess.TimeoutExpired):
        sandbox.run("tm", "linstor", "monitor", [], timeout=1.0)

    child = int((sandbox.root / "child").read_text())
    for _ in range(500):
        if _ended(child):
            break
        time.sleep(0.02)
    assert _ended(child)


def test_a_fault_of_linstor_reaches_the_executable(sandbox: Sandbox) -> None:
    """It fails, and says so; the next call is well again."""
    cloud = Cloud(sandbox)
    sandbox.server.fault(Fault(lambda method, path: method == "POST" and path.endswith("/spawn")))

    with pytest.raises(OrderFailed):
        cloud.make_image(IMAGE, "os", 16)

    assert cloud.make_image(IMAGE, "os", 16) == "OpenNebula-Image-3"


def test_hosts_may_have_other_names_in_linstor() -> None:
    """Devices appear on the host of the node."""
    with Sandbox(hosts=("kvm1", "kvm2"), front_end="fe", nodes={"kvm1": "node-1.example"}) as sandbox:
        sandbox.linstor.definitions.spawn("OpenNebula-Default", "vol", [8192])

        assert list(sandbox.linstor.state.nodes) == ["node-1.example", "kvm2", "fe"]
        assert sandbox.hosts.devices("kvm1") == sandbox.hosts.devices("kvm2") != {}


def test_the_directory_goes_with_the_sandbox() -> None:
    """Unless it was given, or is to be kept."""
    with Sandbox() as sandbox:
        root = sandbox.root
    assert not root.exists()


def test_a_sandbox_that_is_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    """Neither its directory nor an exit code of success."""
    call = "import sys; from entrypoints.onelinstor.main import main; sys.exit(main(['sandbox', 'shell']))"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    shell = subprocess.Popen(
        [sys.executable, "-c", call], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert shell.stdout is not None
    assert "Try:" in shell.stdout.readline()
    assert list(tmp_path.glob("onelinstor-*"))

    shell.terminate()

    assert shell.wait(30) == 128 + signal.SIGTERM
    assert not list(tmp_path.glob("onelinstor-*"))


def test_a_shell_that_cannot_be_furnished_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, with exit code 1."""

    def refuse(_: Sandbox) -> str:
        raise OSError("no such luck")

    monkeypatch.setattr(shell, "furnish", refuse)

    assert shell.main([]) == 1
    assert capsys.readouterr().err == "no such luck\n"


def test_a_given_directory_stays(tmp_path: Path) -> None:
    """For a person to look at, with nothing that runs any more."""
    with Sandbox(tmp_path / "cloud") as sandbox:
        port = json.loads((sandbox.root / "hosts.json").read_text())["door"]

    assert (tmp_path / "cloud" / "hosts").is_dir()
    assert port > 0


def test_a_shell_finds_an_image_and_a_running_vm(sandbox: Sandbox) -> None:
    """The commands that the welcome names work in it."""
    told = shell.furnish(sandbox)
    commands = [line.strip() for line in told.splitlines() if line.startswith("  ")]

    assert sandbox.guests.guests[shell.VM].open.keys() == {0, 1}
    assert len(commands) == 4
    for command in commands:
        words = ["bash", "--noprofile", "--norc", "-c", command]
        ended = subprocess.run(words, env=shell.environment(sandbox), capture_output=True, check=False)
        assert ended.returncode == 0, (command, ended.stderr)
