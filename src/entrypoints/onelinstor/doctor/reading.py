"""What the doctor reads, as ports. Nothing here changes anything; every question has a limit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from domain.masking import masked, one_line
from domain.opennebula import Datastore
from domain.settings import StorageSettings


class CannotAsk(Exception):
    """There are no facts; the sentence says why, *advice* what to do."""

    def __init__(self, why: str, advice: str) -> None:
        self.advice = advice
        super().__init__(one_line(masked(why)))


@dataclass(frozen=True)
class Launcher:
    """One executable of the driver: permission bits, the owner's number, its text (the first KiB of it)."""

    mode: int
    uid: int
    text: str


@dataclass(frozen=True)
class FrontEndFacts:
    """The installation. *version* is the text of VERSION, None where there is none. *launchers*: `tm/clone` -> file.

    *driver_fails* is what the interpreter of the launchers says where it cannot run the driver. *oned_conf* and
    *execrc* are texts, None where they cannot be read.
    """

    user: str
    uid: int
    runs_as: str
    version: str | None
    launchers: Mapping[str, Launcher | None]
    driver_fails: str
    programs: Mapping[str, bool]
    stock_scripts: Mapping[str, bool]
    locks_fail: str
    oned_conf: str | None
    execrc: str | None

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, () where it is unknown."""
        found = re.match(r"[0-9]{1,9}(\.[0-9]{1,9})+", self.version or "")
        return tuple(int(each) for each in found[0].split(".")) if found else ()


@dataclass(frozen=True)
class DirectoryFacts:
    """A directory of the front-end. *free_kib* -1: unknown."""

    exists: bool = False
    writable: bool = False
    free_kib: int = -1


@dataclass(frozen=True)
class OneHost:
    """A host that oned has. *guests_kib*: memory of the VMs on it."""

    name: str
    state: int = 2
    cluster: int = 0
    guests_kib: int = 0


@dataclass(frozen=True)
class Store:
    """A datastore that oned has, and the clusters it is in."""

    datastore: Datastore
    disabled: bool = False
    clusters: tuple[int, ...] = ()


@dataclass(frozen=True)
class OnedFacts:
    """All datastores and hosts."""

    stores: tuple[Store, ...] = ()
    hosts: tuple[OneHost, ...] = ()


@dataclass(frozen=True)
class Node:
    """A node of LINSTOR. *lacks*: layer -> why the node cannot do it."""

    name: str
    kind: str = "SATELLITE"
    status: str = "ONLINE"
    flags: tuple[str, ...] = ()
    layers: tuple[str, ...] = ("DRBD", "STORAGE")
    lacks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pool:
    """A storage pool of one node. *provider* is LINSTOR's word (LVM_THIN, ZFS, ...); sizes None where unknown."""

    name: str
    node: str
    provider: str
    snapshots: bool = True
    free_kib: int | None = None
    total_kib: int | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """A resource group. *pools*, *layers* and *nodes* are () where the group leaves the choice to LINSTOR."""

    name: str
    place_count: int = 2
    pools: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    props: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LinstorFacts:
    """One LINSTOR. *controllers*: address -> why it does not answer, "" where it does."""

    version: str
    controllers: Mapping[str, str]
    props: Mapping[str, str]
    nodes: tuple[Node, ...]
    pools: tuple[Pool, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class HostFacts:
    """One host, as the user of oned sees it over ssh.

    *helper* is DRBD's usermode helper, *helper_there* whether that program exists. *closed_devices*: DRBD devices the
    user may not write to; *nameless_devices*: those without a link below /dev/drbd/by-res. *agentless*: running guests
    without a channel for QEMU's agent. *lvm_filter* None: no LVM there, or devices are listed one by one.
    """

    user: str
    groups: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    drbd: str = ""
    drbd_utils: str = ""
    helper: str = ""
    helper_there: bool = True
    udev_rules: bool = True
    closed_devices: tuple[str, ...] = ()
    nameless_devices: tuple[str, ...] = ()
    libvirt: str = ""
    agentless: tuple[str, ...] = ()
    location_writable: bool = True
    free_kib: int = -1
    lvm_filter: str | None = None


class FrontEndReader(Protocol):
    """The front-end."""

    def facts(self) -> FrontEndFacts:
        """What is installed. Raises CannotAsk."""

    def directory(self, path: str) -> DirectoryFacts:
        """A directory that a datastore names."""

    def access(self, settings: StorageSettings) -> str:
        """Why the certificates and secrets of a datastore cannot be used; "" where they can."""


class OnedReader(Protocol):
    """The oned that the environment names."""

    def facts(self) -> OnedFacts:
        """Its datastores and hosts. Raises CannotAsk."""


class LinstorReader(Protocol):
    """LINSTOR's controllers."""

    def facts(self, settings: StorageSettings) -> LinstorFacts:
        """The LINSTOR of a datastore. Raises CannotAsk."""


class HostReader(Protocol):
    """Hosts over ssh."""

    def facts(self, host: str, location: str) -> HostFacts:
        """A host; *location* is where its system datastores are. Raises CannotAsk."""


@dataclass(frozen=True)
class Readers:
    """All of them."""

    front_end: FrontEndReader
    oned: OnedReader
    linstor: LinstorReader
    hosts: HostReader
