"""Before OpenNebula 6.0 its ssh driver and its hypervisor script leave the directory of a VM that moves to us."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.domain.conftest import Bench

from adapters.memory.file_tree import Link
from domain.errors import HostCommandFailed
from domain.names import VolumeName
from domain.opennebula import Vm
from domain.steps import MakeDirectory

DISK = VolumeName("OpenNebula-Image-4")
DIRECTORY = "/var/ds/101/7"
CONTEXT, OTHERS_DISK = f"{DIRECTORY}/disk.1", f"{DIRECTORY}/disk.2"


class _Moving:
    """A VM with a context disk and with a disk that is a file of another driver; the latter is being written."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.volume(DISK)
        self.source, self.target = bench.replica(DISK).host, bench.stranger(DISK)
        host = bench.hosts.host(self.source)
        host.make_directory(DIRECTORY)
        for path, content in (
            (CONTEXT, b"context"),
            (OTHERS_DISK, b"written"),
            (f"{DIRECTORY}/disk.0", Link("/dev/x")),
        ):
            host.put(path, content)
        known = bench.vm(DISK, self.source, self.target, tm_mad="ssh", persistent=True)
        self.vm = Vm(7, disks=known.disks, history=known.history, deploy_id="one-7", context_disk_id=1)

    def order(self, caller: str = "ssh"):
        found = self.bench.migrate(self.vm, self.source, self.target, caller)
        return found._replace(vm=self.vm)

    def files(self, host: str) -> set[str]:
        return {path for path, _ in self.bench.hosts.host(host).below(DIRECTORY)}


def test_the_context_is_on_the_target_when_the_hypervisor_looks_for_it() -> None:
    """And no other file is: a copy of a disk that a guest writes would be old when the guest gets there."""
    moving = _Moving(Bench(cared_for=False))
    moving.bench.migration.prepare(moving.order())

    assert moving.bench.hosts.host(moving.target).get(CONTEXT) == b"context"
    assert moving.files(moving.target) == {CONTEXT, f"{DIRECTORY}/disk.0"}


def test_the_old_directory_goes_when_the_vm_has_left_it() -> None:
    """As the addon 3.x did: nobody else removes it, and its links would count as users of the volumes."""
    moving = _Moving(Bench(cared_for=False))
    moving.bench.migration.prepare(moving.order())
    moving.bench.migration.finish(moving.order())

    assert moving.files(moving.source) == set()
    assert moving.files(moving.target) >= {CONTEXT, f"{DIRECTORY}/disk.0"}


@pytest.mark.parametrize("prepared", [True, False], ids=["premigrate succeeded", "premigrate failed"])
def test_a_directory_that_both_hosts_see_stays(prepared: bool) -> None:
    """The ssh driver does not hear whether `premigrate` failed, so nothing that it left may be needed to see that."""
    moving = _Moving(Bench(cared_for=False, shared=("/var/ds/101",)))
    if prepared:
        moving.bench.migration.prepare(moving.order())
    moving.bench.migration.finish(moving.order())

    assert moving.files(moving.target) >= {CONTEXT, OTHERS_DISK, f"{DIRECTORY}/disk.0"}


def test_what_is_not_on_the_target_is_not_removed_from_the_source() -> None:
    """A target without the directory is not where the VM is, whatever the order says."""
    moving = _Moving(Bench(cared_for=False))
    with pytest.raises(HostCommandFailed, match="stays"):
        moving.bench.migration.finish(moving.order())

    assert moving.files(moving.source) == {CONTEXT, OTHERS_DISK, f"{DIRECTORY}/disk.0"}


@pytest.mark.parametrize(("cared_for", "caller"), [(True, "ssh"), (False, "shared")], ids=["since 6.0", "shared"])
def test_where_somebody_cares_for_the_directory_it_is_not_touched(cared_for: bool, caller: str) -> None:
    """The links arrive, and all else is left to the driver of the system datastore."""
    moving = _Moving(Bench(cared_for=cared_for))
    moving.bench.hosts.run(moving.target, [MakeDirectory(DIRECTORY)])
    moving.bench.migration.prepare(moving.order(caller))
    moving.bench.migration.finish(moving.order(caller))

    assert moving.files(moving.target) == {f"{DIRECTORY}/disk.0"}
    assert moving.files(moving.source) == {CONTEXT, OTHERS_DISK, f"{DIRECTORY}/disk.0"}


def test_without_a_context_the_old_host_is_not_asked_for_one() -> None:
    """There is nothing to carry."""
    moving = _Moving(Bench(cared_for=False))
    moving.vm = replace(moving.vm, context_disk_id=None)
    moving.bench.migration.prepare(moving.order())
    assert moving.bench.hosts.sessions == [moving.target]
