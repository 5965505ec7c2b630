"""The objects of a cluster (linstor.md 1.1). Sizes in KiB."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from adapters.memory.linstor.contents import Content

DISKLESS_POOL = "DfltDisklessStorPool"
DEFAULT_GROUP = "DfltRscGrp"
UNLIMITED = 9223372036854775807
THIN = ("LVM_THIN", "ZFS_THIN", "FILE_THIN")
SNAPSHOT_KINDS = ("LVM_THIN", "ZFS", "ZFS_THIN", "FILE", "FILE_THIN", "SPDK")
CLONE_KINDS = ("LVM", "LVM_THIN", "ZFS", "ZFS_THIN", "DISKLESS")
THIN_RATIO = 20.0


def new_uuid() -> str:
    """An identifier as the controller makes them."""
    return str(uuid.uuid4())


def gross_kib(net: int, granularity: int = 4096, *, drbd: bool = True) -> int:
    """Size of the backing volume: DRBD's metadata on top, rounded up to the extent (linstor.md 1.6)."""
    if drbd:
        net += metadata_kib(net)
    return -(-net // granularity) * granularity


def metadata_kib(backing: int, peers: int = 7) -> int:
    """DRBD's internal metadata: superblock, activity log, and for each peer slot one bit for 4 KiB."""
    return 4 + 32 + -(-peers * backing // 32768 // 4) * 4


@dataclass
class Pool:
    """A storage pool of one node."""

    name: str
    kind: str
    total: int
    free: int
    props: dict[str, str] = field(default_factory=dict)
    shared: str = ""
    uuid: str = field(default_factory=new_uuid)

    @property
    def thin(self) -> bool:
        """Whether space is only taken when written."""
        return self.kind in THIN

    @property
    def granularity(self) -> int:
        """Extent in KiB that volumes are rounded up to."""
        return int(self.props.get("StorDriver/internal/AllocationGranularity", "4096"))


@dataclass
class Node:
    """A node; only ONLINE counts. *failing*: patterns of commands that its satellite cannot carry out."""

    name: str
    kind: str = "SATELLITE"
    address: str = "127.0.0.1"
    online: bool = True
    flags: set[str] = field(default_factory=set)
    pools: dict[str, Pool] = field(default_factory=dict)
    props: dict[str, str] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)
    networks_cut: bool = False
    lost_at: int = 0
    uuid: str = field(default_factory=new_uuid)

    @property
    def status(self) -> str:
        """`connection_status` as the controller shows it."""
        return "ONLINE" if self.online else "OFFLINE"


@dataclass
class Group:
    """A resource group."""

    name: str
    select_filter: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    props: dict[str, str] = field(default_factory=dict)
    volume_groups: list[str] = field(default_factory=lambda: [new_uuid()])
    uuid: str = field(default_factory=new_uuid)

    @property
    def place_count(self) -> int:
        """How many replicas it wants."""
        return int(self.select_filter.get("place_count", 2))

    @property
    def pools(self) -> list[str]:
        """Names of the pools it may use; none means all."""
        listed = list(self.select_filter.get("storage_pool_list") or [])
        single = self.select_filter.get("storage_pool")
        return listed or ([single] if single else [])

    @property
    def layers(self) -> list[str]:
        """The layer stack, top first."""
        return list(self.select_filter.get("layer_stack") or ["DRBD", "STORAGE"])


@dataclass
class VolumeDefinition:
    """One volume of a definition, with the content that its up-to-date replicas share (without DRBD: the content of
    the first one); *gross* is the backing size after what satellites did.
    """

    number: int
    size: int
    minor: int
    content: Content | None = None
    gross: int = 0
    props: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    uuid: str = field(default_factory=new_uuid)


@dataclass
class Resource:
    """A definition on one node. *deployed*: the device is there; *backed*: the backing volumes are.

    *unseen*: nodes whose satellites were away when it was made, and do not know it yet. *own*: contents that are not
    the definition's: of a replica that is behind, or of a volume without DRBD. *toggled*: it got or lost its disk.
    *sizes*: of a diskless one, the sizes of the volumes in KiB when it was made.
    """

    node: str
    flags: set[str] = field(default_factory=set)
    props: dict[str, str] = field(default_factory=dict)
    node_id: int = 0
    pool: str = DISKLESS_POOL
    deployed: bool = True
    backed: bool = True
    own: dict[int, Content] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    volume_flags: set[str] = field(default_factory=set)
    disk_state: str = ""
    toggled: bool = False
    created: int = 0
    uuid: str = field(default_factory=new_uuid)
    volume_uuid: str = field(default_factory=new_uuid)

    @property
    def diskless(self) -> bool:
        """Whether it holds no data."""
        return "DISKLESS" in self.flags

    @property
    def tiebreaker(self) -> bool:
        """Whether LINSTOR made it for the quorum."""
        return "TIE_BREAKER" in self.flags

    @property
    def going(self) -> bool:
        """Whether it waits for its deletion."""
        return bool(self.flags & {"DELETE", "DRBD_DELETE"})


@dataclass
class Snapshot:
    """A snapshot: what each node holds of it, by volume number."""

    name: str
    sizes: dict[int, int]
    parts: dict[str, dict[int, Content]]
    pools: dict[str, str]
    props: dict[str, str] = field(default_factory=dict)
    definition_props: dict[str, str] = field(default_factory=dict)
    volume_props: dict[int, dict[str, str]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=lambda: {"SUCCESSFUL"})
    created: int = 0
    uuid: str = field(default_factory=new_uuid)
    part_uuids: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def going(self) -> bool:
        """Whether a deletion was begun and not finished."""
        return "DELETE" in self.flags


@dataclass
class Definition:
    """A resource definition with all that belongs to it. *layers_known*: they were given, or something was deployed.

    *suspended*: its I/O waits for `drbdadm resume-io`, or for the end of the definition.
    """

    name: str
    group: str
    layers: list[str]
    volumes: dict[int, VolumeDefinition] = field(default_factory=dict)
    props: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    resources: dict[str, Resource] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    connections: dict[frozenset[str], dict[str, str]] = field(default_factory=dict)
    leftovers: dict[tuple[str, str], dict[int, Content]] = field(default_factory=dict)
    kernel: set[frozenset[str]] = field(default_factory=set)
    external_name: str = ""
    layers_known: bool = False
    suspended: bool = False
    port: int = 7000
    uuid: str = field(default_factory=new_uuid)

    @property
    def drbd(self) -> bool:
        """Whether DRBD is on top."""
        return "DRBD" in self.layers

    def diskful(self) -> list[Resource]:
        """Resources with data that are not going away."""
        return [each for each in self.resources.values() if not each.diskless and not each.going]

    def active(self) -> list[Resource]:
        """Diskful resources whose device is up."""
        return [each for each in self.diskful() if "INACTIVE" not in each.flags]

    def wanted_diskless(self) -> list[Resource]:
        """Attachments: diskless, not a witness, not going away."""
        return [each for each in self.resources.values() if each.diskless and not each.tiebreaker and not each.going]

    def content(self, resource: Resource, number: int) -> Content:
        """What a replica holds of one volume, or what a node without data reads. Raises LookupError: nothing yet."""
        found = resource.own.get(number) or self.volumes[number].content
        if found is None:
            raise LookupError(f"volume {number} of {self.name} was never deployed")
        return found

    def tiebreaker(self) -> Resource | None:
        """The witness."""
        return next((each for each in self.resources.values() if each.tiebreaker and not each.going), None)


def by_name(names: Iterable[str], wanted: str) -> str | None:
    """The name among *names* that LINSTOR takes *wanted* for: case does not matter."""
    return next((name for name in names if name.lower() == wanted.lower()), None)
