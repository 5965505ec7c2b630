"""What every implementation of the Hosts port promises."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import Any

import pytest

from domain.errors import HostCommandFailed, HostUnreachable
from domain.names import HostName
from domain.steps import (
    CheckClosed,
    CountLinks,
    DeviceSize,
    FileExists,
    FileSize,
    FreezeGuest,
    LinkDevice,
    MakeDirectory,
    MakeFile,
    MakeFileSystem,
    MakeQcow2,
    RemoveFile,
    RemoveTree,
    StopMonitoring,
    ThawGuest,
    Unlink,
    WaitForDevice,
)

World = Any
ALPHA, BETA = HostName("alpha"), HostName("beta")
DEVICE, ALIAS = "/dev/drbd1000", "/dev/drbd/by-res/OpenNebula-Image-1/0"
MIB = 1024 * 1024


def run(world: World, *steps: object, host: HostName = ALPHA) -> tuple[str, ...]:
    told: tuple[str, ...] = world.hosts.run(host, steps)
    return told


def test_no_steps_need_no_session(world: World) -> None:
    """An empty list costs nothing."""
    assert run(world) == ()
    assert world.sessions == []


def test_steps_are_carried_out_in_one_session_and_tell_one_text_each(world: World) -> None:
    """However many steps, the host is logged in to once."""
    home = world.home(ALPHA)
    told = run(world, MakeDirectory(f"{home}/7"), FileExists(f"{home}/7"), FileExists(f"{home}/8"))
    assert told == ("", "yes", "no")
    assert world.sessions == [ALPHA]


def test_the_first_step_that_fails_ends_it_and_is_named(world: World) -> None:
    """What came before stays done, what comes after is not begun."""
    home = world.home(ALPHA)
    world.put(ALPHA, f"{home}/7/disk.0", b"data")
    with pytest.raises(HostCommandFailed) as caught:
        run(world, MakeDirectory(f"{home}/8"), Unlink(f"{home}/7/disk.0"), MakeDirectory(f"{home}/9"))
    assert f"{home}/7/disk.0" in caught.value.doing
    assert "unlink" in caught.value.doing
    assert "no link" in caught.value.said
    assert world.get(ALPHA, f"{home}/8") == "directory"
    assert world.get(ALPHA, f"{home}/9") is None


def test_a_host_that_is_down_is_unreachable(world: World) -> None:
    """The error says which host, and what ssh said."""
    world.down(BETA)
    with pytest.raises(HostUnreachable, match=r"beta.*No route"):
        run(world, MakeDirectory(f"{world.home(BETA)}/7"), host=BETA)


def test_words_of_a_path_are_never_shell(world: World) -> None:
    """Defect 17: blanks, quotes, dollars and semicolons in a path are characters of a name."""
    home = world.home(ALPHA)
    path = f"{home}/a b'c\"$(touch {home}/pwned);`id`*"
    assert run(world, MakeDirectory(path), FileExists(path), FileExists(f"{home}/pwned"))[1:] == ("yes", "no")
    assert world.get(ALPHA, path) == "directory"


def test_the_size_of_a_plain_file_is_told(world: World) -> None:
    """A link, a directory and nothing at all have none."""
    home = world.home(ALPHA)
    world.put(ALPHA, f"{home}/7/disk.0", b"data")
    world.link(ALPHA, f"{home}/7/disk.1", f"{home}/7/disk.0")
    paths = [f"{home}/7/disk.0", f"{home}/7/disk.1", f"{home}/7", f"{home}/7/disk.2"]
    assert run(world, *map(FileSize, paths)) == ("4", "", "", "")


# -- devices ---------------------------------------------------------------------------------------


def test_a_device_is_told_by_the_kernel_s_table(world: World) -> None:
    """Its size is told in bytes without opening it."""
    world.device(ALPHA, DEVICE, 8 * MIB)
    assert run(world, WaitForDevice(DEVICE, 8192, 1.0), DeviceSize(DEVICE)) == ("", str(8 * MIB))


def test_a_device_that_does_not_come_is_waited_for_only_so_long(world: World) -> None:
    """The error names the device and the time."""
    with pytest.raises(HostCommandFailed, match="drbd1000 did not appear"):
        run(world, WaitForDevice(DEVICE, 0, 0.1))


def test_a_device_that_is_too_small_is_not_enough(world: World) -> None:
    """The error says which size was found."""
    world.device(ALPHA, DEVICE, 4 * MIB)
    with pytest.raises(HostCommandFailed, match=f"{4 * MIB} bytes"):
        run(world, WaitForDevice(DEVICE, 8192, 0.1))


def test_a_plain_file_under_the_name_of_a_device_is_none(world: World) -> None:
    """A wrong dd leaves such files in /dev (linstor.md 2.18)."""
    world.file_for_device(ALPHA, DEVICE)
    with pytest.raises(HostCommandFailed, match="no block device"):
        run(world, DeviceSize(DEVICE))


def test_a_disk_is_a_link_to_its_alias_where_that_leads_to_the_device(world: World) -> None:
    """The alias names the volume, so it stays right when a minor number is used again."""
    home = world.home(ALPHA)
    world.device(ALPHA, DEVICE, MIB, ALIAS)
    told = run(world, MakeDirectory(f"{home}/7"), LinkDevice(DEVICE, f"{home}/7/disk.0", ALIAS))
    assert told[1] == ALIAS
    assert world.get(ALPHA, f"{home}/7/disk.0") == ALIAS


def test_an_alias_of_another_device_is_not_used(world: World) -> None:
    """A stale alias would give the guest the disk of somebody else."""
    home = world.home(ALPHA)
    world.device(ALPHA, "/dev/drbd1001", MIB, ALIAS)
    world.device(ALPHA, DEVICE, MIB)
    told = run(world, MakeDirectory(f"{home}/7"), LinkDevice(DEVICE, f"{home}/7/disk.0", ALIAS))
    assert told[1] == DEVICE
    assert world.get(ALPHA, f"{home}/7/disk.0") == DEVICE


def test_an_older_link_is_replaced_and_nothing_else_is_left(world: World) -> None:
    """Linking again is done, and does not follow the old link."""
    home = world.home(ALPHA)
    world.device(ALPHA, DEVICE, MIB)
    world.link(ALPHA, f"{home}/7/disk.0", f"{home}/8")
    run(world, MakeDirectory(f"{home}/8"), *[LinkDevice(DEVICE, f"{home}/7/disk.0")] * 2)
    assert world.get(ALPHA, f"{home}/7/disk.0") == DEVICE
    assert run(world, FileExists(f"{home}/8/drbd1000"), FileExists(f"{home}/7/.disk.0.new")) == ("no", "no")


def test_a_file_in_the_place_of_a_disk_is_not_replaced(world: World) -> None:
    """It may be somebody's data."""
    home = world.home(ALPHA)
    world.device(ALPHA, DEVICE, MIB)
    world.put(ALPHA, f"{home}/7/disk.0", b"data")
    with pytest.raises(HostCommandFailed, match="no link"):
        run(world, LinkDevice(DEVICE, f"{home}/7/disk.0"))
    assert world.get(ALPHA, f"{home}/7/disk.0") == b"data"


