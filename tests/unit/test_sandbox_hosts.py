"""Hosts are directories in which the devices of LINSTOR appear, change and vanish."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.memory.linstor import InFiles, LinstorModel
from entrypoints.sandbox.devices import Device, HostDevices, named
from entrypoints.sandbox.hosts import SandboxHosts
from entrypoints.sandbox.world import covered

MIB = 1024 * 1024
NODES = {"host-b": "node-b.example"}


class Site:
    """A cluster of three nodes with files below *root*, and its hosts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hosts = SandboxHosts(root, ("host-a", "host-b", "host-c"), "one-fe", NODES)
        nodes = [self.hosts.nodes[name] for name in ("host-a", "host-b", "host-c")]
        self.model = LinstorModel.simple(nodes, diskless=["one-fe"], contents=InFiles(root / "volumes"))
        self.hosts.follow(self.model)

    def spawn(self, name: str, group: str = "one", size_kib: int = 8192) -> int:
        """Make a volume; its minor."""
        self.model.definitions.spawn(group, name, [size_kib])
        return self.model.state.definitions[name].volumes[0].minor

    def device(self, host: str, path: str) -> Path:
        """A path of a host."""
        return self.hosts.path(host, path)

    def resource(self, host: str, path: Path) -> str | None:
        """What the driver would find behind a path."""
        return self.hosts.resource_of(self.model, host, str(path))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def _with_replica(site: Site, name: str) -> list[str]:
    found = site.model.state.definitions[name].diskful()
    return [host for host, node in site.hosts.nodes.items() if node in {each.node for each in found}]


def _without(site: Site, name: str) -> str:
    nodes = site.model.state.definitions[name].resources
    return next(host for host, node in site.hosts.nodes.items() if node not in nodes)


# -- devices --------------------------------------------------------------------------------------


def test_a_device_appears_where_a_replica_is(site: Site) -> None:
    """With its size in sectors, and with udev's name."""
    minor = site.spawn("vol")
    content = site.model.state.definitions["vol"].volumes[0].content
    assert content is not None

    for host in _with_replica(site, "vol"):
        assert site.device(host, f"/dev/drbd{minor}").stat().st_size == content.size
        assert int(site.device(host, f"/sys/class/block/drbd{minor}/size").read_text()) * 512 == content.size
        assert site.device(host, "/dev/drbd/by-res/vol/0").samefile(site.device(host, f"/dev/drbd{minor}"))
        assert site.hosts.devices(host) == {f"drbd{minor}": content.size}


def test_a_host_without_the_volume_has_no_device(site: Site) -> None:
    """A device that is not attached does not exist."""
    minor = site.spawn("vol")
    host = _without(site, "vol")

    assert not site.device(host, f"/dev/drbd{minor}").exists()
    assert site.hosts.devices(host) == {}


def test_what_one_host_writes_the_other_reads(site: Site) -> None:
    """Replicas are one content."""
    minor = site.spawn("vol")
    one, other = _with_replica(site, "vol")

    with site.device(one, f"/dev/drbd{minor}").open("r+b") as device:
        device.write(b"data")

    assert site.device(other, f"/dev/drbd{minor}").read_bytes()[:4] == b"data"


def test_an_attachment_brings_a_device_and_its_end_takes_it_away(site: Site) -> None:
    """With everything that told of it. Three replicas need no witness that would stay there."""
    site.model.add_group("three", place_count=3, storage_pool="data")
    minor = site.spawn("vol", "three")
    site.model.resources.make_available("vol", "one-fe")
    assert site.device("one-fe", f"/dev/drbd{minor}").exists()

    site.model.resources.delete("vol", "one-fe")

    for path in (f"/dev/drbd{minor}", "/dev/drbd/by-res/vol", f"/sys/class/block/drbd{minor}"):
        assert not site.device("one-fe", path).exists()


def test_the_device_grows_with_the_volume(site: Site) -> None:
    """The kernel tells the new size on every host."""
    minor = site.spawn("vol")
    site.model.volumes.resize("vol", 0, 20480)

    for host in _with_replica(site, "vol"):
        assert int(site.device(host, f"/sys/class/block/drbd{minor}/size").read_text()) * 512 >= 20 * MIB


def test_a_minor_that_is_used_again_is_the_new_volume(site: Site) -> None:
    """No host keeps the bytes of the volume that had it before."""
    minor = site.spawn("old")
    for host in _with_replica(site, "old"):
        site.device(host, f"/dev/drbd{minor}").write_bytes(b"old" * 100)
    site.model.definitions.delete("old")

    assert site.spawn("new") == minor
    for host in _with_replica(site, "new"):
        assert site.device(host, f"/dev/drbd{minor}").read_bytes()[:3] == bytes(3)


def test_a_volume_without_drbd_has_the_device_of_its_pool(site: Site) -> None:
    """On the node where it lies, and nowhere else (linstor.md 1.4)."""
    site.model.add_group("bare", place_count=1, storage_pool="data", layer_stack=["STORAGE"])
    site.spawn("vol", "bare")
    (host,) = _with_replica(site, "vol")

    device = site.device(host, "/dev/vg_data/vol_00000")

    assert site.resource(host, device) == "vol"
    assert device.is_file()
    others = [each for each in site.hosts.names if each != host]
    assert not any(site.device(each, "/dev/vg_data/vol_00000").exists() for each in others)


