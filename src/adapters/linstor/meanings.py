"""Codes that mean the same in several operations (linstor.md 4.2)."""

from __future__ import annotations

from adapters.linstor.codes import Code
from adapters.linstor.replies import Meaning
from domain.errors import UnknownGroup

NO_PLACE = (
    Code.INVALID_VOLUME_SIZE,
    Code.UNKNOWN_POOL_DEFINITION,
    Code.UNKNOWN_POOL,
    Code.UNKNOWN_DEFAULT_POOL,
    Code.EVACUATING,
    Code.NO_FREE_SPACE,
    Code.NO_LAYER,
    Code.NO_PROVIDER,
    Code.NO_PEER_SLOTS,
    Code.NOT_ENOUGH_NODES,
)
"""Not enough nodes or space. 206 is space, too, where something is created; 988 also means that a node is offline."""

NOT_BUILT_FOR = (
    Code.INVALID_LAYER_KIND,
    Code.INVALID_LAYER_STACK,
    Code.INVALID_STORAGE_PROVIDER,
    Code.NO_SNAPSHOTS,
)
"""The layers or the provider cannot do it at all."""

OUT_OF_STEP = (Code.NOT_ALL_UP_TO_DATE, Code.NOT_UP_TO_DATE, Code.INVALID_RESOURCE_STATE, Code.NOT_CONNECTED)
"""A replica is behind, has lost its disk, or its node is offline."""

BUSY = (Code.ROLLBACK_RUNS,)
"""Another operation on the volume has to end first."""


def group_missing(group: str | None) -> dict[int, Meaning]:
    """The meaning of a missing resource group, named as the caller named it."""
    return {Code.UNKNOWN_GROUP: lambda _: UnknownGroup(group or "")}
