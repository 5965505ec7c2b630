"""Wiring: the one place that chooses adapters (dependency-injector).

Adapters and rules are imported when they are first needed, because imports are most of what a short order costs.
`wrap` gets a port by name and gives what the rules see: tests, traces and faults come in here. `watch` gets each
request to LINSTOR and the call that sends it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from dependency_injector import containers, providers

from domain.names import HostName
from domain.settings import KnownLimits, Limits

Wrap = Callable[[str, Any], Any]


def _rules(path: str) -> Callable[..., Any]:
    """Makes the class at *path*, `module.Class`; its module is imported when the first order needs it."""
    module, _, name = path.rpartition(".")
    return lambda *ports: getattr(import_module(module), name)(*ports)


def _installation(environment: Mapping[str, str]) -> Any:
    from adapters.opennebula.installation import Installation

    return Installation.find(environment)


def _cares_for_vm_directories(installation: Any) -> bool:
    """Since 6.0 OpenNebula carries a VM's files itself when the VM moves on an ssh system datastore."""
    return bool(installation.version >= (6, 0))


def _clusters(environment: Mapping[str, str], wrap: Wrap, watch: Any) -> Any:
    from adapters.linstor.clusters import RestClusters
    from entrypoints.wrapping import WrappedClusters

    return WrappedClusters(RestClusters(environment, watch), wrap)


def _oned(environment: Mapping[str, str], wrap: Wrap) -> Any:
    from adapters.opennebula.oned import XmlRpcOned

    return wrap("oned", XmlRpcOned(environment))


def _pools(environment: Mapping[str, str], wrap: Wrap) -> Any:
    from adapters.opennebula.pools import XmlRpcPools

    return wrap("pools", XmlRpcPools(environment))


def _inventories(environment: Mapping[str, str]) -> Any:
    from adapters.linstor.inventory import RestInventories

    return RestInventories(environment)


def _monitord(installation: Any, environment: Mapping[str, str], wrap: Wrap) -> Any:
    from adapters.opennebula.monitord import ShellMonitord

    return wrap("monitord", ShellMonitord(installation, environment))


def _hosts(limits: KnownLimits, wrap: Wrap) -> Any:
    from adapters.opennebula.hosts import SshHosts

    return wrap("hosts", SshHosts(limits.now))


def _sources(installation: Any, environment: Mapping[str, str], limits: Limits, wrap: Wrap) -> Any:
    from adapters.opennebula.sources import FrontEndSources

    return wrap("sources", FrontEndSources(installation, environment, limits))


def _exports(limits: Limits, wrap: Wrap) -> Any:
    from adapters.opennebula.exports import FrontEndExports

    return wrap("exports", FrontEndExports(limits))


def _scripts(installation: Any, environment: Mapping[str, str], wrap: Wrap) -> Any:
    from adapters.opennebula.front_end import OpenNebulaScripts

    return wrap("scripts", OpenNebulaScripts(installation, environment))


def _backup_stores(installation: Any, environment: Mapping[str, str], wrap: Wrap) -> Any:
    from adapters.opennebula.backup_stores import OpenNebulaBackupStores

    return wrap("backup_stores", OpenNebulaBackupStores(installation, environment))


def _backup_base(installation: Any) -> str:
    from adapters.opennebula.backup_base import backup_base

    return backup_base(installation)


def _locks(environment: Mapping[str, str]) -> Any:
    from adapters.opennebula.locks import FileLocks

    return FileLocks(environment)


def _parallel() -> Any:
    from adapters.opennebula.threads import Threads

    return Threads()


def _clock() -> Any:
    from adapters.opennebula.clock import SystemClock

    return SystemClock()


def _documents(oned: Callable[[], Any]) -> Any:
    from adapters.opennebula.xml import parse_action_data, parse_vm
    from entrypoints.remotes.parser import Documents

    return Documents(parse_vm, parse_action_data, lambda vm_id: oned().vm(vm_id))


def unwatched(_request: Any, send: Callable[[], Any]) -> Any:
    """The answer to a request to LINSTOR as it comes."""
    return send()


def plain(_name: str, port: Any) -> Any:
    """The port as it is."""
    return port