def test_the_other_users_of_a_device_are_counted(world: World) -> None:
    """Links by device or alias count, those of other devices and the disk itself do not."""
    home = world.home(ALPHA)
    datastores = home.rpartition("/")[0]
    world.device(ALPHA, DEVICE, MIB, ALIAS)
    world.device(ALPHA, "/dev/drbd1001", MIB)
    for vm, target in ((7, DEVICE), (8, DEVICE), (9, ALIAS), (10, "/dev/drbd1001")):
        world.link(ALPHA, f"{home}/{vm}/disk.0", target)
    world.put(ALPHA, f"{home}/11/disk.0", b"context")
    assert run(world, CountLinks(datastores, DEVICE, ALIAS, f"{home}/7/disk.0")) == ("2",)


def test_links_to_a_device_that_is_gone_are_counted_by_their_text(world: World) -> None:
    """A VM that still claims the device keeps it from being taken away."""
    home = world.home(ALPHA)
    world.link(ALPHA, f"{home}/8/disk.0", ALIAS)
    assert run(world, CountLinks(home.rpartition("/")[0], DEVICE, ALIAS, f"{home}/7/disk.0")) == ("1",)


def test_no_links_are_none(world: World) -> None:
    """An empty datastore directory counts zero."""
    assert run(world, CountLinks(world.home(ALPHA), DEVICE, None, "/x")) == ("0",)


