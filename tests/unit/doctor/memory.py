"""The doctor's ports in memory: facts that a test gives, and who was asked for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from adapters.memory.parallel import MemoryParallel
from domain.opennebula import Datastore
from domain.settings import StorageSettings
from entrypoints.onelinstor.doctor.checks import Line
from entrypoints.onelinstor.doctor.examining import Examination
from entrypoints.onelinstor.doctor.reading import (
    CannotAsk,
    DirectoryFacts,
    FrontEndFacts,
    Group,
    HostFacts,
    LinstorFacts,
    Node,
    OnedFacts,
    OneHost,
    Pool,
    Readers,
    Store,
)
from entrypoints.onelinstor.install.registration import TRANSFER

NODES = ("alpha", "beta", "gamma")


def store(identity: int = 100, *, clusters: tuple[int, ...] = (0,), **given: str) -> Store:
    """An image datastore of the driver."""
    own = {**TRANSFER, "DISK_TYPE": "BLOCK", "LINSTOR_RESOURCE_GROUP": "one", "COMPATIBLE_SYS_DS": "0", **given}
    return Store(Datastore(identity, "images", 0, "linstor", "linstor", f"/ds/{identity}", own), clusters=clusters)


SYSTEM = Store(Datastore(0, "system", 1, "-", "ssh", "/var/lib/one//datastores/0"))


def linstor(*nodes: str, groups: tuple[Group, ...] = (Group("one", pools=("data",)),)) -> LinstorFacts:
    """A LINSTOR with a pool on each of *nodes*."""
    names = nodes or NODES
    pools = tuple(Pool("data", each, "LVM_THIN", True, 50, 100) for each in names)
    return LinstorFacts("1.33.3", {"localhost": ""}, {}, tuple(Node(each) for each in names), pools, groups)


@dataclass
class Surroundings:
    """What there is. A missing part cannot be asked. *asked* is `LINSTOR` addresses and host names, in order."""

    stores: tuple[Store, ...] = (store(), SYSTEM)
    hosts: tuple[OneHost, ...] = tuple(OneHost(each) for each in NODES)
    linstors: Mapping[str, LinstorFacts] = field(default_factory=lambda: {"localhost": linstor()})
    oned: bool = True
    asked: list[str] = field(default_factory=list)
    locations: set[str] = field(default_factory=set)

    def lines(self) -> list[Line]:
        """What the doctor says; there is no front-end."""
        readers = Readers(_FrontEnd(), _Oned(self), _Linstor(self), _Hosts(self))
        return Examination(readers, {}, MemoryParallel()).lines()


class _FrontEnd:
    def facts(self) -> FrontEndFacts:
        raise CannotAsk("there is none", "install one")

    def directory(self, path: str) -> DirectoryFacts:
        return DirectoryFacts(True, True)

    def access(self, settings: StorageSettings) -> str:
        return settings.ca_file and f"{settings.ca_file} is not there"


@dataclass
class _Oned:
    around: Surroundings

    def facts(self) -> OnedFacts:
        if not self.around.oned:
            raise CannotAsk("no answer", "start it")
        return OnedFacts(self.around.stores, self.around.hosts)


@dataclass
class _Linstor:
    around: Surroundings

    def facts(self, settings: StorageSettings) -> LinstorFacts:
        self.around.asked.append(",".join(settings.controllers))
        found = self.around.linstors.get(settings.controllers[0])
        if found is None:
            raise CannotAsk("nobody there", "start it")
        return found


@dataclass
class _Hosts:
    around: Surroundings
    known: Callable[[str], HostFacts] = lambda _: HostFacts("root", drbd="9.2.14", drbd_utils="drbdsetup")

    def facts(self, host: str, location: str) -> HostFacts:
        self.around.asked.append(host)
        self.around.locations.add(location)
        return self.known(host)
