"""A host that is down blocks nothing, and what stays there is removed once it is back."""

from __future__ import annotations

import pytest

from adapters.memory.file_tree import Link
from domain.debts import MOST_PATHS
from domain.names import DiskOf, HostName, VolumeName
from domain.opennebula import History, Vm
from domain.orders import LinkDisk, MoveDirectory, MoveDisk, Place, ReleaseDisk
from domain.volumes import Role

DISK = VolumeName("OpenNebula-Image-4")
DIRECTORY = "/var/ds/101/7"
PATH = f"{DIRECTORY}/disk.0"
UNDEPLOY = 30


class _Down:
    """A VM whose host, which holds no replica, goes down."""

    def __init__(self, bench) -> None:
        bench.volume(DISK)
        self.bench = bench
        self.dead = bench.stranger(DISK)
        self.other = bench.replica(DISK).host
        bench.vm(DISK, self.dead, persistent=True)
        bench.disks.link(self._link(self.dead))
        assert isinstance(bench.hosts.host(self.dead).get(PATH), Link)
        self.fall()

    def fall(self) -> None:
        self.bench.hosts.down(self.dead)
        self.bench.model.events.satellite_down(self.dead)

    def rise(self) -> None:
        self.bench.hosts.up(self.dead)
        self.bench.model.events.satellite_up(self.dead)

    def _link(self, host: HostName) -> LinkDisk:
        return LinkDisk(DISK, Place(host, PATH), DiskOf(7, 0), 100)

    def link(self, host: HostName) -> None:
        self.bench.disks.link(self._link(host))

    def release(self) -> None:
        self.bench.disks.release(ReleaseDisk(Place(self.dead, PATH), DISK, DiskOf(7, 0), 100))

    @property
    def owed(self) -> dict[str, str]:
        marks = self.bench.cluster.definitions([DISK])[DISK].marks
        return {key: text for key, text in marks.items() if key.startswith("debt")}

    @property
    def left(self) -> bool:
        return self.bench.hosts.host(self.dead).get(PATH) is not None


@pytest.fixture
def down(bench) -> _Down:
    return _Down(bench)


def test_an_order_about_another_host_removes_the_link(down) -> None:
    """As soon as the host that was down answers again."""
    down.release()
    assert (down.owed, down.left) == ({f"debt-{down.dead}": PATH}, True)
    down.rise()

    down.link(down.other)

    assert (down.owed, down.left) == ({}, False)


def test_a_host_that_is_still_down_keeps_its_debt(down, monkeypatch) -> None:
    """And nobody waits for it, because LINSTOR knows; what stays is not written once more."""
    down.release()
    before = len(down.bench.hosts.sessions)
    monkeypatch.setattr(down.bench.cluster, "mark", None)

    down.link(down.other)

    assert down.owed == {f"debt-{down.dead}": PATH}
    assert down.dead not in down.bench.hosts.sessions[before:]


def test_a_link_that_is_made_again_is_owed_no_more(down) -> None:
    """A later order must not remove the link of a VM that came back; one session is enough."""
    down.release()
    down.rise()
    before = len(down.bench.hosts.sessions)

    down.link(down.dead)

    assert (down.owed, down.left) == ({}, True)
    assert down.bench.hosts.sessions[before:] == [down.dead]


def test_the_links_of_other_vms_are_removed_all_the_same(down) -> None:
    """Only the one path is made again."""
    down.release()
    down.bench.hosts.host(down.dead).make_directory("/var/ds/101/8")
    down.bench.debts.write_down(down.bench.storage, DISK, Place(down.dead, "/var/ds/101/8/disk.0"))
    down.bench.hosts.host(down.dead).put("/var/ds/101/8/disk.0", Link("/dev/drbd1000"))
    down.rise()

    down.link(down.dead)

    assert (down.owed, down.left) == ({}, True)
    assert down.bench.hosts.host(down.dead).get("/var/ds/101/8/disk.0") is None


def test_what_is_no_link_any_more_is_left_alone(down) -> None:
    """Somebody put a file there."""
    down.release()
    down.rise()
    down.bench.hosts.host(down.dead).remove(PATH)
    down.bench.hosts.host(down.dead).put(PATH, b"a file")

    down.link(down.other)

    assert (down.owed, down.left) == ({}, True)


