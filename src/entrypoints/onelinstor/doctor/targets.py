"""What TM_MAD_CONF, and the copy of it in every datastore, must say (opennebula.md 6.2, 6.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoints.onelinstor.doctor.checks import Finding, warning
from entrypoints.onelinstor.install.registration import TRANSFER

OTHER_SYSTEMS = ("ssh", "shared")
"""Drivers of system datastores that TRANSFER knows, besides our own."""
ONLY_SOME_NEED = frozenset({"ALLOW_ORPHANS", "DS_MIGRATE"})
"""Without these VMs run, and only some operations are refused."""


def served_systems(said: Mapping[str, str]) -> list[str]:
    """The other drivers of system datastores that TM_MAD_SYSTEM lists, in lower case."""
    return [each for each in (word.strip().lower() for word in said.get("TM_MAD_SYSTEM", "").split(",")) if each]


def image_keys(said: Mapping[str, str]) -> list[str]:
    """What counts where images are."""
    suffixed = [
        f"{key}_{system.upper()}"
        for system in served_systems(said)
        if system in OTHER_SYSTEMS
        for key in ("LN_TARGET", "CLONE_TARGET", "DISK_TYPE")
    ]
    return ["LN_TARGET", "CLONE_TARGET", *suffixed]


def differing(said: Mapping[str, str], keys: list[str]) -> Iterator[Finding]:
    """A finding for each of *keys* whose value is not what the driver is made for."""
    for key in keys:
        value = said.get(key, "")
        if value.upper() == TRANSFER[key]:
            continue
        text = f"{key} is {value!r} and not {TRANSFER[key]!r}" if value else f"{key} = {TRANSFER[key]!r} is missing"
        yield warning(text) if key in ONLY_SOME_NEED else Finding(text)
