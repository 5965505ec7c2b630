"""What every implementation of the Hosts port promises of copies between hosts."""

from __future__ import annotations

import subprocess

import pytest
from tests.contract.hosts.running import ALPHA, BETA, DEVICE, World, run

from domain.errors import HostCommandFailed, HostUnreachable
from domain.names import HostName
from domain.steps import MakeDirectory, MakeFile, Unlink


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


@pytest.mark.parametrize("to_host", [BETA, ALPHA])
def test_one_file_may_be_chosen(world: World, to_host: HostName) -> None:
    """No other file travels, none in a directory of the same name, and one that is not there is no error."""
    source, target = f"{world.home(ALPHA)}/7", f"{world.home(to_host)}/8/7"
    world.put(ALPHA, f"{source}/disk.1", b"context")
    world.put(ALPHA, f"{source}/disk.11", b"written")
    world.put(ALPHA, f"{source}/disk.1.d/disk.1", b"deeper")
    for name in ("disk.1", "disk.3"):
        assert world.hosts.copy_files(ALPHA, source, to_host, target, only=name) is True
    names = ("disk.1", "disk.11", "disk.1.d/disk.1", "disk.3")
    assert [world.get(to_host, f"{target}/{name}") for name in names] == [b"context", None, None, None]


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
