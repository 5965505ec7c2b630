"""What every implementation of the Hosts port promises of steps about files and directories."""

from __future__ import annotations

import pytest
from tests.contract.hosts.running import ALPHA, DEVICE, World, run

from domain.errors import HostCommandFailed
from domain.steps import FileExists, MakeFile, RemoveFile, RemoveTree, StopMonitoring, Unlink


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