def test_a_device_follows_its_volume_to_another_file(tmp_path: Path) -> None:
    """What the host reads is what the volume holds now, not what it held before."""
    devices = HostDevices(tmp_path / "host-a")
    for name in ("old", "new"):
        (tmp_path / name).write_bytes(name.encode())
        devices.put(Device("/dev/drbd1000", "/dev/drbd/by-res/vol/0", tmp_path / name, 512))

    assert (tmp_path / "host-a/dev/drbd/by-res/vol/0").read_bytes() == b"new"


# -- which resource -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["/dev/drbd{minor}", "/dev/drbd/by-res/vol/0"])
@pytest.mark.parametrize("prefix", ["/proc/self/fd/199", "/proc/4711/fd/199", ""])
def test_a_link_tells_its_resource(site: Site, name: str, prefix: str) -> None:
    """By whichever name of the device, as a session on the host writes it or as it stands on a real host."""
    path = name.format(minor=site.spawn("vol"))
    host = _with_replica(site, "vol")[0]
    link = site.root / "disk.0"
    link.symlink_to(prefix + path)

    assert site.resource(host, link) == "vol"


def test_a_link_to_a_device_of_no_volume_tells_nothing(site: Site) -> None:
    """Neither does a plain file, nor a host that does not have the volume."""
    minor = site.spawn("vol")
    host = _with_replica(site, "vol")[0]
    (site.root / "disk.0").symlink_to("/dev/drbd4711")
    (site.root / "disk.1").write_bytes(b"")
    (site.root / "disk.2").symlink_to(f"/dev/drbd{minor}")

    assert site.resource(host, site.root / "disk.0") is None
    assert site.resource(host, site.root / "disk.1") is None
    assert site.resource(_without(site, "vol"), site.root / "disk.2") is None


def test_a_directory_called_dev_on_the_way_is_no_device(tmp_path: Path) -> None:
    """The sandbox may lie below such a directory itself."""
    place = tmp_path / "dev" / "hosts" / "host-a" / "datastores"
    place.mkdir(parents=True)
    (place / "disk.0").symlink_to("/proc/self/fd/199/dev/drbd1000")

    assert named(place / "disk.0") == "/dev/drbd1000"
    assert named(place / "disk.1") == ""


# -- places ---------------------------------------------------------------------------------------


def test_a_path_of_a_host_lies_below_its_directory(site: Site) -> None:
    """The doubled slash of oned makes no difference."""
    datastores = f"{site.root}/one/var//datastores/102/7"

    assert site.device("host-a", datastores) == Path(f"{site.root}/hosts/host-a{site.root}/one/var/datastores/102/7")
    assert site.device("host-a", "/dev/drbd1000") == site.root / "hosts/host-a/dev/drbd1000"


def test_the_front_end_has_its_own_datastores(site: Site) -> None:
    """They are where oned has them."""
    assert site.device("one-fe", f"{site.root}/one/var/datastores/102") == site.root / "one/var/datastores/102"


def test_a_shared_datastore_is_one_directory(site: Site) -> None:
    """What one host writes there all see, and another datastore stays apart."""
    site.hosts.share(103)
    shared, own = f"{site.root}/one/var/datastores/103", f"{site.root}/one/var/datastores/102"
    (site.root / "one/var/datastores/103/file").touch()

    for host in site.hosts.names:
        assert (site.device(host, shared) / "file").exists()
        assert Path(f"{site.hosts.home(host)}{shared}/file").exists() or host == "one-fe"
    assert not site.device("host-a", own).exists()


def test_time_that_overlaps_is_counted_once() -> None:
    """Requests and sessions at the same moment are waited for together."""
    assert covered([(4.0, 5.0), (0.0, 2.0), (1.0, 3.0), (1.5, 1.6)]) == 4.0


# -- devices that are late ------------------------------------------------------------------------


def test_a_device_that_is_held_back_appears_when_it_is_shown(site: Site) -> None:
    """LINSTOR calls it ready before the host has it."""
    for host in ("host-a", "host-b", "host-c"):
        site.hosts.hold_back(host)
    minor = site.spawn("vol", size_kib=4096)
    host = _with_replica(site, "vol")[0]
    assert not site.device(host, f"/dev/drbd{minor}").exists()

    site.hosts.show(host)

    assert site.device(host, f"/dev/drbd{minor}").exists()


def test_a_device_that_vanished_while_it_was_held_back_never_appears(site: Site) -> None:
    """Nobody will ever see it."""
    for host in ("host-a", "host-b", "host-c"):
        site.hosts.hold_back(host)
    minor = site.spawn("vol", size_kib=4096)
    host = _with_replica(site, "vol")[0]
    site.model.definitions.delete("vol")

    site.hosts.show(host)

    assert not site.device(host, f"/dev/drbd{minor}").exists()
