"""Steps of export.feature."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from lxml import etree
from pytest_bdd import given, parsers, scenarios, then, when
from worlds import World

from entrypoints.sandbox.cloud import IMAGES

scenarios("export.feature")

HALF_A_DD = '#!/bin/bash\nhead -c 100000 /dev/urandom\necho "dd: error reading: Input/output error" >&2\nexit 1\n'


@pytest.fixture
def printed() -> list[str]:
    """What `export` printed."""
    return []


def _staging(world: World, name: str) -> Path:
    return world.sandbox.root / name


@given(parsers.parse('the front-end keeps temporary files in the directory "{name}"'))
def _kept_in(world: World, name: str) -> None:
    _staging(world, name).mkdir()
    world.cloud.say(IMAGES, STAGING_DIR=str(_staging(world, name)))


@given(parsers.parse('the first replica of the image "{name}" has lost its disk'))
def _first_lost(world: World, name: str) -> None:
    world.sandbox.linstor.events.lose_disk(sorted(world.replicas(name))[0], world.source(name))


@given(parsers.parse('every replica of the image "{name}" has lost its disk'))
def _all_lost(world: World, name: str) -> None:
    for host in world.replicas(name):
        world.sandbox.linstor.events.lose_disk(host, world.source(name))


@given("the hosts cannot read devices to their end")
def _cannot_read(world: World) -> None:
    program = world.sandbox.root / "host-bin" / "dd"
    program.unlink(missing_ok=True)
    program.write_text(HALF_A_DD, encoding="utf-8")
    program.chmod(0o755)


@when(parsers.parse('the image "{name}" is exported'))
def _exported(world: World, name: str, printed: list[str]) -> None:
    world.tried(lambda: printed.append(world.cloud.export_image(world.ids[name])))


@then(parsers.parse('the marketplace finds a raw file with the bytes, the size and the MD5 of the image "{name}"'))
def _finds(world: World, name: str, printed: list[str]) -> None:
    assert world.failed is None
    info = etree.fromstring(printed[0])
    data = Path(info.findtext("IMPORT_SOURCE") or "").read_bytes()
    assert data == world.bytes[name]
    assert info.tag == "IMPORT_INFO"
    assert {each.tag: each.text for each in info if each.tag in ("MD5", "SIZE", "FORMAT", "DISPOSE")} == {
        "MD5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "SIZE": str(len(data) >> 20),
        "FORMAT": "raw",
        "DISPOSE": "YES",
    }


@then(parsers.parse('nothing is left in "{name}" once the marketplace has disposed of it'))
def _disposed(world: World, name: str, printed: list[str]) -> None:
    assert list(_staging(world, name).iterdir())
    disposes = etree.fromstring(printed[0]).findtext("DISPOSE_CMD") or ""
    subprocess.run(["sh", "-c", disposes], check=True)
    _nothing_left(world, name)


@then(parsers.re('nothing is left in "(?P<name>[^"]*)"$'))
def _nothing_left(world: World, name: str) -> None:
    assert list(_staging(world, name).iterdir()) == []


@then(parsers.re("the order fails(?: and names (?P<what>STAGING_DIR))?$"))
def _fails(world: World, what: str | None) -> None:
    assert world.failed is not None
    assert (what or "dd: error reading") in world.failed.ended.stderr
