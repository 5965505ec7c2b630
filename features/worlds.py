"""What a scenario knows, and looks at."""

from __future__ import annotations

import os
from collections.abc import Callable

from feature_cloud import FeatureCloud
from moving_cloud import SECOND_SYSTEM

from adapters.memory.linstor.objects import Definition
from entrypoints.sandbox.cloud import IMAGES, READY, SYSTEM_LINSTOR, SYSTEM_SHARED, SYSTEM_SSH, ImageRecord, OrderFailed
from entrypoints.sandbox.linstor.faults import Fault
from entrypoints.sandbox.world import Sandbox

HOSTS = ("alpha", "beta", "gamma", "delta")
VM, SECOND_VM = 7, 8
FIRST_IMAGE = 20
IMAGE_MIB = 4
GROUP = "OpenNebula-Default"
SYSTEMS = {
    "our own": SYSTEM_LINSTOR,
    "another of our own": SECOND_SYSTEM,
    "an ssh": SYSTEM_SSH,
    "a shared": SYSTEM_SHARED,
}
"""The system datastores as scenarios call them."""

DATASTORES = {"image": ("datastore", IMAGES), "system": ("tm", SYSTEM_LINSTOR)}
"""Who is monitored, and by which kind of driver."""
GIB = 1024 * 1024

Told = dict[str, str]
"""What `monitor` printed."""
Identity = tuple[str, frozenset[tuple[str, str]]]
"""Which volume it is, and which replica on which node."""


def bytes_of(volume: Definition) -> bytes:
    """What all replicas hold; they hold the same."""
    (content,) = {volume.content(each, 0).read(0, volume.volumes[0].size * 1024) for each in volume.diskful()}
    return content


class World:
    """What a scenario knows: images by their names, their bytes, and how the last order ended."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.cloud = FeatureCloud(sandbox)
        self.ids: dict[str, int] = {}
        self.bytes: dict[str, bytes] = {}
        self.failed: OrderFailed | None = None
        self.before: dict[str, str] = {}
        self.began_as: dict[str, Identity] = {}

    def tried(self, order: Callable[[], object]) -> None:
        """Give an order that may fail; LINSTOR and the hosts are looked at before."""
        self.before, self.failed = self.sandbox.picture(), None
        try:
            order()
        except OrderFailed as error:
            self.failed = error

    def monitored(self, which: str, *more: str) -> Told:
        """What oned hears of a datastore, {} when that fails."""
        told: list[str] = []
        self.tried(lambda: told.append(self.cloud.monitor(*DATASTORES[which], *more)))
        return dict(line.split("=", 1) for text in told for line in text.splitlines())

    def add_image(self, name: str, *, persistent: bool, cdrom: bool = False) -> None:
        """Import a file of random bytes."""
        identity = FIRST_IMAGE + len(self.ids)
        self.ids[name], self.bytes[name] = identity, os.urandom(IMAGE_MIB << 20)
        path = self.cloud.sources / name
        path.write_bytes(self.bytes[name])
        self.cloud.import_image(identity, name, str(path), persistent=persistent)
        if cdrom:
            self.cloud.cdroms |= {identity}

    def have_image(self, name: str, *, persistent: bool = False) -> None:
        """An image of random bytes is there."""
        identity = FIRST_IMAGE + len(self.ids)
        self.ids[name], self.bytes[name] = identity, os.urandom(IMAGE_MIB << 20)
        record = ImageRecord(f"OpenNebula-Image-{identity}", IMAGE_MIB, persistent)
        marks = {"Aux/OpenNebula/image": str(identity)}
        self.sandbox.linstor.definitions.spawn(GROUP, record.source, [IMAGE_MIB * 1024], props=marks)
        definition = self.sandbox.linstor.state.definitions[record.source]
        definition.content(definition.diskful()[0], 0).write(0, self.bytes[name])
        self.cloud.images[identity] = record
        self.cloud._tell_image(identity, name, record, READY)

    def begin(self, names: list[str], host: str, system: int) -> None:
        """A VM with these images runs, and is remembered as it began."""
        self.cloud.begin(VM, host, [self.ids[name] for name in names], system)
        self.began_as = self.identities()

    def identities(self) -> dict[str, Identity]:
        """What tells each volume from another one with its name and its data."""
        known = self.sandbox.linstor.state.definitions
        return {
            key: (each.uuid, frozenset((replica.node, replica.uuid) for replica in each.diskful()))
            for key, each in known.items()
        }

    @staticmethod
    def owed(volume: Definition) -> list[str]:
        """The hosts on which something is still to be done about the volume."""
        prefix = "Aux/OpenNebula/debt-"
        return [key.removeprefix(prefix) for key in volume.props if key.startswith(prefix)]

    def dies(self, host: str) -> None:
        """Neither OpenNebula nor LINSTOR nor the replicas on other hosts reach it."""
        self.sandbox.hosts.down(host)
        self.sandbox.linstor.events.satellite_down(host)
        self.sandbox.linstor.events.cut_network(host)

    def returns(self, host: str) -> None:
        """It is back, and replicas on it catch up."""
        self.sandbox.linstor.events.heal_network(host)
        self.sandbox.linstor.events.satellite_up(host)
        self.sandbox.hosts.up(host)

    def break_copies(self, host: str, *, once: bool) -> None:
        """Copies break on the host; *once*: it is well again when the broken copy is removed."""
        events = self.sandbox.linstor.events
        events.fail(host, "lvcreate")

        def heal(method: str, path: str) -> bool:
            if once and method == "DELETE" and "/resource-definitions/" in path:
                events.heal(host)
            return False

        self.sandbox.server.fault(Fault(heal))

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

    def volume(self, vm: int = VM) -> Definition:
        """The volume behind disk 0 of a VM."""
        disk = self.cloud.vms[vm].disks[0]
        own = f"-vm{vm}-disk0" if disk["CLONE"] == "YES" else ""
        return self.sandbox.linstor.state.definitions[f"{disk['SOURCE']}{own}"]

    def other_replica(self, vm: int = VM) -> str:
        """A host with a replica of the disk that is not the VM's."""
        return next(each.node for each in self.volume(vm).diskful() if each.node != self.host(vm))

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

    def files(self, vm: int = VM) -> set[str]:
        """All files and links below the directories of the VM, as `host datastores/...`."""
        return {key for key in self.sandbox.picture() if f"/{vm}/" in key and " datastores/" in key}

    def link(self, host: str, disk: int = 0, vm: int = VM) -> bool:
        """Whether a host has a link to a disk of the VM."""
        return self.sandbox.host_path(host, f"{self.cloud.directory(vm)}/disk.{disk}").is_symlink()
