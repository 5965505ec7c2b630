"""An image is every byte of its source, and never a file that the datastore forbids."""

from __future__ import annotations

import pytest

from domain.errors import ControllerFailed

IMAGE = "OpenNebula-Image-4"
SECRET = "/etc/secret"
DATA = bytes(range(1, 251)) * 4096


@pytest.fixture
def guarded(driver):
    """A datastore that forbids everything but /images."""
    driver.attributes |= {"RESTRICTED_DIRS": "/", "SAFE_DIRS": "/images"}
    driver.sources.directories |= {"/", "/images"}
    driver.sources.files |= {"/images/a": DATA, SECRET: b"secret"}
    driver.sources.links["/images/link"] = SECRET
    return driver


def _cp(driver, path: str, size_mib: int = 1):
    return driver.datastore("cp", 4, size_mib=size_mib, path=path)


@pytest.mark.parametrize("path", [SECRET, "/images/link"])
@pytest.mark.parametrize("action", ["cp", "stat"])
def test_a_forbidden_file_is_refused_before_anything_is_made(guarded, path: str, action: str) -> None:
    """Defects 15 and 16: also behind a link, also for stat, and nothing is created or written."""
    ended = guarded.datastore(action, 4, size_mib=1, path=path)

    assert ended.code == 1
    assert path in ended.err
    assert guarded.calls("cluster", "create") == 0
    assert guarded.calls("sources", "fetch") == 0
    assert guarded.calls("scripts", "run") == 0


def test_a_file_below_a_safe_directory_is_taken(guarded) -> None:
    """Defect 16: SAFE_DIRS wins over RESTRICTED_DIRS."""
    assert _cp(guarded, "/images/a").code == 0
    assert guarded.read(IMAGE, len(DATA)) == DATA


def test_nothing_of_a_deleted_volume_shows_through(make_driver, monkeypatch) -> None:
    """Defect 14: on a thick pool the zeros of a source are written, not skipped."""
    driver = make_driver(kind="LVM")
    create = driver.cluster.create

    def creating(volume, *rest) -> bool:
        made = create(volume, *rest)
        driver.write(volume, b"what a deleted volume left".ljust(len(zeros), b"x"))
        return made

    zeros = b"\1" + bytes(len(DATA) - 1)
    driver.sources.files["/a"] = zeros
    monkeypatch.setattr(driver.cluster, "create", creating)

    assert _cp(driver, "/a").code == 0
    assert driver.read(IMAGE, len(zeros)) == zeros


def test_an_image_is_written_where_its_data_is_up_to_date(driver, monkeypatch) -> None:
    """Defect 14: a replica that is behind, or whose node is away, is neither read nor written."""
    driver.sources.files["/a"] = DATA
    create = driver.cluster.create
    behind: list[str] = []

    def creating(volume, *rest) -> bool:
        made = create(volume, *rest)
        behind.append(sorted(driver.replicas(volume))[0])
        driver.model.events.set_disk_state(behind[0], volume, "Inconsistent")
        return made

    monkeypatch.setattr(driver.cluster, "create", creating)

    assert _cp(driver, "/a").code == 0

    assert behind[0] not in driver.hosts.sessions
    assert driver.read(IMAGE, len(DATA)) == DATA


@pytest.mark.parametrize("length", [1, 65535, 65537, 1024 * 1024 + 1])
def test_any_size_of_a_source_becomes_an_image(driver, length: int) -> None:
    """Defect 47: sizes that are no multiple of a block are rounded up, and every byte is there."""
    data = b"d" * length
    driver.sources.files["/a"] = data

    assert _cp(driver, "/a").code == 0
    assert driver.read(IMAGE, length) == data
    assert driver.definition(IMAGE).volumes[0].size * 1024 >= length


def test_a_copy_that_breaks_leaves_no_image(driver) -> None:
    """Defect 47: the clone of an image that LINSTOR cannot finish is removed."""
    driver.volume("OpenNebula-Image-1")
    driver.refuse("cluster", "copy_state", ControllerFailed("look at the copy", "satellite failed"))

    assert driver.datastore("clone", 4, size_mib=64, path="OpenNebula-Image-1").code == 1
    assert driver.volumes == ["OpenNebula-Image-1"]


def test_a_replica_that_is_away_makes_no_copy_of_an_image(driver) -> None:
    """Defect 47: the order fails with a sentence, and the name stays free."""
    driver.volume("OpenNebula-Image-1")
    driver.model.events.satellite_down(driver.replicas("OpenNebula-Image-1")[0])

    ended = driver.datastore("clone", 4, size_mib=64, path="OpenNebula-Image-1")

    assert ended.code == 1
    assert "internal error" not in ended.err
    assert driver.volumes == ["OpenNebula-Image-1"]


@pytest.mark.parametrize("words", [{"format": "qcow2"}, {"fstype": "qcow2"}], ids=["6.0", "5.12"])
def test_an_image_that_cannot_be_raw_is_refused_before_anything_is_made(driver, words: dict[str, str]) -> None:
    """In the words of every OpenNebula: FORMAT since 6.0, FSTYPE before."""
    ended = driver.datastore("mkfs", 4, size_mib=8, **words)

    assert ended.code == 1
    assert "wants format qcow2" in ended.err
    assert driver.calls("cluster", "create") == 0


@pytest.mark.parametrize("attributes", [{"STAGING_DIR": "/a$(id)"}, {"LIMIT_TRANSFER_BW": "1;id"}])
def test_what_a_shell_would_carry_out_reaches_no_downloader(guarded, attributes: dict[str, str]) -> None:
    """Whoever may change a datastore's template gets no shell on the front-end, and nothing is created."""
    guarded.attributes |= attributes

    assert next(iter(attributes)) in _cp(guarded, "/images/a").err
    assert guarded.calls("cluster", "create") == 0
    assert guarded.calls("sources", "fetch") == 0
