"""What every implementation of `Sources.real_path` and `Sources.fetch` promises."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import SourceUnreadable
from domain.ports import ImageSource

World = Any


def test_a_path_is_followed_to_its_end(world: World) -> None:
    """However many links lead there."""
    file = world.image(b"data")
    first = world.link_to_image("first", file)
    second = world.link_to_image("second", first)
    assert world.sources.real_path(second) == world.sources.real_path(file) == file


def test_a_path_that_leads_nowhere_is_unreadable(world: World) -> None:
    """The error names what was asked for."""
    dangling = world.link_to_image("dangling", "/no/such/file")
    for path in ("/no/such/file", dangling):
        with pytest.raises(SourceUnreadable, match=path):
            world.sources.real_path(path)


def test_links_in_a_circle_are_unreadable(world: World) -> None:
    """And come to an end."""
    one = world.link_to_image("one", world.path_of_image("two"))
    world.link_to_image("two", one)
    with pytest.raises(SourceUnreadable):
        world.sources.real_path(one)


def test_a_local_file_is_fetched_with_its_size(world: World) -> None:
    """In bytes."""
    with world.sources.fetch(ImageSource(world.image(b"x" * 5000))) as image:
        assert image.size_bytes == 5000


def test_a_source_that_is_not_there_is_unreadable(world: World) -> None:
    """Nothing is yielded."""
    with pytest.raises(SourceUnreadable, match="/no/such/file"), world.sources.fetch(ImageSource("/no/such/file")):
        pytest.fail("there is nothing to fetch")
