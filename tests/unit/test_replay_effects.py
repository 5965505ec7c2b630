"""What a replay's hypervisor does with guests whose disks are not where the recording says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from entrypoints.sandbox.replay.effects import Hypervisor
from entrypoints.sandbox.replay.holdings import Holdings
from entrypoints.sandbox.replay.machines import DiskFailed
from entrypoints.sandbox.replay.recording import Call

D, VM = "/var/lib/one/datastores/103/4", 4


class Machines:
    """Guests that run where their disks are: on the hosts *ready*."""

    def __init__(self) -> None:
        self.ready = {"host-a"}
        self.host: dict[int, str] = {}

    def runs(self, vm: int) -> bool:
        """Whether the guest runs."""
        return vm in self.host

    def start(self, vm: int, host: str, _directory: str, _wanted: object) -> None:
        """Start a guest, or leave it stopped."""
        self.stop(vm)
        if host not in self.ready:
            raise DiskFailed(f"no disk on {host}")
        self.host[vm] = host

    def stop(self, vm: int) -> None:
        """End a guest."""
        self.host.pop(vm, None)

    def migrate(self, vm: int, host: str, _directory: str, _wanted: object, _mirror: Callable[[], None]) -> None:
        """Go on elsewhere."""
        if host not in self.ready:
            raise DiskFailed(f"no disk on {host}")
        self.host[vm] = host


@pytest.fixture
def machines() -> Machines:
    return Machines()


@pytest.fixture
def hypervisor(machines: Machines, tmp_path: Path) -> Hypervisor:
    """One whose system datastore 103 every host sees."""
    sandbox: Any = SimpleNamespace(host_path=lambda host, path: tmp_path / path.lstrip("/"))
    knowledge: Any = SimpleNamespace(vm=lambda vm: SimpleNamespace(render=lambda: "<VM/>"))
    rewriting: Any = SimpleNamespace(text=lambda text: text)
    guests: Any = machines
    made = Hypervisor(sandbox, guests, Holdings("one-fe"), knowledge, rewriting, frozenset({103}))
    made.play(call(f"vmm/kvm/deploy {D}/deployment.0 host-a {VM} host-a"))
    return made


def call(line: str, exit_code: int = 0) -> Call:
    """`kind/driver/action words...` as a call."""
    what, *argv = line.split()
    return Call("op", 1, *what.split("/"), tuple(argv), exit_code)


def migrate(hypervisor: Hypervisor, source: str, target: str, exit_code: int = 0) -> list[str]:
    """A live migration whose `premigrate` ended so; the script of the hypervisor says that all is well."""
    hypervisor.heard(call(f"tm/linstor/premigrate {source} {target} {D} {VM} 103 shared", exit_code))
    return hypervisor.play(call(f"vmm/kvm/migrate one-{VM} {target} {source} {VM} {source}"))


def test_a_guest_whose_disks_did_not_come_waits_for_them(hypervisor: Hypervisor, machines: Machines) -> None:
    """Oned believes that it runs; it starts when an operation has brought the disks."""
    assert migrate(hypervisor, "host-a", "host-b", 1) == []
    assert hypervisor.after_operation(excused=True) == []
    assert (machines.host, hypervisor.waiting) == ({}, {VM})

    machines.ready = {"host-b"}
    assert hypervisor.after_operation(excused=False) == []
    assert (machines.host, hypervisor.waiting) == ({VM: "host-b"}, set())


def test_a_guest_that_came_back_waits_nowhere(hypervisor: Hypervisor, machines: Machines) -> None:
    """It stays where it was started last, although its disks could be had where it waited before."""
    migrate(hypervisor, "host-a", "host-b", 1)
    machines.ready = {"host-a", "host-b"}
    assert migrate(hypervisor, "host-b", "host-a") == []

    assert hypervisor.after_operation(excused=False) == []
    assert (machines.host, hypervisor.waiting) == ({VM: "host-a"}, set())


def test_a_guest_that_still_cannot_go_on_is_told_of(hypervisor: Hypervisor) -> None:
    """Each operation that does not bring its disks is one line, and it goes on waiting."""
    migrate(hypervisor, "host-a", "host-b", 1)

    for _ in range(2):
        assert hypervisor.after_operation(excused=False) == ["the guest of VM 4 cannot go on: no disk on host-b"]
    assert hypervisor.waiting == {VM}


@pytest.mark.parametrize(
    ("carries", "brought", "found"),
    [
        (True, False, []),
        (False, True, []),
        (False, False, [f"the hypervisor finds no disk.1 in {D} on host-b"]),
    ],
    ids=["since 6.0", "the driver brings it", "nobody brings it"],
)
def test_a_context_disk_must_be_where_the_guest_goes(
    machines: Machines, tmp_path: Path, carries: bool, brought: bool, found: list[str]
) -> None:
    """Before 6.0 the script carries no file of a directory that is not shared."""
    sandbox: Any = SimpleNamespace(host_path=lambda host, path: tmp_path / host / path.lstrip("/"))
    knowledge: Any = SimpleNamespace(vm=lambda vm: SimpleNamespace(render=lambda: "<VM/>"))
    rewriting: Any = SimpleNamespace(text=lambda text: text)
    guests: Any = machines
    hypervisor = Hypervisor(sandbox, guests, Holdings("one-fe"), knowledge, rewriting, frozenset(), carries=carries)
    hypervisor.play(call(f"vmm/kvm/deploy {D}/deployment.0 host-a {VM} host-a"))
    machines.ready = {"host-a", "host-b"}
    for host in ("host-a", "host-b") if brought else ("host-a",):
        directory = tmp_path / host / D.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "disk.1").write_text("context")

    assert migrate(hypervisor, "host-a", "host-b") == found