class Container(containers.DeclarativeContainer):
    """Ports and rules of one order. Override a provider to put a fake in its place."""

    environment: providers.Object[Mapping[str, str]] = providers.Object({})
    wrap = providers.Object(plain)
    watch = providers.Object(unwatched)
    limits = providers.Singleton(Limits)
    known_limits = providers.Singleton(KnownLimits)
    warnings: providers.Singleton[list[str]] = providers.Singleton(list)

    installation = providers.Singleton(_installation, environment)
    front_end = providers.Singleton(lambda: HostName(socket.gethostname()))
    clusters = providers.Singleton(_clusters, environment, wrap, watch)
    oned = providers.Singleton(_oned, environment, wrap)
    pools = providers.Singleton(_pools, environment, wrap)
    monitord = providers.Singleton(_monitord, installation, environment, wrap)
    inventories = providers.Singleton(_inventories, environment)
    hosts = providers.Singleton(_hosts, known_limits, wrap)
    sources = providers.Singleton(_sources, installation, environment, limits, wrap)
    exports = providers.Singleton(_exports, limits, wrap)
    scripts = providers.Singleton(_scripts, installation, environment, wrap)
    backup_stores = providers.Singleton(_backup_stores, installation, environment, wrap)
    locks = providers.Singleton(_locks, environment)
    parallel = providers.Singleton(_parallel)
    clock = providers.Singleton(_clock)
    documents = providers.Singleton(_documents, oned.provider)

    storages = providers.Singleton(_rules("domain.storage.Storages"), oned, clusters, environment, known_limits)
    attachment = providers.Singleton(_rules("domain.attachment.Attachment"), clock)
    lifetime = providers.Singleton(_rules("domain.lifetime.Lifetime"), clock)
    sizes = providers.Singleton(_rules("domain.sizes.Sizes"), clock)
    healing = providers.Singleton(_rules("domain.healing.Healing"), attachment)
    debts = providers.Singleton(_rules("domain.debts.Debts"), hosts)
    legacy_contexts = providers.Singleton(
        _rules("domain.legacy_contexts.LegacyContexts"), storages, oned, locks, lifetime
    )
    snapshots = providers.Singleton(_rules("domain.snapshots.Snapshots"))
    backup_snapshots = providers.Singleton(
        _rules("domain.backup_snapshots.BackupSnapshots"), attachment, lifetime, snapshots
    )
    rolling_back = providers.Singleton(_rules("domain.rolling_back.RollingBack"), clock, sizes)
    rewriting = providers.Singleton(
        _rules("domain.rewriting.Rewriting"), hosts, attachment, lifetime, snapshots, rolling_back, front_end
    )
    vm_directory = providers.Singleton(
        _rules("domain.vm_directory.VmDirectory"),
        hosts,
        scripts,
        oned,
        providers.Callable(_cares_for_vm_directories, installation),
    )
    parting = providers.Singleton(_rules("domain.parting.Parting"), backup_snapshots, rewriting)
    disks = providers.Singleton(
        _rules("domain.disks.Disks"),
        storages,
        oned,
        hosts,
        locks,
        attachment,
        lifetime,
        healing,
        debts,
        legacy_contexts,
        sizes,
        parting.provider,
    )
    images = providers.Singleton(
        _rules("domain.images.Images"), storages, hosts, sources, locks, lifetime, attachment, front_end, sizes
    )
    exporting = providers.Singleton(_rules("domain.exporting.Exporting"), storages, exports, front_end)
    migration = providers.Singleton(
        _rules("domain.migration.Migration"), storages, locks, parallel, clock, attachment, healing, debts, vm_directory
    )
    reverting = providers.Singleton(_rules("domain.reverting.Reverting"), snapshots, rolling_back, rewriting)
    disk_changes = providers.Singleton(
        _rules("domain.disk_changes.DiskChanges"), storages, oned, hosts, locks, sizes, snapshots, reverting
    )
    image_snapshots = providers.Singleton(
        _rules("domain.image_snapshots.ImageSnapshots"), storages, locks, snapshots, reverting
    )
    returning = providers.Singleton(_rules("domain.returning.Returning"), hosts, sources, attachment, lifetime)
    relocation = providers.Singleton(
        _rules("domain.relocation.Relocation"),
        storages,
        oned,
        hosts,
        locks,
        attachment,
        healing,
        debts,
        returning,
        legacy_contexts,
    )
    saving = providers.Singleton(_rules("domain.saving.Saving"), storages, oned, hosts, locks, lifetime, snapshots)
    backups = providers.Singleton(
        _rules("domain.backups.Backups"),
        storages,
        hosts,
        locks,
        parallel,
        clock,
        backup_snapshots,
        providers.Callable(_backup_base, installation),
    )
    restoring = providers.Singleton(
        _rules("domain.restoring.Restoring"),
        storages,
        oned,
        backup_stores,
        sources,
        locks,
        attachment,
        lifetime,
        snapshots,
        rewriting,
        sizes,
    )
    vm_monitoring = providers.Singleton(_rules("domain.vm_sizes.VmMonitoring"), storages, pools, clock)
    orphans = providers.Singleton(
        _rules("domain.clearing.Orphans"),
        pools,
        oned,
        inventories,
        clusters,
        environment,
        locks,
        lifetime,
        attachment,
        healing,
        debts,
        snapshots,
    )
    overviews = providers.Singleton(_rules("domain.overview.Overviews"), pools, inventories, clusters, environment)