def test_an_open_device_is_told(world: World) -> None:
    """A program of this host that has it open is seen (defect 8)."""
    world.device(ALPHA, DEVICE, MIB)
    with world.opened(ALPHA, DEVICE):
        assert run(world, CheckClosed(DEVICE)) == ("open",)
    assert run(world, CheckClosed(DEVICE)) == ("closed",)


def test_a_device_that_does_not_exist_is_closed(world: World) -> None:
    """Nobody can have it open."""
    assert run(world, CheckClosed(DEVICE)) == ("closed",)


@pytest.mark.parametrize(("kind", "offset", "signature"), [("ext4", 1080, b"\x53\xef"), ("swap", 4086, b"SWAPSPACE2")])
def test_a_file_system_is_made_again_and_again(world: World, kind: str, offset: int, signature: bytes) -> None:
    """A retry finds the first one and does not ask."""
    world.device(ALPHA, DEVICE, 8 * MIB)
    run(world, *[MakeFileSystem(DEVICE, kind)] * 2)
    assert world.content(ALPHA, DEVICE)[offset : offset + len(signature)] == signature
    assert len(world.content(ALPHA, DEVICE)) == 8 * MIB


@pytest.mark.parametrize("kind", ["ext4; reboot", "../sh", "", "-V"])
def test_what_is_no_kind_of_file_system_is_refused(world: World, kind: str) -> None:
    """The kind becomes part of a program's name."""
    world.device(ALPHA, DEVICE, 8 * MIB)
    with pytest.raises(HostCommandFailed, match="no kind"):
        run(world, MakeFileSystem(DEVICE, kind))


def test_an_empty_qcow2_image_is_put_into_a_device(world: World) -> None:
    """Some system datastores want their volatile disks in that format; doing it again is fine (defect 52)."""
    if world.real and shutil.which("qemu-img") is None:
        pytest.skip("qemu-img is not installed")
    world.device(ALPHA, DEVICE, 8 * MIB)
    run(world, *[MakeQcow2(DEVICE, 4096)] * 2)
    assert world.content(ALPHA, DEVICE).startswith(b"QFI\xfb")


def test_a_missing_device_is_not_formatted(world: World) -> None:
    """No plain file appears under its name."""
    with pytest.raises(HostCommandFailed, match="no block device"):
        run(world, MakeFileSystem(DEVICE, "ext4"))
    with pytest.raises(HostCommandFailed, match="no block device"):
        run(world, MakeQcow2(DEVICE, 4096))
    with pytest.raises(HostCommandFailed):
        run(world, DeviceSize(DEVICE))


# -- files -----------------------------------------------------------------------------------------


def test_unlinking_what_is_gone_is_done(world: World) -> None:
    """A retry after a kill finds nothing, also no directory."""
    assert run(world, Unlink(f"{world.home(ALPHA)}/7/disk.0")) == ("",)


def test_a_link_is_removed_and_not_what_it_leads_to(world: World) -> None:
    """The data behind it stays."""
    home = world.home(ALPHA)
    world.put(ALPHA, f"{home}/8/file", b"data")
    world.link(ALPHA, f"{home}/7/disk.0", f"{home}/8/file")
    assert run(world, Unlink(f"{home}/7/disk.0")) == ("",)
    assert world.get(ALPHA, f"{home}/7/disk.0") is None
    assert world.get(ALPHA, f"{home}/8/file") == b"data"


def test_nothing_is_removed_where_the_sign_lies(world: World) -> None:
    """The sign tells that this directory is the one in use."""
    home = world.home(ALPHA)
    world.link(ALPHA, f"{home}/7/disk.0", DEVICE)
    world.put(ALPHA, f"{home}/7/.sign", b"")
    assert run(world, RemoveTree(f"{home}/7", unless=".sign")) == ("kept",)
    assert world.get(ALPHA, f"{home}/7/disk.0") == DEVICE
    assert run(world, RemoveTree(f"{home}/7", unless=".other")) == ("",)
    assert world.get(ALPHA, f"{home}/7") is None


