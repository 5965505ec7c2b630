"""The cloud that all scenarios play in, and the steps that more than one feature has.

The executables are the real ones; LINSTOR, oned and the hosts are those of the sandbox.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from lxml import etree
from pytest_bdd import given, parsers, then, when

from adapters.memory.linstor.objects import Definition
from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR, Cloud, OrderFailed
from entrypoints.sandbox.documents import Record, VmDocument
from entrypoints.sandbox.guests import BLOCK
from entrypoints.sandbox.world import Sandbox

HOSTS = ("alpha", "beta", "gamma", "delta")
VM, SECOND_VM = 7, 8
FIRST_IMAGE = 20
IMAGE_MIB = 4


class FeatureCloud(Cloud):
    """A cloud that can do what the sandbox's own demonstration never does."""

    cdroms: frozenset[int] = frozenset()
    sizes: dict[int, int] = {}  # noqa: RUF012 - replaced as a whole, never changed

    def _disk(self, image: int, vm: int) -> dict[str, object]:
        """Also CD-ROMs (opennebula.md 4.3) and disks larger than their image."""
        values = super()._disk(image, vm)
        if image in self.cdroms:
            values.update({"CLONE": "NO", "SAVE": "NO", "READONLY": "YES"})
            values.pop("PERSISTENT", None)
        if image in self.sizes:
            values["SIZE"] = self.sizes[image]
        return values

    def use_group(self, group: str) -> None:
        """The image datastore names another resource group from now on."""
        self._image_datastore = re.sub("OpenNebula-Default", group, self._image_datastore)
        self.sandbox.oned.put("datastore", IMAGES, self._image_datastore)

    def use_staging(self, directory: str) -> None:
        """The image datastore names a directory for temporary files from now on."""
        root = etree.fromstring(self._image_datastore)
        template = root.find("TEMPLATE")
        for each in root.findall("TEMPLATE/STAGING_DIR"):
            each.getparent().remove(each)
        etree.SubElement(template, "STAGING_DIR").text = directory
        self._image_datastore = etree.tostring(root, encoding="unicode")
        self.sandbox.oned.put("datastore", IMAGES, self._image_datastore)

    def export_image(self, identity: int) -> str:
        """`onemarketapp create --image`: export. What it printed."""
        image = self.images[identity]
        return self._about_image(
            "export", identity, documents.image(identity, "", image.size_mib, {"SOURCE": image.source})
        )

    def monitor(self, kind: str, datastore: int, *more: str) -> str:
        """The periodic look at the space of a datastore (opennebula.md 2.8), *more* are elements. What it printed."""
        document = documents.action_data(self.sandbox.oned.get("datastore", datastore) or "", *more)
        return self.call(kind, "linstor", "monitor", datastore, stdin=base64.b64encode(document)).stdout

    def delete_by_force(self, vm: int) -> None:
        """`onevm recover --delete`: delete for every disk, whatever it is, and then for the directory."""
        self.sandbox.guests.stop(vm)
        for disk in self.vms[vm].disks:
            self.call("tm", "linstor", self._suffixed(vm, "delete"), self._place(vm, disk), vm, IMAGES)
        now = self.vms[vm].now
        self.call("tm", now.tm, "delete", f"{now.host}:{self.directory(vm)}", vm, now.datastore)

    def begin_in_hypervisor(self, vm: int) -> None:
        """Both hosts have the disks of a migrating VM open."""
        document = self.vms[vm]
        source, target = document.history[-2:]
        self.hypervisor._carry_files(source.host, target.host, self.directory(vm))
        self.sandbox.guests.begin_migration(vm, target.host, self.directory(vm))

    def fail_in_hypervisor(self, vm: int) -> None:
        """The target gives a migrating VM up, and oned calls failmigrate."""
        self.begin_in_hypervisor(vm)
        self.sandbox.guests.cancel_migration(vm)
        document = self.vms[vm]
        self.hypervisor._give_up(*(each.host for each in document.history[-2:]), self.directory(vm))
        self._migration_script(vm, "failmigrate")
        self.forget_target(vm)

    def deploy_context(self, vm: int, host: str) -> None:
        """The context of a VM without other disks, on our own system datastore."""
        self.vms[vm] = VmDocument(vm, [Record(host, SYSTEM_LINSTOR, "linstor")], context_disk=0)
        self._tell(vm)
        self._context(vm)

    def copy_image(self, identity: int, name: str, size_mib: int, url: str) -> None:
        """`oneimage create --path` of something whose size oned knows already."""
        self._about_image("cp", identity, documents.image(identity, name, size_mib, {"PATH": url, "SOURCE": ""}))

    def change_system_datastore(self, vm: int, datastore: int) -> str:
        """`onevm migrate --live` to another system datastore of the same host; the directory that the VM has left."""
        old, host = self.directory(vm), self.vms[vm].now.host
        own = {"LINSTOR_CONTROLLERS": self.sandbox.controller, "SHARED": "YES"}
        self._tell_datastore(datastore, "system-second", ("-", "linstor"), own)
        self.vms[vm].history.append(Record(host, datastore, "linstor"))
        self._tell(vm)
        self._migration_script(vm, "premigrate")
        for name in ("vm.xml", "ds.xml", f"disk.{self.vms[vm].context_disk}"):
            shutil.copyfile(*(self.sandbox.host_path(host, f"{each}/{name}") for each in (old, self.directory(vm))))
        self.sandbox.guests.begin_migration(vm, host, self.directory(vm))
        self.sandbox.guests.finish_migration(vm, host, self.directory(vm))
        self._migration_script(vm, "postmigrate")
        return old

    def forget_target(self, vm: int) -> None:
        """Oned gives a migration up, and no script is told."""
        self.vms[vm].history.pop()
        self._tell(vm)

    def deploy_again(self, vm: int, host: str) -> None:
        """A VM that was recreated is deployed: a new history record, and its disks are made anew."""
        now = self.vms[vm].now
        self.vms[vm].history.append(Record(host, now.datastore, now.tm))
        self._tell(vm)
        for disk in self.vms[vm].disks:
            self._bring(vm, disk)
        self._context(vm)
        self.hypervisor.deploy(self.vms[vm], self.directory(vm))


