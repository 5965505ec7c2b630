"""A marketplace gets well-formed answers about a file that exists, that holds the image, and that is removed."""

from __future__ import annotations

import hashlib

import pytest
from lxml import etree

IMAGE = "OpenNebula-Image-4"
DATA = b"the image"


@pytest.fixture
def image(driver):
    """An image of 64 MiB that oned believes to have 1."""
    driver.volume(IMAGE)
    driver.write(IMAGE, DATA)
    return driver


def _export(driver, source: str = IMAGE):
    return driver.datastore("export", 4, size_mib=1, source=source)


def _told(out: str) -> dict[str, str]:
    return {each.tag: each.text or "" for each in etree.fromstring(out)}


def test_what_export_prints_is_well_formed(image) -> None:
    """Defect 19: a parser finds every element, and they are siblings."""
    told = _told(_export(image).out)

    assert set(told) == {"IMPORT_SOURCE", "MD5", "SIZE", "FORMAT", "DISPOSE", "DISPOSE_CMD"}


def test_temporary_files_are_in_the_staging_directory(image) -> None:
    """Defect 20: SAFE_DIRS, however many it names, has nothing to do with it."""
    image.attributes |= {"SAFE_DIRS": "/images /more", "STAGING_DIR": "/staging"}
    image.exports.directories = {"/staging"}

    assert _told(_export(image).out)["IMPORT_SOURCE"].startswith("/staging/")


def test_the_marketplace_is_told_the_volume_and_to_dispose_of_the_file(image) -> None:
    """Defect 21: size and sum are those of the volume, and the file goes."""
    told = _told(_export(image).out)
    data = image.exports.files[told["IMPORT_SOURCE"]]

    assert told["SIZE"] == "64"
    assert data.startswith(DATA)
    assert told["MD5"] == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert told["DISPOSE"] == "YES"
    assert told["DISPOSE_CMD"] == f"rm -f {told['IMPORT_SOURCE']}"


def test_a_missing_image_is_named(image) -> None:
    """Defect 21: one sentence, and no file."""
    ended = _export(image, "OpenNebula-Image-77")

    assert ended.code == 1
    assert "OpenNebula-Image-77" in ended.err
    assert image.exports.files == {}


def test_an_image_that_a_vm_writes_is_not_exported(image) -> None:
    """Defect 21: the order says which host writes."""
    host = image.strangers(IMAGE)[0]
    image.vm(on=(host,))
    assert image.tm("ln", f"fe:{IMAGE}", f"{host}:/var/ds/101/7/disk.0", 7, 100).code == 0
    image.open(IMAGE, host)

    ended = _export(image)

    assert ended.code == 1
    assert host in ended.err
    assert image.calls("exports", "save") == 0


def test_a_replica_that_is_behind_is_not_exported(image) -> None:
    """Defect 21: the bytes come from a host whose data is up to date."""
    behind = min(image.replicas(IMAGE))
    image.model.events.set_disk_state(behind, IMAGE, "Inconsistent")
    image.hosts.sessions.clear()

    told = _told(_export(image).out)

    assert behind not in image.hosts.sessions
    assert image.exports.files[told["IMPORT_SOURCE"]].startswith(DATA)