def test_a_tree_is_removed_without_following_its_links(world: World) -> None:
    """Files, directories and links go; what the links lead to stays. Gone already is done."""
    home = world.home(ALPHA)
    world.put(ALPHA, f"{home}/8/file", b"data")
    world.put(ALPHA, f"{home}/7/deep/file", b"x")
    world.link(ALPHA, f"{home}/7/disk.0", f"{home}/8")
    assert run(world, *[RemoveTree(f"{home}/7")] * 2) == ("", "")
    assert world.get(ALPHA, f"{home}/7") is None
    assert world.get(ALPHA, f"{home}/8/file") == b"data"


def test_a_directory_that_is_a_link_is_only_unlinked(world: World) -> None:
    """The directory behind it belongs to somebody else."""
    home = world.home(ALPHA)
    world.put(ALPHA, f"{home}/8/file", b"data")
    world.link(ALPHA, f"{home}/7", f"{home}/8")
    run(world, RemoveTree(f"{home}/7"))
    assert world.get(ALPHA, f"{home}/7") is None
    assert world.get(ALPHA, f"{home}/8/file") == b"data"


@pytest.mark.parametrize(
    "path", ["/", "/var", "/var/lib/one", "/var/lib/../../etc", "relative/a/b/c/d", "//////", "/a/b/./../..", ""]
)
def test_what_is_near_the_root_is_never_removed(world: World, path: str) -> None:
    """A path that no VM directory can have is refused, whatever oned said."""
    with pytest.raises(HostCommandFailed):
        run(world, RemoveTree(path))


def test_a_short_location_of_datastores_is_removable(world: World) -> None:
    """LOCATION/DATASTORE/VM is a VM directory, also where the location is one name."""
    assert run(world, RemoveTree("/no-such-location-of-datastores/0/7")) == ("",)


def test_a_file_is_made_once_and_kept(world: World) -> None:
    """Making it again changes nothing, and a link is not written through."""
    home = world.home(ALPHA)
    run(world, MakeFile(f"{home}/sign"))
    assert world.get(ALPHA, f"{home}/sign") == b""
    world.put(ALPHA, f"{home}/sign", b"data")
    run(world, MakeFile(f"{home}/sign"))
    assert world.get(ALPHA, f"{home}/sign") == b"data"
    world.link(ALPHA, f"{home}/link", f"{home}/elsewhere")
    with pytest.raises(HostCommandFailed):
        run(world, MakeFile(f"{home}/link"))
    with pytest.raises(HostCommandFailed):
        run(world, MakeFile(f"{home}/missing/sign"))
    assert run(world, FileExists(f"{home}/elsewhere"), FileExists(f"{home}/link")) == ("no", "yes")


def test_only_plain_files_are_removed_as_files(world: World) -> None:
    """A missing one is done; a directory is refused."""
    home = world.home(ALPHA)
    world.put(ALPHA, f"{home}/7/file", b"x")
    assert run(world, *[RemoveFile(f"{home}/7/file")] * 2) == ("", "")
    with pytest.raises(HostCommandFailed, match="no plain file"):
        run(world, RemoveFile(f"{home}/7"))
    assert world.get(ALPHA, f"{home}/7") == "directory"


def test_monitoring_stops_by_the_flag_file(world: World) -> None:
    """The flag goes; a missing one, or a missing directory, is done."""
    home = world.home(ALPHA)
    world.put(ALPHA, f"{home}/.monitor", b"ssh")
    assert run(world, *[StopMonitoring(home)] * 2, StopMonitoring(f"{home}/none")) == ("", "", "")
    assert world.get(ALPHA, f"{home}/.monitor") is None


# -- guests ----------------------------------------------------------------------------------------


def test_a_guest_is_frozen_and_thawed(world: World) -> None:
    """Thawing twice is done (defect 43)."""
    world.agent(ALPHA, "one-7")
    assert run(world, FreezeGuest("one-7")) == ("frozen",)
    assert world.is_frozen("one-7")
    assert run(world, *[ThawGuest("one-7")] * 2) == ("", "")
    assert not world.is_frozen("one-7")


def test_a_guest_without_an_agent_is_told(world: World) -> None:
    """A snapshot is taken all the same, so this is no error; neither is the thaw."""
    assert run(world, FreezeGuest("one-8"), ThawGuest("one-8")) == ("no agent", "")


def test_a_guest_thaws_when_the_driver_is_gone(world: World) -> None:
    """The watchdog of the host needs nobody."""
    if not world.real:
        pytest.skip("in memory there is no other process")
    world.agent(ALPHA, "one-9")
    run(world, FreezeGuest("one-9", seconds=1))
    end = time.monotonic() + 10
    while world.is_frozen("one-9") and time.monotonic() < end:
        time.sleep(0.05)
    assert not world.is_frozen("one-9")


