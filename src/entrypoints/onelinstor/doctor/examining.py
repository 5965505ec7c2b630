"""The whole examination: what is looked at, in which order, and what cannot be looked at because of what."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from domain.names import same_host
from domain.ports import Parallel
from domain.settings import StorageSettings
from entrypoints.onelinstor.doctor import datastores, front_end, groups, hosts, linstor, oned_conf
from entrypoints.onelinstor.doctor.checks import Line, Reach, examined, skipped
from entrypoints.onelinstor.doctor.groups import GroupView
from entrypoints.onelinstor.doctor.hosts import HostView
from entrypoints.onelinstor.doctor.linstor import LinstorView
from entrypoints.onelinstor.doctor.oned_conf import Configuration
from entrypoints.onelinstor.doctor.reading import FrontEndFacts, Group, LinstorFacts, OnedFacts, OneHost, Readers, Store

FRONT_END, ONED = "front-end", "oned"
OFFLINE = 8
LOCATION = "/var/lib/one/datastores"


@dataclass(frozen=True)
class Storage:
    """One LINSTOR and the datastores that name it."""

    settings: StorageSettings
    stores: tuple[Store, ...]
    groups: tuple[str, ...]
    mapped: Mapping[str, str]

    @property
    def subject(self) -> str:
        """What its lines say."""
        return ", ".join(self.settings.controllers)


class Examination:
    """All lines, from what *readers* read. *environment* is that of oned."""

    def __init__(self, readers: Readers, environment: Mapping[str, str], parallel: Parallel) -> None:
        self._readers, self._environment, self._parallel = readers, environment, parallel

    def lines(self) -> list[Line]:
        """Look at everything."""
        front_lines, front = Reach(
            "front-end.found", "OpenNebula's front-end", self._readers.front_end.facts, front_end.CHECKS
        ).examine(FRONT_END)
        conf_lines, conf = self._configuration(front)
        oned_lines, oned = Reach(
            "oned.answers", "oned and its credentials", self._readers.oned.facts, datastores.ONED_CHECKS
        ).examine(ONED)
        lines = [*front_lines, *conf_lines, *oned_lines]
        if oned is None:
            return [*lines, *_nothing_known("oned.answers")]
        return [*lines, *self._about(oned, front.release if front else (), conf)]

    def _configuration(self, front: FrontEndFacts | None) -> tuple[list[Line], Configuration | None]:
        if front is None:
            return skipped(oned_conf.CHECKS, FRONT_END, "front-end.found"), None
        reach = Reach("oned-conf.readable", "oned.conf", lambda: oned_conf.read(front), oned_conf.CHECKS)
        return reach.examine(FRONT_END)

    # -- what oned knows --------------------------------------------------------------------------

    def _about(self, oned: OnedFacts, release: tuple[int, ...], conf: Configuration | None) -> list[Line]:
        lines: list[Line] = []
        usable: list[tuple[Store, StorageSettings]] = []
        for store in datastores.ours(oned):
            view = self._view(store, oned, release, conf)
            subject = _subject(store)
            lines += examined(datastores.CHECKS, subject, view)
            settings = datastores.settings(store, self._environment)
            if settings is None or view.access:
                because = "datastore.attributes" if settings is None else "datastore.access"
                lines += skipped((*linstor.CHECKS, *groups.CHECKS), f"of datastore {subject}", because)
            else:
                usable.append((store, settings))
        storages = _storages(usable)
        looked = self._parallel.map(lambda each: self._storage(each, oned), storages)
        found = {each.subject: facts for each, (_, facts) in zip(storages, looked, strict=True)}
        lines += [line for some, _ in looked for line in some]
        return [*lines, *self._hosts(oned, storages, found)]

    def _view(
        self, store: Store, oned: OnedFacts, release: tuple[int, ...], conf: Configuration | None
    ) -> datastores.StoreView:
        settings = datastores.settings(store, self._environment)
        return datastores.StoreView(
            store=store,
            oned=oned,
            release=release,
            staging=self._readers.front_end.directory(datastores.staging_directory(store)),
            access=self._readers.front_end.access(settings) if settings else "",
            encrypted=tuple(conf.values("DATASTORE_ENCRYPTED_ATTR")) if conf else None,
            environment=self._environment,
        )

    def _storage(self, storage: Storage, oned: OnedFacts) -> tuple[list[Line], LinstorFacts | None]:
        names = tuple(each.name for each in _hosts_of(storage, oned))
        reach = Reach(
            "linstor.answers",
            "a controller that answers",
            lambda: LinstorView(self._readers.linstor.facts(storage.settings), names, storage.mapped),
            linstor.CHECKS,
        )
        lines, view = reach.examine(storage.subject)
        for name in storage.groups:
            lines += _group_lines(name, view)
        return lines, view.linstor if view else None

    # -- hosts ------------------------------------------------------------------------------------

    def _hosts(self, oned: OnedFacts, storages: list[Storage], found: Mapping[str, LinstorFacts | None]) -> list[Line]:
        wanted: dict[str, OneHost | None] = {}
        for storage in storages:
            wanted.update({each.name: each for each in _hosts_of(storage, oned)})
            for name in _storage_nodes(storage, found[storage.subject]):
                if not any(same_host(name, each) for each in [*wanted, *(each.name for each in oned.hosts)]):
                    wanted[name] = None
        if not wanted:
            return skipped(hosts.CHECKS, "hosts", "oned.datastores")
        location = _location(oned)
        looked = self._parallel.map(lambda each: self._host(each[0], each[1], location), list(wanted.items()))
        return [line for some in looked for line in some]

    def _host(self, name: str, known: OneHost | None, location: str) -> list[Line]:
        reach = Reach(
            "host.ssh",
            "ssh without a password",
            lambda: HostView(
                self._readers.hosts.facts(name, location),
                hypervisor=known is not None,
                guests_kib=known.guests_kib if known else 0,
            ),
            hosts.CHECKS,
        )
        return reach.examine(name)[0]


def _group_lines(name: str, view: LinstorView | None) -> list[Line]:
    if view is None:
        return skipped(groups.CHECKS, name, "linstor.answers")
    known = view.linstor
    return Reach("group.exists", "the resource group", lambda: groups.find(name, known), groups.CHECKS).examine(name)[0]


def _nothing_known(because: str) -> list[Line]:
    """Without oned nobody knows what to look at."""
    return [
        *skipped(datastores.CHECKS, "datastores", because),
        *skipped(linstor.CHECKS, "LINSTOR", because),
        *skipped(groups.CHECKS, "groups", because),
        *skipped(hosts.CHECKS, "hosts", because),
    ]


def _subject(store: Store) -> str:
    return f"{store.datastore.datastore_id} ({store.datastore.name})"


def _storages(usable: list[tuple[Store, StorageSettings]]) -> list[Storage]:
    """Datastores that reach LINSTOR in the same way belong together."""
    together: dict[Hashable, list[tuple[Store, StorageSettings]]] = {}
    for store, settings in usable:
        together.setdefault(_way(settings), []).append((store, settings))
    return [
        Storage(
            settings=some[0][1],
            stores=tuple(store for store, _ in some),
            groups=tuple(dict.fromkeys(settings.group for _, settings in some)),
            mapped={host: node for _, settings in some for host, node in settings.nodes.items()},
        )
        for some in together.values()
    ]


def _way(given: StorageSettings) -> Hashable:
    secrets = (given.user, given.password, given.password_file, given.token, given.token_file)
    return (given.controllers, given.ca_file, given.cert_file, given.key_file, *secrets)


def _hosts_of(storage: Storage, oned: OnedFacts) -> list[OneHost]:
    """The hosts that may run VMs with its disks: those of the clusters of its datastores."""
    clusters = {cluster for each in storage.stores for cluster in each.clusters}
    everywhere = any(not each.clusters for each in storage.stores)
    return [each for each in oned.hosts if each.state != OFFLINE and (everywhere or each.cluster in clusters)]


def _storage_nodes(storage: Storage, known: LinstorFacts | None) -> list[str]:
    """Hosts that the driver may write images through, whether oned has them or not: replicas can be there."""
    if known is None:
        return []
    back = {node.lower(): host for host, node in storage.mapped.items()}
    names = {pool.node for each in known.groups if _is_used(each, storage) for pool in GroupView(each, known).usable}
    return [back.get(each.lower(), each) for each in sorted(names)]


def _is_used(group: Group, storage: Storage) -> bool:
    return group.name.lower() in [each.lower() for each in storage.groups]


def _location(oned: OnedFacts) -> str:
    paths = [each.datastore.base_path for each in oned.stores if each.datastore.kind == datastores.SYSTEM]
    return next((str(PurePosixPath(each).parent) for each in paths if each.startswith("/")), LOCATION)
