"""Steps of images.feature."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_bdd import given, parsers, scenarios, then, when
from worlds import FIRST_IMAGE, World

from entrypoints.sandbox.cloud import IMAGES, ImageRecord

scenarios("images.feature")

URL = "http://images.example/os.raw"
HALF = '#!/bin/bash\nhead -c 100000 /dev/urandom\necho "Error downloading ${@: -2:1}" >&2\nexit 1\n'


def _made(world: World, path: Path | str) -> None:
    world.tried(lambda: world.cloud.import_image(FIRST_IMAGE, "new", str(path)))


@given(parsers.parse('the datastore names the resource group "{group}"'))
def _group(world: World, group: str) -> None:
    world.cloud.say(IMAGES, LINSTOR_RESOURCE_GROUP=group)


@given("an image with a snapshot")
def _with_snapshot(world: World) -> None:
    world.add_image("old", persistent=True)
    world.sandbox.linstor.snapshots.create(world.source("old"), "snapshot-0")
    assert world.definition("old").snapshots


@when(parsers.parse("an image is made from a file of {size:d} MiB below SAFE_DIRS"))
def _from_file(world: World, size: int) -> None:
    world.bytes["new"] = os.urandom(size << 20)
    path = world.cloud.sources / "new.raw"
    path.write_bytes(world.bytes["new"])
    _made(world, path)


@when("an image is made from a file outside SAFE_DIRS")
def _from_outside(world: World) -> None:
    outside = world.sandbox.root / "secret"
    outside.write_bytes(b"secret" * 1000)
    _made(world, outside)


@when("an image is made from a link below SAFE_DIRS to a file outside")
def _from_link(world: World) -> None:
    (world.sandbox.root / "secret").write_bytes(b"secret" * 1000)
    link = world.cloud.sources / "innocent"
    link.symlink_to(world.sandbox.root / "secret")
    _made(world, link)


@when("an image is made from a source that breaks in the middle")
def _from_broken(world: World) -> None:
    downloader = world.sandbox.one / "var" / "remotes" / "datastore" / "downloader.sh"
    downloader.write_text(HALF, encoding="utf-8")
    world.tried(lambda: world.cloud.copy_image(FIRST_IMAGE, "new", 10, URL))


@when(parsers.parse("an image of {size:d} MiB is made"))
def _of_size(world: World, size: int) -> None:
    world.tried(lambda: world.cloud.make_image(FIRST_IMAGE, "new", size))


@when("the image is deleted twice")
def _deleted_twice(world: World) -> None:
    record: ImageRecord = world.cloud.images[FIRST_IMAGE]
    world.cloud.remove_image(FIRST_IMAGE)
    world.cloud.images[FIRST_IMAGE] = record
    world.cloud.remove_image(FIRST_IMAGE)


@then("every replica of the image holds the file's bytes")
def _holds(world: World) -> None:
    assert world.failed is None
    definition = world.sandbox.linstor.state.definitions[world.cloud.images[FIRST_IMAGE].source]
    expected = world.bytes["new"]
    assert len(definition.diskful()) == 2
    for replica in definition.diskful():
        assert definition.content(replica, 0).read(0, len(expected)) == expected


@then(parsers.re("the order fails and names (?P<what>the file|the link|the source|the image|the resource group.*)$"))
def _fails_and_names(world: World, what: str) -> None:
    named = {
        "the file": "secret",
        "the link": "innocent",
        "the source": URL,
        "the image": f"OpenNebula-Image-{FIRST_IMAGE}",
    }.get(what, "typo")
    assert world.failed is not None
    assert named in world.failed.ended.stderr