def test_a_thaw_leaves_no_watchdog(world: World) -> None:
    """An old watchdog would thaw in the middle of the next snapshot."""
    if not world.real:
        pytest.skip("in memory there is no other process")
    world.agent(ALPHA, "one-10")
    run(world, FreezeGuest("one-10", seconds=300), ThawGuest("one-10"))
    listed = subprocess.run(["ps", "-eo", "stat,args"], capture_output=True, text=True, check=True).stdout
    alive = [line for line in listed.splitlines() if "linstor-thaw-watchdog one-10 " in line and line[0] != "Z"]
    assert alive == []


# -- copies ----------------------------------------------------------------------------------------


def test_plain_files_travel_and_links_do_not(world: World) -> None:
    """Contents and subdirectories arrive; links stay behind, and one session on each host is enough."""
    source, target = f"{world.home(ALPHA)}/7", f"{world.home(BETA)}/7"
    world.put(ALPHA, f"{source}/disk.1", bytes(range(256)) * 5000)
    world.put(ALPHA, f"{source}/deep er/vm.xml", b"<VM/>")
    world.link(ALPHA, f"{source}/disk.0", DEVICE)
    assert world.hosts.copy_files(ALPHA, source, BETA, target) is True
    assert world.get(BETA, f"{target}/disk.1") == bytes(range(256)) * 5000
    assert world.get(BETA, f"{target}/deep er/vm.xml") == b"<VM/>"
    assert world.get(BETA, f"{target}/disk.0") is None
    assert world.get(ALPHA, f"{source}/disk.0") == DEVICE
    assert sorted(world.sessions) == [ALPHA, BETA]


def test_a_copy_is_made_again_over_what_is_there(world: World) -> None:
    """Files are replaced; other files and links of the target stay, and a link is never written through."""
    source, target = f"{world.home(ALPHA)}/7", f"{world.home(BETA)}/7"
    world.put(ALPHA, f"{source}/disk.1", b"new")
    world.put(ALPHA, f"{source}/vm.xml", b"new")
    world.put(BETA, f"{target}/disk.1", b"older and longer")
    world.put(BETA, f"{target}/mine", b"mine")
    world.put(BETA, f"{world.home(BETA)}/8/precious", b"precious")
    world.link(BETA, f"{target}/vm.xml", f"{world.home(BETA)}/8/precious")
    world.link(BETA, f"{target}/disk.0", DEVICE)
    assert world.hosts.copy_files(ALPHA, source, BETA, target) is True
    found = {name: world.get(BETA, f"{target}/{name}") for name in ("disk.0", "disk.1", "vm.xml", "mine")}
    assert found == {"disk.0": DEVICE, "disk.1": b"new", "vm.xml": b"new", "mine": b"mine"}
    assert world.get(BETA, f"{world.home(BETA)}/8/precious") == b"precious"


def test_one_directory_of_a_shared_file_system_is_left_alone(world: World) -> None:
    """False says that it must not be removed as "the old one", and nothing changed in it (defect 2)."""
    directory = f"{world.shared}/7"
    world.put(ALPHA, f"{directory}/disk.1", b"context")
    assert world.hosts.copy_files(ALPHA, directory, BETA, directory) is False
    assert world.get(BETA, f"{directory}/disk.1") == b"context"
    if world.real:
        listed = subprocess.run(["find", world.shared], capture_output=True, text=True, check=True).stdout.split()
        assert sorted(listed) == [world.shared, directory, f"{directory}/disk.1"]


def test_two_directories_of_a_shared_file_system_are_two(world: World) -> None:
    """Another path is another directory, and the files are copied."""
    world.put(ALPHA, f"{world.shared}/7/disk.1", b"context")
    assert world.hosts.copy_files(ALPHA, f"{world.shared}/7", BETA, f"{world.shared}/8/7") is True
    assert world.get(BETA, f"{world.shared}/8/7/disk.1") == b"context"


def test_a_missing_source_is_nothing_to_copy(world: World) -> None:
    """A retry after the source was removed succeeds, and makes nothing."""
    assert world.hosts.copy_files(ALPHA, f"{world.home(ALPHA)}/7", BETA, f"{world.home(BETA)}/7") is True
    assert world.get(BETA, f"{world.home(BETA)}/7") is None


