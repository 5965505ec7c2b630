"""Guests open disks by the rules of DRBD and know what they were told is safe."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.memory.linstor import InFiles, LinstorModel
from entrypoints.sandbox.guests import BLOCK, Guests, block
from entrypoints.sandbox.hosts import SandboxHosts

D = "/var/datastores/102/7"


class Site:
    """Two hosts with one volume, linked as disk 0 of VM 7 on both."""

    def __init__(self, root: Path) -> None:
        self.hosts = SandboxHosts(root, ("alpha", "beta"), "one-fe", {})
        self.model = LinstorModel.simple(["alpha", "beta"], diskless=["one-fe"], contents=InFiles(root / "volumes"))
        self.hosts.follow(self.model)
        self.guests = Guests(self.model, self.hosts)
        self.model.definitions.spawn("one", "vol", [8192])
        for host in ("alpha", "beta"):
            self.disk(host, 0).parent.mkdir(parents=True)
            self.disk(host, 0).symlink_to("/dev/drbd/by-res/vol/0")

    def disk(self, host: str, disk: int) -> Path:
        """A disk of the VM."""
        return self.hosts.path(host, f"{D}/disk.{disk}")

    def allow_two_writers(self) -> None:
        """As premigrate does."""
        option = {"DrbdOptions/Net/allow-two-primaries": "yes"}
        self.model.resources.modify_connection("vol", "alpha", "beta", option)

    def openers(self) -> list[str]:
        """The hosts on which the volume is open."""
        return [host for host in ("alpha", "beta") if self.model.devices.openers(host, "vol")]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_block_tells_who_wrote_it() -> None:
    """No two writes are equal, and every block is whole."""
    blocks = {block(vm, disk, number) for vm in (1, 2) for disk in (0, 1) for number in (1, 2)}

    assert len(blocks) == 8
    assert {len(each) for each in blocks} == {BLOCK}


def test_what_a_guest_wrote_is_not_lost(site: Site) -> None:
    """It reads back every block."""
    site.guests.start(7, "alpha", D, [0])
    site.guests.write(7, 0, 100)

    assert len(site.guests.guests[7].written[0]) > 1
    assert site.guests.lost(7) == []


def test_a_write_that_somebody_else_destroys_is_told(site: Site) -> None:
    """The offset and the disk are named."""
    site.guests.start(7, "alpha", D, [0])
    site.guests.write(7, 0, 2)
    offset = min(site.guests.guests[7].written[0])
    site.guests.guests[7].open[0].write(offset, bytes(BLOCK))

    assert site.guests.lost(7) == [f"vm 7 disk 0: block at {offset}"]


def test_a_second_writer_elsewhere_is_refused(site: Site) -> None:
    """And what it had opened before is closed again."""
    site.guests.start(7, "alpha", D, [0])
    site.model.definitions.spawn("one", "free", [8192])
    site.disk("beta", 1).symlink_to("/dev/drbd/by-res/free/0")

    with pytest.raises(OSError, match="EROFS"):
        site.guests.start(8, "beta", D, [1, 0])

    assert site.openers() == ["alpha"]
    assert site.model.devices.openers("beta", "free") == []
    assert 8 not in site.guests.guests


def test_a_missing_disk_is_refused(site: Site) -> None:
    """Neither a path nor a device that is not there can be opened."""
    site.disk("alpha", 2).symlink_to("/dev/drbd4711")

    with pytest.raises(FileNotFoundError, match="does not exist"):
        site.guests.start(7, "alpha", D, [1])
    with pytest.raises(FileNotFoundError, match="leads nowhere"):
        site.guests.start(7, "alpha", D, [2])


def test_a_guest_that_ends_has_closed_its_disks(site: Site) -> None:
    """Another one may write then."""
    site.guests.start(7, "alpha", D, [0])
    site.guests.stop(7)

    site.guests.start(8, "beta", D, [0])

    assert site.openers() == ["beta"]


def test_a_guest_that_starts_again_still_knows_what_it_wrote(site: Site) -> None:
    """A reboot elsewhere finds the blocks, and newer ones get newer numbers."""
    site.guests.start(7, "alpha", D, [0])
    site.guests.write(7, 0, 2)
    site.guests.stop(7)
    site.guests.start(7, "beta", D, [0])
    site.guests.write(7, 0, 1)

    assert len(site.guests.guests[7].written[0]) == 3
    assert site.guests.lost(7) == []


def test_a_migration_needs_two_writers(site: Site) -> None:
    """Without them it is refused, and the guest goes on where it is."""
    site.guests.start(7, "alpha", D, [0])

    with pytest.raises(OSError, match="EROFS"):
        site.guests.begin_migration(7, "beta", D)

    assert site.openers() == ["alpha"]
    site.guests.write(7, 0)


def test_a_migrating_guest_writes_on_both_ends(site: Site) -> None:
    """Both have the disk open in between, and nothing is lost."""
    site.guests.start(7, "alpha", D, [0])
    site.allow_two_writers()

    site.guests.begin_migration(7, "beta", D)
    assert site.openers() == ["alpha", "beta"]
    site.guests.finish_migration(7, "beta", D)

    assert site.openers() == ["beta"]
    assert site.guests.guests[7].host == "beta"
    assert len(site.guests.guests[7].written[0]) == 2
    assert site.guests.lost(7) == []


def test_a_cancelled_migration_leaves_the_guest_where_it_is(site: Site) -> None:
    """The target has closed everything."""
    site.guests.start(7, "alpha", D, [0])
    site.allow_two_writers()
    site.guests.begin_migration(7, "beta", D)

    site.guests.cancel_migration(7)

    assert site.openers() == ["alpha"]
    assert site.guests.guests[7].host == "alpha"


def test_a_read_only_disk_is_not_written(site: Site) -> None:
    """Two guests on two hosts may have it."""
    site.guests.start(7, "alpha", D, [0], readonly=[0])
    site.guests.start(8, "beta", D, [0], readonly=[0])

    site.guests.write_all(7)

    assert site.guests.guests[7].written == {}
    assert site.openers() == ["alpha", "beta"]


def test_a_disk_can_be_plugged_in_and_out(site: Site) -> None:
    """Out means closed, and forgotten."""
    site.disk("alpha", 1).write_bytes(bytes(BLOCK * 128))
    site.guests.start(7, "alpha", D, [1])
    site.guests.attach(7, 0)
    site.guests.write(7, 0)

    site.guests.detach(7, 0)

    assert site.openers() == []
    assert 0 not in site.guests.guests[7].written


def test_a_frozen_guest_does_not_write(site: Site) -> None:
    """Until it is thawed; only a guest that runs can be frozen."""
    assert not site.guests.freeze("one-7")
    site.guests.start(7, "alpha", D, [0])

    assert site.guests.freeze("one-7")
    with pytest.raises(BlockingIOError):
        site.guests.write(7, 0)
    assert site.guests.thaw("one-7")
    site.guests.write(7, 0)


def test_a_guest_that_is_gone_is_forgotten(site: Site) -> None:
    """With its disks closed."""
    site.guests.start(7, "alpha", D, [0])

    site.guests.forget(7)

    assert site.guests.guests == {}
    assert site.openers() == []
