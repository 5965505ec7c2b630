"""However a migration ends, one host may write afterwards and the VM's own directory stays."""

from __future__ import annotations

import pytest

from adapters.memory.file_tree import Link
from domain.errors import DriverError, HostCommandFailed, ScriptFailed
from domain.names import HostName, VolumeName
from domain.opennebula import History, Vm
from domain.volumes import Role

DISK = VolumeName("OpenNebula-Image-4")
DIRECTORY = "/var/ds/101/7"


class _Moving:
    """A VM that runs on a host with a replica and is to move to one without."""

    def __init__(self, bench, tm_mad: str = "linstor") -> None:
        bench.volume(DISK)
        self.bench = bench
        self.source, self.target = bench.replica(DISK).host, bench.stranger(DISK)
        bench.vm(DISK, self.source, tm_mad=tm_mad, persistent=True)
        bench.hosts.host(self.source).make_directory(DIRECTORY)
        bench.hosts.host(self.source).put(f"{DIRECTORY}/vm.xml", b"<domain/>")
        bench.hosts.host(self.source).put(f"{DIRECTORY}/disk.0", Link("/dev/drbd1000"))
        self.vm = bench.vm(DISK, self.source, self.target, tm_mad=tm_mad, persistent=True)

    def order(self, caller: str = ""):
        return self.bench.migrate(self.vm, self.source, self.target, caller)

    @property
    def two_writers(self) -> bool:
        """Whether anything of the permission is left in LINSTOR, or a mark of it."""
        allowed = self.bench.model.state.definitions[DISK]
        found = self.bench.cluster.definitions([DISK])[DISK]
        return found.two_writers or "migration" in found.marks or any(allowed.connections.values())

    def files(self, host: str) -> list[str]:
        return [path for path, _ in self.bench.hosts.host(host).below(DIRECTORY)]


@pytest.fixture
def moving(bench) -> _Moving:
    return _Moving(bench)


def test_a_directory_that_cannot_be_removed_does_not_leave_two_writers(moving, monkeypatch) -> None:
    """The order fails, and says so after every disk has one writer again."""
    moving.bench.migration.prepare(moving.order())
    assert moving.two_writers
    run = moving.bench.hosts.run

    def busy(host, steps):
        if any(type(step).__name__ == "RemoveTree" for step in steps):
            raise HostCommandFailed(host, "remove tree", "Device or resource busy")
        return run(host, steps)

    monkeypatch.setattr(moving.bench.hosts, "run", busy)
    with pytest.raises(HostCommandFailed):
        moving.bench.migration.finish(moving.order())

    assert not moving.two_writers


def test_a_source_that_does_not_answer_does_not_leave_two_writers(moving) -> None:
    """A failed migration whose source host is cut off ends in LINSTOR all the same."""
    moving.bench.migration.prepare(moving.order())
    moving.bench.hosts.down(moving.source)

    with pytest.raises(DriverError):
        moving.bench.migration.fail(moving.order())

    assert not moving.two_writers


def test_another_driver_that_refuses_takes_everything_back(bench) -> None:
    """Defect 39: the VM stays, so the target keeps neither attachment nor directory, and one host writes."""
    moving = _Moving(bench)
    other = moving.vm.disks[0].__class__(1, 5, "rbd", 64, 64, clone=False, tm_mad="ceph", datastore_id=102)
    moving.vm = Vm(7, disks=(*moving.vm.disks, other), history=moving.vm.history, deploy_id="one-7")

    def refuse(_argv, _stdin) -> str:
        raise ScriptFailed("tm/ceph/premigrate", "no")

    bench.scripts.install("tm/ceph/premigrate", refuse)
    with pytest.raises(ScriptFailed):
        bench.migration.prepare(moving.order())

    assert not moving.two_writers
    assert Role.ATTACHMENT not in {each.role for each in bench.cluster.deployments([DISK])[DISK]}
    assert moving.files(moving.target) == []
    assert f"{DIRECTORY}/vm.xml" in moving.files(moving.source)


@pytest.mark.parametrize(
    ("more", "stdin"), [((), b"VM"), (("Vk0=",), b"")], ids=["on standard input", "an argument, as before 5.10"]
)
def test_another_driver_finds_the_vm_where_its_version_puts_it(bench, more: tuple[str, ...], stdin: bytes) -> None:
    """It gets what oned gave us, and our name after it, as its own version has it."""
    moving = _Moving(bench)
    other = moving.vm.disks[0].__class__(1, 5, "rbd", 64, 64, clone=False, tm_mad="ceph", datastore_id=102)
    moving.vm = Vm(7, disks=(*moving.vm.disks, other), history=moving.vm.history, deploy_id="one-7")
    order = moving.order()
    given = (*order.argv, *more)
    heard = []
    bench.scripts.install("tm/ceph/premigrate", lambda argv, found: heard.append((tuple(argv), found)) or "")

    bench.migration.prepare(order._replace(argv=given, payload=stdin))

    assert heard == [((*given, "linstor"), stdin)]


def test_a_migration_that_fails_twice_leaves_nothing_on_its_target(moving) -> None:
    """What the first failure wrote down where the VM stays does not keep the directory of the second."""
    for _ in range(2):
        moving.bench.migration.prepare(moving.order())
        moving.bench.migration.fail(moving.order())

        assert moving.files(moving.target) == []
        assert f"{DIRECTORY}/vm.xml" in moving.files(moving.source)


def test_other_drivers_hear_of_the_end_although_ours_failed(bench, monkeypatch) -> None:
    """Their disks must not pay for what is wrong with ours; both errors are told (defect 39)."""
    moving = _Moving(bench)
    other = moving.vm.disks[0].__class__(1, 5, "rbd", 64, 64, clone=False, tm_mad="ceph", datastore_id=102)
    moving.vm = Vm(7, disks=(*moving.vm.disks, other), history=moving.vm.history, deploy_id="one-7")
    bench.scripts.install("tm/ceph/postmigrate")
    bench.oned.down = True
    moving.bench.storages._found.clear()

    with pytest.raises(DriverError):
        bench.migration.finish(moving.order())

    assert [call.script for call in bench.scripts.calls] == ["tm/ceph/postmigrate"]


def test_on_one_host_the_old_directory_goes(bench) -> None:
    """Defect 1: the order names the new one only; oned knows the one before."""
    moving = _Moving(bench)
    host = moving.source
    history = (History(0, host, 105, "linstor"), History(1, host, 101, "linstor"))
    bench.oned.put(Vm(7, disks=moving.vm.disks, history=history, deploy_id="one-7"))
    bench.hosts.host(host).make_directory("/var/ds/105/7")

    bench.migration.finish(bench.migrate(moving.vm, host, host))

    assert bench.hosts.host(host).get("/var/ds/105/7") is None
    assert f"{DIRECTORY}/vm.xml" in moving.files(host)


def test_on_one_host_a_failed_migration_removes_nothing(bench) -> None:
    """Nothing tells which of the two directories the VM uses (defect 1)."""
    moving = _Moving(bench)
    host = moving.source
    history = (History(0, host, 105, "linstor"), History(1, host, 101, "linstor"))
    bench.oned.put(Vm(7, disks=moving.vm.disks, history=history, deploy_id="one-7"))
    bench.hosts.host(host).make_directory("/var/ds/105/7")

    bench.migration.fail(bench.migrate(moving.vm, HostName(host), HostName(host)))

    assert bench.hosts.host(host).get("/var/ds/105/7") is not None
    assert f"{DIRECTORY}/vm.xml" in moving.files(host)