def test_an_empty_directory_arrives_empty(world: World) -> None:
    """A VM directory without files is a directory on the target."""
    run(world, MakeDirectory(f"{world.home(ALPHA)}/7"))
    assert world.hosts.copy_files(ALPHA, f"{world.home(ALPHA)}/7", BETA, f"{world.home(BETA)}/7") is True
    assert world.get(BETA, f"{world.home(BETA)}/7") == "directory"


def test_a_copy_on_one_host_is_local(world: World) -> None:
    """One session; another directory gets the files, the same one is left alone."""
    home = world.home(ALPHA)
    world.put(ALPHA, f"{home}/7/disk.1", b"context")
    world.link(ALPHA, f"{home}/7/disk.0", DEVICE)
    assert world.hosts.copy_files(ALPHA, f"{home}/7", ALPHA, f"{home}/1/7") is True
    assert world.sessions == [ALPHA]
    assert world.get(ALPHA, f"{home}/1/7/disk.1") == b"context"
    assert world.get(ALPHA, f"{home}/1/7/disk.0") is None
    assert world.hosts.copy_files(ALPHA, f"{home}/7", ALPHA, f"{home}/7") is False
    assert world.hosts.copy_files(ALPHA, f"{home}/9", ALPHA, f"{home}/1/9") is True


@pytest.mark.parametrize("place", ["own", "shared", "missing"])
def test_steps_follow_a_copy_in_the_session_of_the_target(world: World, place: str) -> None:
    """Whether there was anything to copy or not; each host is logged in to once."""
    directory = f"{world.shared}/7" if place == "shared" else f"{world.home(ALPHA)}/7"
    to = directory if place == "shared" else f"{world.home(BETA)}/7"
    if place != "missing":
        world.put(ALPHA, f"{directory}/vm.xml", b"xml")
    assert world.hosts.copy_files(ALPHA, directory, BETA, to, [MakeDirectory(f"{to}/1"), MakeFile(f"{to}/1/x")]) is (
        place != "shared"
    )
    assert world.get(BETA, f"{to}/1/x") == b""
    assert world.get(BETA, f"{to}/vm.xml") == (None if place == "missing" else b"xml")
    assert world.sessions == [ALPHA, BETA]


def test_a_step_after_a_copy_that_fails_is_named(world: World) -> None:
    """The files have arrived; what comes after the step is not begun."""
    directory, to = f"{world.home(ALPHA)}/7", f"{world.home(BETA)}/7"
    world.put(ALPHA, f"{directory}/vm.xml", b"xml")
    with pytest.raises(HostCommandFailed) as caught:
        world.hosts.copy_files(ALPHA, directory, BETA, to, [Unlink(f"{to}/vm.xml"), MakeFile(f"{to}/x")])
    assert (caught.value.host, "unlink" in caught.value.doing) == (BETA, True)
    assert (world.get(BETA, f"{to}/vm.xml"), world.get(BETA, f"{to}/x")) == (b"xml", None)


@pytest.mark.parametrize("gone", [ALPHA, BETA])
def test_a_copy_names_the_host_that_is_down(world: World, gone: HostName) -> None:
    """A rule decides by which of the two it is."""
    world.put(ALPHA, f"{world.home(ALPHA)}/7/disk.1", b"context")
    world.down(gone)
    with pytest.raises(HostUnreachable) as caught:
        world.hosts.copy_files(ALPHA, f"{world.home(ALPHA)}/7", BETA, f"{world.home(BETA)}/7")
    assert caught.value.host == gone


def test_a_target_that_cannot_take_the_files_is_named(world: World) -> None:
    """A file where the directory should be is an error of the target, and stays (defect 4)."""
    world.put(ALPHA, f"{world.home(ALPHA)}/7/disk.1", b"context" * 100000)
    world.put(BETA, f"{world.home(BETA)}/7", b"in the way")
    with pytest.raises(HostCommandFailed) as caught:
        world.hosts.copy_files(ALPHA, f"{world.home(ALPHA)}/7", BETA, f"{world.home(BETA)}/7")
    assert caught.value.host == BETA
    assert world.get(BETA, f"{world.home(BETA)}/7") == b"in the way"