class World:
    """What a scenario knows: images by their names, their bytes, and how the last order ended."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.cloud = FeatureCloud(sandbox)
        self.ids: dict[str, int] = {}
        self.bytes: dict[str, bytes] = {}
        self.failed: OrderFailed | None = None
        self.before: dict[str, str] = {}

    def tried(self, order: Callable[[], object]) -> None:
        """Give an order that may fail; LINSTOR and the hosts are looked at before."""
        self.before = self.sandbox.picture()
        try:
            order()
        except OrderFailed as error:
            self.failed = error

    def add_image(self, name: str, *, persistent: bool, cdrom: bool = False) -> None:
        """Import a file of random bytes."""
        identity = FIRST_IMAGE + len(self.ids)
        self.ids[name], self.bytes[name] = identity, os.urandom(IMAGE_MIB << 20)
        path = self.cloud.sources / name
        path.write_bytes(self.bytes[name])
        self.cloud.import_image(identity, name, str(path), persistent=persistent)
        if cdrom:
            self.cloud.cdroms |= {identity}

    def source(self, name: str) -> str:
        """What LINSTOR calls the image."""
        return self.cloud.images[self.ids[name]].source

    def definition(self, name: str) -> Definition:
        """The image in LINSTOR."""
        return self.sandbox.linstor.state.definitions[self.source(name)]

    def copies(self, name: str) -> list[Definition]:
        """The volumes of disks that are clones of the image."""
        known = self.sandbox.linstor.state.definitions
        return [each for key, each in known.items() if key.startswith(f"{self.source(name)}-vm")]

    def replicas(self, name: str) -> list[str]:
        """The hosts that hold a replica."""
        return [each.node for each in self.definition(name).diskful()]

    def strangers(self, name: str) -> list[str]:
        """The hosts that hold none."""
        return [host for host in HOSTS if host not in self.replicas(name)]

    def attached(self, name: str) -> set[str]:
        """The hosts that use it over the network."""
        return {each.node for each in self.definition(name).wanted_diskless() if not each.tiebreaker}

    def host(self, vm: int = VM) -> str:
        """Where a VM is."""
        return self.cloud.vms[vm].now.host

    def disk(self, disk: int = 0, vm: int = VM) -> bytes:
        """The first block of a disk, which no guest writes, as the guest reads it."""
        return self.sandbox.guests.guests[vm].open[disk].read(0)

    def link(self, host: str, disk: int = 0, vm: int = VM) -> bool:
        """Whether a host has a link to a disk of the VM."""
        return self.sandbox.host_path(host, f"{self.cloud.directory(vm)}/disk.{disk}").is_symlink()


@pytest.fixture
def world() -> Iterator[World]:
    """A fresh cloud."""
    with Sandbox(hosts=HOSTS) as sandbox:
        yield World(sandbox)


# -- given ----------------------------------------------------------------------------------------


@given("the hosts alpha, beta, gamma and delta, and two replicas for each volume")
@given("the hosts alpha and beta")
def _hosts(world: World) -> None:
    assert world.sandbox.picture() == {}


@given(parsers.parse('the image "{name}" with data in it'))
def _image(world: World, name: str) -> None:
    world.add_image(name, persistent=False)


@given(parsers.parse('the persistent image "{name}" with data in it'))
def _persistent_image(world: World, name: str) -> None:
    world.add_image(name, persistent=True)


@given(parsers.parse('a VM with the image "{name}" runs on a host that holds no replica of it'))
def _runs_without(world: World, name: str) -> None:
    world.cloud.deploy(VM, world.strangers(name)[0], [world.ids[name]], system=SYSTEM_LINSTOR)
    world.sandbox.guests.write_all(VM, 8)


# -- when -----------------------------------------------------------------------------------------


@when("the VM is terminated")
def _terminate(world: World) -> None:
    world.tried(lambda: world.cloud.terminate(VM))


@when("the VM is deleted by force")
def _delete_by_force(world: World) -> None:
    world.tried(lambda: world.cloud.delete_by_force(VM))


@when(parsers.parse('a VM with the image "{name}" is deployed on alpha'))
def _deploy_on_alpha(world: World, name: str) -> None:
    world.tried(lambda: world.cloud.deploy(VM, "alpha", [world.ids[name]]))


# -- then -----------------------------------------------------------------------------------------


@then(parsers.parse('the VM\'s disk shows the data of the image "{name}"'))
def _shows(world: World, name: str) -> None:
    assert world.failed is None
    assert world.disk() == world.bytes[name][:BLOCK]


@then(parsers.parse('the image "{name}" still has its data'))
def _still_there(world: World, name: str) -> None:
    assert world.failed is None
    definition = world.definition(name)
    written = world.sandbox.guests.guests[VM].written.get(0, {}) if name == "db" else {}
    expected = bytearray(world.bytes[name])
    for offset, data in written.items():
        expected[offset : offset + len(data)] = data
    for replica in definition.diskful():
        assert definition.content(replica, 0).read(0, len(expected)) == expected


@then(parsers.parse('the image "{name}" is attached nowhere else'))
def _attached_nowhere_else(world: World, name: str) -> None:
    assert world.attached(name) <= {world.host()} & set(world.strangers(name))


@then(parsers.parse('the order fails and names the image "{name}"'))
def _fails_and_names_image(world: World, name: str) -> None:
    assert world.failed is not None
    assert world.source(name) in world.failed.ended.stderr


@then("LINSTOR has no volume")
def _no_volume(world: World) -> None:
    assert world.sandbox.linstor.state.definitions == {}
