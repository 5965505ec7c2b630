"""Which directory goes with a migration, and which stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import ScriptFailed
from domain.names import HostName, VolumeName
from domain.opennebula import Disk, History, Vm

DISK = VolumeName("OpenNebula-Image-4")
NEW, OLD = "/var/ds/101/7", "/var/ds/105/7"
HOST, OTHER = HostName("host-a"), HostName("host-b")


def _left(bench, history: tuple[History, ...], caller: str = "") -> set[str]:
    """The directories that are on the host after a migration on it."""
    bench.volume(DISK)
    vm = bench.vm(DISK, HOST, persistent=True)
    host = bench.hosts.host(HOST)
    for directory in (NEW, OLD):
        host.make_directory(directory)
    bench.oned.put(replace(vm, history=history))
    bench.migration.finish(bench.migrate(vm, HOST, HOST, caller))
    return {directory for directory in (NEW, OLD) if host.get(directory) is not None}


def _record(seq: int, host: str, datastore: int) -> History:
    return History(seq, host, datastore, "linstor")


def test_on_one_host_the_directory_in_the_other_datastore_goes(bench) -> None:
    """The VM has left it."""
    assert _left(bench, (_record(0, HOST, 105), _record(1, HOST, 101))) == {NEW}


@pytest.mark.parametrize(
    "history",
    [
        (_record(0, HOST, 101), _record(1, HOST, 101)),
        (_record(0, OTHER, 105), _record(1, HOST, 101)),
        (_record(1, HOST, 101),),
        (),
    ],
    ids=["the same datastore", "another host", "no record before", "no record"],
)
def test_on_one_host_no_other_directory_goes(bench, history: tuple[History, ...]) -> None:
    """Above all not the one that the VM uses."""
    assert _left(bench, history) == {NEW, OLD}


def test_on_one_host_the_directories_of_another_driver_stay(bench) -> None:
    """It called us, and clears its own."""
    assert _left(bench, (_record(0, HOST, 105), _record(1, HOST, 101)), "ssh") == {NEW, OLD}


def _migrated(bench, vm: Vm) -> None:
    order = bench.migrate(vm, HOST, OTHER)
    bench.migration.prepare(order)
    bench.hosts.sessions.clear()
    bench.migration.finish(order)


def test_the_end_of_a_migration_asks_only_the_host_that_is_left(bench) -> None:
    """What premigrate put on the other tells that the directory is not shared."""
    bench.volume(DISK)
    vm = bench.vm(DISK, HOST, OTHER, persistent=True)
    bench.hosts.host(HOST).make_directory(NEW)
    _migrated(bench, vm)
    assert bench.hosts.sessions == [HOST]
    assert bench.hosts.host(HOST).get(NEW) is None
    assert bench.hosts.host(OTHER).get(NEW) is not None


def test_on_one_host_nothing_but_the_links_arrives(bench) -> None:
    """No file tells of two hosts where there is one."""
    volume = bench.volume(DISK)
    host = bench.replica(volume).host
    vm = bench.vm(DISK, host, persistent=True)
    bench.migration.prepare(bench.migrate(vm, host, host))
    assert [path for path, _ in bench.hosts.host(host).below(NEW)] == [f"{NEW}/disk.0"]


def test_a_vm_whose_directory_is_not_there_gets_one(bench) -> None:
    """Without a disk of ours nothing else would make it."""
    vm = replace(bench.vm(DISK, HOST, OTHER), disks=())
    bench.migration.prepare(bench.migrate(vm, HOST, OTHER))
    assert bench.hosts.host(OTHER).get(NEW) is not None


@pytest.mark.parametrize("action", ["premigrate", "postmigrate", "failmigrate"])
@pytest.mark.parametrize("caller", ["", "ssh"])
def test_only_whom_nobody_called_calls_the_others(bench, action: str, caller: str) -> None:
    """Else each driver would call the other for ever."""
    bench.scripts.install(f"tm/ceph/{action}")
    disk = Disk(1, 5, "rbd", 64, 64, clone=False, tm_mad="ceph", datastore_id=102)
    vm = replace(bench.vm(DISK, HOST, OTHER), disks=(disk,))
    bench.hosts.host(HOST).make_directory(NEW)
    orders = {
        "premigrate": bench.migration.prepare,
        "postmigrate": bench.migration.finish,
        "failmigrate": bench.migration.fail,
    }
    orders[action](bench.migrate(vm, HOST, OTHER, caller))
    assert [call.script for call in bench.scripts.calls] == ([] if caller else [f"tm/ceph/{action}"])


def test_on_one_host_a_vm_without_disks_of_ours_gets_its_directory(bench) -> None:
    """The next step of oned writes into it."""
    vm = replace(bench.vm(DISK, HOST), disks=())
    bench.migration.prepare(bench.migrate(vm, HOST, HOST))
    assert bench.hosts.host(HOST).get(NEW) is not None


def _others(bench, *drivers: str) -> Vm:
    """VM 7 with a disk of each."""
    disks = tuple(
        Disk(number, 5, "x", 64, 64, clone=False, tm_mad=driver, datastore_id=102)
        for number, driver in enumerate(drivers)
    )
    return replace(bench.vm(DISK, HOST, OTHER), disks=disks)


def test_a_driver_without_such_an_action_is_not_called(bench) -> None:
    """Most have none of a migration; and nobody calls itself."""
    for driver in ("linstor", ""):
        bench.scripts.install(f"tm/{driver}/premigrate")
    bench.volume(DISK)
    vm = _others(bench, "ceph", "")
    order = bench.migrate(replace(vm, disks=(*vm.disks, *bench.vm(DISK, HOST, OTHER).disks)), HOST, OTHER)
    bench.migration.prepare(order)
    assert bench.scripts.calls == []


def test_the_second_driver_is_called_though_the_first_one_failed(bench) -> None:
    """Its disks must not pay for those of the other; the error is told."""

    def refuse(_argv: object, _stdin: object) -> str:
        raise ScriptFailed("tm/ceph/postmigrate", "no")

    bench.scripts.install("tm/ceph/postmigrate", refuse)
    bench.scripts.install("tm/lvm/postmigrate")
    bench.hosts.host(HOST).make_directory(NEW)
    with pytest.raises(ScriptFailed, match="tm/ceph/postmigrate failed: no"):
        bench.migration.finish(bench.migrate(_others(bench, "ceph", "lvm"), HOST, OTHER))
    assert [call.script for call in bench.scripts.calls] == ["tm/ceph/postmigrate", "tm/lvm/postmigrate"]


def test_no_host_is_asked_for_nothing(bench, monkeypatch) -> None:
    """A trace would show it as a step."""
    bench.volume(DISK)
    order = bench.migrate(bench.vm(DISK, HOST, OTHER, tm_mad="ssh", persistent=True), HOST, OTHER, "ssh")
    run, asked = bench.hosts.run, []
    monkeypatch.setattr(bench.hosts, "run", lambda host, steps: asked.append(len(steps)) or run(host, steps))
    bench.migration.prepare(order)
    bench.migration.finish(order)
    assert asked
    assert 0 not in asked
