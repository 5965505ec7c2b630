"""Attributes that older releases of the addon knew: what holds instead (linstor.md 7).

They were removed with the addon 2.0, where resource groups took their place; many datastores still have them.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.settings import DEFAULT_GROUP, group_in

_PLACING = {
    "LINSTOR_AUTO_PLACE": "--place-count {}",
    "LINSTOR_DEPLOYMENT_NODES": "--place-count with as many replicas as {} has nodes",
    "LINSTOR_STORAGE_POOL": "--storage-pool {}",
}
"""What each is in a resource group."""


def deprecated_in(attributes: Mapping[str, str]) -> list[str]:
    """A sentence for each attribute of a datastore that has no effect any more. Raises BadName for a bad group."""
    told = [_placing(name, attributes[name], attributes) for name in _PLACING if attributes.get(name)]
    if attributes.get("LINSTOR_CLONE_MODE"):
        told.append("LINSTOR_CLONE_MODE has no effect, LINSTOR chooses how it clones; remove it")
    if attributes.get("CONTEXT_DISK_TYPE", "").upper() == "BLOCK":
        told.append("CONTEXT_DISK_TYPE=BLOCK is wrong since 3.0, contexts are files; remove it")
    return told


def _placing(name: str, value: str, attributes: Mapping[str, str]) -> str:
    group = group_in(attributes)
    if group is not None:
        return f"{name} has no effect, the resource group {group} places volumes; remove it"
    option = _PLACING[name].format(value)
    return (
        f"{name} has no effect, and without LINSTOR_RESOURCE_GROUP volumes are placed by {DEFAULT_GROUP}; "
        f"make a resource group with {option}, name it, and remove {name}"
    )