def test_an_undeployed_vm_leaves_its_links_behind(down) -> None:
    """The directory goes to the front-end without the host, and the link is owed."""
    bench = down.bench
    vm = bench.oned.vm(7)
    bench.oned.put(Vm(7, lcm_state=UNDEPLOY, disks=vm.disks, history=(History(0, down.dead, 101, "linstor"),)))
    front_end = next(host for host in bench.hosts._hosts if host.name not in (down.dead, down.other)).name
    here, there = Place(down.dead, DIRECTORY), Place(front_end, DIRECTORY)

    bench.relocation.move_disk(MoveDisk(Place(down.dead, PATH), Place(front_end, PATH), DiskOf(7, 0), 101))
    bench.relocation.move_directory(MoveDirectory(here, there, 7, 101))

    assert down.owed == {f"debt-{down.dead}": PATH}
    assert Role.ATTACHMENT not in {each.role for each in bench.cluster.deployments([DISK])[DISK] if not each.deleting}


def test_a_source_that_dies_during_a_migration_does_not_block_its_end(bench) -> None:
    """One host writes, and the old link is owed."""
    bench.volume(DISK)
    source, target = bench.stranger(DISK), bench.replica(DISK).host
    bench.vm(DISK, source, persistent=True)
    bench.disks.link(LinkDisk(DISK, Place(source, PATH), DiskOf(7, 0), 100))
    vm = bench.vm(DISK, source, target, persistent=True)
    bench.migration.prepare(bench.migrate(vm, source, target))
    bench.hosts.down(source)
    bench.model.events.satellite_down(source)

    bench.migration.finish(bench.migrate(vm, source, target))

    marks = dict(bench.cluster.definitions([DISK])[DISK].marks)
    assert marks == {f"debt-{source}": PATH}


def test_debts_on_one_host_add_up_and_each_is_noted_once(down) -> None:
    """In the order in which they came."""
    down.release()
    for path in ("/var/ds/101/8/disk.0", PATH):
        down.bench.debts.write_down(down.bench.storage, DISK, Place(down.dead, path))
    assert down.owed == {f"debt-{down.dead}": f"/var/ds/101/8/disk.0 {PATH}"}


def test_a_directory_that_moves_to_its_own_place_stays(bench) -> None:
    """The same host and path are no move; another host with that path is one."""
    host = bench.hosts.host("host-a")
    host.make_directory(DIRECTORY)
    here = Place(HostName("host-a"), DIRECTORY)
    bench.relocation.move_directory(MoveDirectory(here, here, 7, 101))
    assert host.get(DIRECTORY) is not None
    assert bench.hosts.sessions == []


def test_a_host_that_only_ssh_cannot_reach_keeps_its_debt(down) -> None:
    """LINSTOR sees it; its link stays and is removed by a later order."""
    down.release()
    down.bench.model.events.satellite_up(down.dead)

    down.link(down.other)

    assert (down.owed, down.left) == ({f"debt-{down.dead}": PATH}, True)


def test_a_volume_that_is_going_away_gets_no_note(down) -> None:
    """Nobody would ever read it, and LINSTOR may refuse it."""
    down.bench.model.state.definitions[DISK].flags.add("DELETE")
    down.bench.debts.write_down(down.bench.storage, DISK, Place(down.dead, PATH))
    down.bench.debts.write_down(down.bench.storage, VolumeName("gone"), Place(down.dead, PATH))
    assert down.owed == {}


def test_a_note_has_room_for_the_latest_links_only(down) -> None:
    """LINSTOR's values end somewhere (linstor.md 2.17 no. 9)."""
    paths = [f"/var/ds/101/{number}/disk.0" for number in range(MOST_PATHS + 1)]
    for path in paths:
        down.bench.debts.write_down(down.bench.storage, DISK, Place(down.dead, path))
    assert down.owed[f"debt-{down.dead}"].split() == paths[1:]


@pytest.mark.parametrize("shareable", [False, True, None])
def test_an_image_stays_attached_on_a_dead_host_where_others_may_use_it(down, shareable: bool | None) -> None:
    """None: oned does not know the VM any more, so that nobody can tell."""
    bench = down.bench
    if shareable is None:
        bench.oned.vms.clear()
    else:
        bench.vm(DISK, down.dead, persistent=True, shareable=shareable)
    down.release()
    seen = bench.cluster.deployments([DISK])[DISK]
    here = [each for each in seen if each.host == down.dead and not each.deleting]
    assert bool(here) is (shareable is not False)


def test_the_rest_of_a_debt_stays_where_one_link_is_made_again(down) -> None:
    """In its order, one behind the other."""
    others = [f"/var/ds/101/{number}/disk.0" for number in (8, 9)]
    for path in (others[0], PATH, others[1]):
        down.bench.debts.write_down(down.bench.storage, DISK, Place(down.dead, path))
    definition = down.bench.cluster.definitions([DISK])[DISK]

    down.bench.debts.settle(down.bench.storage, definition, Place(down.dead, PATH))

    assert down.owed == {f"debt-{down.dead}": " ".join(others)}
