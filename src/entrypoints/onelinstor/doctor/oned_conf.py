"""Checks of oned.conf and vmm_execrc (opennebula.md 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from entrypoints.onelinstor.doctor.checks import Check, Finding, warning
from entrypoints.onelinstor.doctor.reading import CannotAsk, FrontEndFacts
from entrypoints.onelinstor.doctor.targets import differing, image_keys
from entrypoints.onelinstor.install.entries import Problem
from entrypoints.onelinstor.install.execrc import allow_live_snapshots
from entrypoints.onelinstor.install.oned_conf import Attribute, parse
from entrypoints.onelinstor.install.registration import (
    DRIVER,
    IMAGE_ATTRIBUTE,
    SYSTEM_DEFAULTS,
    lists_driver,
    option,
)

CONFIGURE = "run onelinstor install --configure (--dry-run shows what it would change), then restart oned"
LIMIT_SINCE = (7, 0, 1)
"""Since this version DATASTORE_MAD keeps the limit that its `-w` sets (opennebula.md 1.6)."""
SHORTEST_LIMIT = 3600
KVM = f"kvm-{DRIVER}"


@dataclass(frozen=True)
class Configuration:
    """oned.conf as oned reads it."""

    attributes: tuple[Attribute, ...]
    release: tuple[int, ...]
    execrc: str | None

    def section(self, name: str) -> Attribute | None:
        """The vector *name* that is about this driver."""
        return next((each for each in self.attributes if each.name == name and each.says("NAME") == DRIVER), None)

    def values(self, name: str) -> list[str]:
        """Values of a plain attribute that may be there more than once."""
        return [each.value.text for each in self.attributes if each.name == name and each.value is not None]

    def arguments(self, name: str, executable: str) -> str | None:
        """ARGUMENTS of a driver process; None where there is no such process."""
        for each in reversed(self.attributes):
            if each.name == name and PurePosixPath(each.says("EXECUTABLE")).name == executable:
                return each.says("ARGUMENTS")
        return None


def read(facts: FrontEndFacts) -> Configuration:
    """Parse it. Raises CannotAsk."""
    if facts.oned_conf is None:
        raise CannotAsk("oned.conf cannot be read", f"run this as root or as {facts.user}")
    try:
        return Configuration(tuple(parse(facts.oned_conf)), facts.release, facts.execrc)
    except Problem as problem:
        raise CannotAsk(str(problem), "oned would not start with it; correct that line") from problem


def _unlisted(conf: Configuration, name: str, executable: str, long: str, harm: str) -> Iterator[Finding]:
    """What is wrong where the drivers that a process starts are listed without this one."""
    arguments = conf.arguments(name, executable)
    if arguments is None:
        yield Finding(f"there is no {name} with {executable}")
        return
    names = option(arguments, "d", long)
    if names is not None and not lists_driver(names):
        yield Finding(f"-d of {name} does not list {DRIVER}{harm}")


def _transfer(conf: Configuration) -> Iterator[Finding]:
    yield from _unlisted(conf, "TM_MAD", "one_tm", "tm-types", ": attaching works, and every new VM fails")


def _datastore(conf: Configuration) -> Iterator[Finding]:
    yield from _unlisted(conf, "DATASTORE_MAD", "one_datastore", "ds-types", ", so there can be no images")


def _system(conf: Configuration) -> Iterator[Finding]:
    arguments = conf.arguments("DATASTORE_MAD", "one_datastore")
    names = option(arguments or "", "s", "system-ds-types")
    if arguments and not lists_driver(",".join(SYSTEM_DEFAULTS) if names is None else names):
        yield Finding(f"-s of DATASTORE_MAD does not list {DRIVER}, so its system datastores are not monitored")


def _limit(conf: Configuration) -> Iterator[Finding]:
    given = option(conf.arguments("DATASTORE_MAD", "one_datastore") or "", "w", "timeout") or ""
    if conf.release >= LIMIT_SINCE and given.isdigit() and 0 < int(given) < SHORTEST_LIMIT:
        yield warning(f"-w of DATASTORE_MAD ends every import of an image after {given} seconds")


def _transfer_section(conf: Configuration) -> Iterator[Finding]:
    section = conf.section("TM_MAD_CONF")
    if section is None:
        yield Finding(f"there is no TM_MAD_CONF with NAME = {DRIVER}, so no datastore can be made or updated")
        return
    said = _said(section)
    yield from differing(said, [*image_keys(said), "SHARED", "ALLOW_ORPHANS", "DS_MIGRATE"])
    if not said.get("TM_MAD_SYSTEM"):
        yield warning("TM_MAD_SYSTEM is missing, so disks cannot be used with ssh or shared system datastores")


def _said(section: Attribute) -> Mapping[str, str]:
    return {"DS_MIGRATE": "YES", **{name: value.text for name, value in reversed(section.pairs)}}


def _datastore_section(conf: Configuration) -> Iterator[Finding]:
    section = conf.section("DS_MAD_CONF")
    if section is None:
        yield Finding(f"there is no DS_MAD_CONF with NAME = {DRIVER}, so no datastore can be made or updated")
    elif section.says("PERSISTENT_ONLY").upper() == "YES":
        yield warning("PERSISTENT_ONLY = YES makes every image persistent")


def _inherited(conf: Configuration) -> Iterator[Finding]:
    if IMAGE_ATTRIBUTE not in conf.values("INHERIT_IMAGE_ATTR"):
        yield warning(f"{IMAGE_ATTRIBUTE} of an image does not reach the disks made from it")


def _snapshots(conf: Configuration) -> Iterator[Finding]:
    if conf.execrc is None:
        yield warning("vmm_execrc cannot be read")
        return
    wanted = allow_live_snapshots(conf.execrc)
    if wanted.count(KVM) > conf.execrc.count(KVM):
        yield Finding(f"LIVE_DISK_SNAPSHOTS of vmm_execrc lacks {KVM}: no snapshots of running VMs")
    elif wanted != conf.execrc:
        yield warning(f"LIVE_DISK_SNAPSHOTS of vmm_execrc lacks qemu-{DRIVER}, and lists other pairs of qemu")


CHECKS = (
    Check("oned-conf.tm-mad", "the drivers that TM_MAD starts", CONFIGURE, _transfer),
    Check(
        "oned-conf.datastore-mad", "the drivers of image datastores that DATASTORE_MAD starts", CONFIGURE, _datastore
    ),
    Check(
        "oned-conf.system-datastores",
        "the drivers of system datastores that DATASTORE_MAD monitors",
        CONFIGURE,
        _system,
    ),
    Check(
        "oned-conf.limit",
        "the time that DATASTORE_MAD gives an import",
        "raise it, or remove -w, and restart oned",
        _limit,
    ),
    Check("oned-conf.tm-mad-conf", "TM_MAD_CONF of the driver", CONFIGURE, _transfer_section),
    Check("oned-conf.ds-mad-conf", "DS_MAD_CONF of the driver", CONFIGURE, _datastore_section),
    Check("oned-conf.inherit-image-attr", "what disks get from their image", CONFIGURE, _inherited),
    Check("oned-conf.live-snapshots", "snapshots of disks in use", CONFIGURE, _snapshots),
)
