"""What every implementation of the Hosts port promises of any steps."""

from __future__ import annotations

import pytest
from tests.contract.hosts.running import ALPHA, BETA, World, run

from domain.errors import HostCommandFailed, HostUnreachable
from domain.steps import FileExists, FileSize, MakeDirectory, Unlink


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
