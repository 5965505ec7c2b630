"""Checks of the datastores that oned has (opennebula.md 4.5, 6.3, docs/configuration.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from domain.deprecated import deprecated_in
from domain.errors import DriverError
from domain.names import same_host
from domain.settings import StorageSettings, settings_of
from entrypoints.onelinstor.doctor.checks import Check, Finding, warning
from entrypoints.onelinstor.doctor.reading import DirectoryFacts, OnedFacts, Store
from entrypoints.onelinstor.doctor.targets import differing, image_keys, served_systems
from entrypoints.onelinstor.install.registration import DRIVER

IMAGE, SYSTEM = 0, 1
UPDATE = "onedatastore update {}, then save, copies what oned.conf says now"
SECRETS = ("LINSTOR_PASSWORD", "LINSTOR_TOKEN")
BLOCK_SYSTEMS_SINCE = (6, 4, 1)
LEAST_STAGING_KIB = 10 * 1024 * 1024


@dataclass(frozen=True)
class StoreView:
    """A datastore of this driver with all that its checks look at.

    *staging* is its STAGING_DIR, *access* why its certificates or secrets cannot be used, *encrypted* what
    DATASTORE_ENCRYPTED_ATTR lists (None: oned.conf cannot be read).
    """

    store: Store
    oned: OnedFacts
    release: tuple[int, ...]
    staging: DirectoryFacts
    access: str
    encrypted: tuple[str, ...] | None
    environment: Mapping[str, str]

    @property
    def given(self) -> Mapping[str, str]:
        """Its attributes."""
        return self.store.datastore.attributes

    @property
    def images(self) -> bool:
        """Whether it is for images."""
        return self.store.datastore.kind == IMAGE


def ours(oned: OnedFacts) -> list[Store]:
    """The datastores that name this driver in one way or another."""
    return [each for each in oned.stores if DRIVER in (each.datastore.tm_mad, each.datastore.ds_mad)]


def settings(store: Store, environment: Mapping[str, str]) -> StorageSettings | None:
    """What it says about LINSTOR; None where that makes no sense, which `datastore.attributes` says."""
    try:
        return settings_of(store.datastore, environment)
    except DriverError:
        return None


def staging_directory(store: Store) -> str:
    """Where its images are converted."""
    return store.datastore.attributes.get("STAGING_DIR") or "/var/tmp"  # noqa: S108 - OpenNebula's own default


def _drivers(view: StoreView) -> Iterator[Finding]:
    store = view.store.datastore
    if store.tm_mad != DRIVER:
        yield Finding(f"TM_MAD is {store.tm_mad!r}, DS_MAD {DRIVER!r}", advice=_change("TM_MAD", DRIVER))
    elif view.images and store.ds_mad != DRIVER:
        yield Finding(f"DS_MAD is {store.ds_mad!r}, TM_MAD {DRIVER!r}", advice=_change("DS_MAD", DRIVER))


def _change(name: str, value: str) -> str:
    return f'onedatastore update: {name}="{value}"'


def _state(view: StoreView) -> Iterator[Finding]:
    if view.store.disabled:
        yield warning("it is disabled")


def _attributes(view: StoreView) -> Iterator[Finding]:
    try:
        settings_of(view.store.datastore, view.environment)
    except DriverError as error:
        yield Finding(str(error))


def _deprecated(view: StoreView) -> Iterator[Finding]:
    try:
        yield from map(warning, deprecated_in(view.given))
    except DriverError:
        return


def _disk_type(view: StoreView) -> Iterator[Finding]:
    kind = view.given.get("DISK_TYPE", "").upper()
    if kind == "BLOCK":
        return
    said = f"DISK_TYPE is {kind or 'missing'} and not BLOCK"
    if view.images:
        yield Finding(f"{said}: guests would get the device as a file; images made since keep it so")
    elif view.release >= BLOCK_SYSTEMS_SINCE:
        yield warning(f"{said}: guests get volatile disks as files")


def _targets(view: StoreView) -> Iterator[Finding]:
    advice = UPDATE.format(view.store.datastore.datastore_id)
    keys = image_keys(view.given) if view.images else ["SHARED"]
    for each in differing(view.given, keys):
        yield Finding(each.text, each.status, advice)


def _systems(view: StoreView) -> Iterator[Finding]:
    if not view.images:
        return
    named = view.given.get("COMPATIBLE_SYS_DS", "").replace(",", " ").split()
    known = {str(each.datastore.datastore_id): each.datastore for each in view.oned.stores}
    fitting = {DRIVER, *served_systems(view.given)}
    for each in named:
        if each not in known or known[each].kind != SYSTEM:
            yield Finding(f"COMPATIBLE_SYS_DS names {each}, which is no system datastore")
        elif known[each].tm_mad not in fitting:
            fit = ", ".join(sorted(fitting))
            yield Finding(f"system datastore {each} is driven by {known[each].tm_mad}, which is not among {fit}")
    if not named:
        yield warning("COMPATIBLE_SYS_DS is missing, so VMs may be sent to system datastores that cannot use its disks")


def _bridges(view: StoreView) -> Iterator[Finding]:
    found = settings(view.store, view.environment)
    unknown = [each for each in (found.bridges if found else ()) if not _known(each, view.oned)]
    if unknown:
        yield warning(f"BRIDGE_LIST names {', '.join(unknown)}, unknown to oned")


def _known(host: str, oned: OnedFacts) -> bool:
    return any(same_host(host, each.name) for each in oned.hosts)


def _access(view: StoreView) -> Iterator[Finding]:
    if view.access:
        yield Finding(view.access)


def _secrets(view: StoreView) -> Iterator[Finding]:
    bare = [each for each in SECRETS if view.given.get(each) and each not in (view.encrypted or ())]
    if bare and view.encrypted is not None:
        yield warning(f"{' and '.join(bare)} can be read by everybody who may see the datastore")


def _staging(view: StoreView) -> Iterator[Finding]:
    path, found = staging_directory(view.store), view.staging
    if not view.images:
        return
    if not found.exists:
        yield Finding(f"{path} is no directory of the front-end")
    elif not found.writable:
        yield Finding(f"{path} cannot be written to")
    elif 0 <= found.free_kib < LEAST_STAGING_KIB:
        yield warning(f"{path} has {found.free_kib // 1024} MiB left for images that are converted or exported")


def _check(name: str, looks_at: str, advice: str, judge: Callable[[StoreView], Iterator[Finding]]) -> Check[StoreView]:
    return Check(f"datastore.{name}", looks_at, advice, judge)


CHECKS = (
    _check("drivers", "DS_MAD and TM_MAD", "", _drivers),
    _check("state", "whether it is enabled", "onedatastore enable", _state),
    _check("attributes", "attributes of LINSTOR", "onedatastore update; see docs/configuration.md", _attributes),
    _check("deprecated", "attributes without effect", "onedatastore update", _deprecated),
    _check("disk-type", "DISK_TYPE", _change("DISK_TYPE", "BLOCK"), _disk_type),
    _check("targets", "what was copied from TM_MAD_CONF", "", _targets),
    _check(
        "compatible-systems",
        "COMPATIBLE_SYS_DS",
        "onedatastore update: list system datastores of linstor, ssh or shared",
        _systems,
    ),
    _check("bridges", "BRIDGE_LIST", "correct the names, or add the hosts with onehost create", _bridges),
    _check("access", "certificates and secrets", "correct the path, or let the user of oned read the file", _access),
    _check(
        "secrets",
        "who can read its secrets",
        "DATASTORE_ENCRYPTED_ATTR in oned.conf, restart, onedatastore update; or LINSTOR_*_FILE",
        _secrets,
    ),
    _check("staging", "STAGING_DIR", "make room, or name another STAGING_DIR", _staging),
)


def _there_are_some(facts: OnedFacts) -> Iterator[Finding]:
    if not any(each.datastore.kind == IMAGE for each in ours(facts)):
        yield warning(f"there is no image datastore of {DRIVER}")
    usable = {DRIVER, *(system for each in ours(facts) for system in served_systems(each.datastore.attributes))}
    if not any(each.datastore.kind == SYSTEM and each.datastore.tm_mad in usable for each in facts.stores):
        yield warning("there is no system datastore that its disks can be used with")


ONED_CHECKS = (
    Check(
        "oned.datastores", "datastores of the driver", "onedatastore create; see docs/installation.md", _there_are_some
    ),
)
