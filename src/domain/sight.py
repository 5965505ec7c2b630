"""What a look at a whole LINSTOR takes into account besides the lists of LINSTOR and oned."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from domain.names import GroupName, HostName


@dataclass(frozen=True)
class Past:
    """Which numbers oned gave out, as far as it tells; they only grow. -1: none.

    *registered*: when each image that it has was registered, seconds since 1970, 0 for unknown.
    """

    last_image: int = -1
    last_vm: int = -1
    registered: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sight:
    """What is known besides the lists.

    *now*: seconds since 1970. *older*: what is younger than so many seconds may belong to an order that still runs; 0
    says that none runs. *groups* and *hosts* are those of this OpenNebula. *copy*: seconds that a copy may take.
    *past* is None where the administrator says that what oned does not know is nobody's.
    """

    now: int
    groups: Collection[GroupName]
    hosts: Collection[HostName]
    older: int = 3600
    copy: int = 3600
    past: Past | None = None
