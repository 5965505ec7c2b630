"""How the calls of each version differ from those of 7.4 (opennebula.md 2.1, 2.2, 2.8, 3.1, 3.3, 4, 8.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

AROUND_BACKUP = ("prebackup", "prebackup_live", "postbackup", "postbackup_live")
NOT_BEFORE_6_10 = frozenset({"tm/restore", "ds/ls"})
NOT_BEFORE_6_6 = NOT_BEFORE_6_10 | {f"tm/{action}" for action in AROUND_BACKUP}
BACKUP_DRIVERS = frozenset({"rsync", "restic"})


class Carrier(Enum):
    """Where the document of a datastore action is."""

    ARGUMENT = "<document> <id>"
    STDIN_AFTER_DASH = "- <id>, the document on standard input: DATASTORE_MAD has the argument --stdin"
    STDIN = "<id>, the document on standard input"


@dataclass(frozen=True)
class Version:
    """One version of oned.

    *vm_in_argument*: the VM of a migration is argument 6, not on standard input. *suffixes*: actions carry the driver
    of the system datastore. *fstype*: an image has FSTYPE and no FORMAT and FS. *cp_tells_format*: `cp` prints the
    format after the source. *job_argument*, *colon_after_disks*: of the arguments of backups. *raw_increments*: raw
    disks may have increments, else oned makes every backup of them a whole one. *no_actions*: what it does not know, as
    `kind/action`; *no_drivers*: datastore drivers. *no_elements*: tags that its documents do not have.
    """

    name: str
    carrier: Carrier
    vm_in_argument: bool = False
    suffixes: bool = True
    fstype: bool = False
    cp_tells_format: bool = True
    job_argument: bool = True
    colon_after_disks: bool = False
    raw_increments: bool = False
    no_actions: frozenset[str] = frozenset()
    no_drivers: frozenset[str] = frozenset()
    no_elements: frozenset[str] = frozenset()


SINCE_7_2 = frozenset({"DS_LIVE_MIGRATE", "DS_MIGRATE_SNAP", "INTERACTIVE"})
SINCE_7_0 = SINCE_7_2 | {"PERSISTENT_SNAPSHOTS", "PLAN_ID", "ACTION_ID"}
SINCE_6_10 = SINCE_7_0 | {"BACKUP_DISK_IDS"}
SINCE_6_6 = SINCE_6_10 | {"BACKUPS", "BACKUP_INCREMENTS", "CONTEXT_DISK_TYPE"}
SINCE_6_0 = SINCE_6_6 | {"SHAREABLE"}
SINCE_5_10 = SINCE_6_0 | {"MONITOR_VM_DISKS"}


_5_12 = Version(
    "5.12.0",
    Carrier.ARGUMENT,
    fstype=True,
    cp_tells_format=False,
    no_actions=NOT_BEFORE_6_6,
    no_drivers=BACKUP_DRIVERS,
    no_elements=SINCE_6_0,
)
_5_10 = replace(_5_12, name="5.10.5")
"""The same calls; but there `monitor` prints the sizes of VM disks."""
_5_8 = replace(_5_10, name="5.8.5", vm_in_argument=True, suffixes=False, no_elements=SINCE_5_10)

VERSIONS = (
    _5_8,
    _5_10,
    _5_12,
    Version(
        "6.4.0",
        Carrier.ARGUMENT,
        no_actions=NOT_BEFORE_6_6,
        no_drivers=BACKUP_DRIVERS,
        no_elements=SINCE_6_6,
    ),
    Version(
        "6.6.3",
        Carrier.STDIN_AFTER_DASH,
        job_argument=False,
        colon_after_disks=True,
        no_actions=NOT_BEFORE_6_10,
        no_elements=SINCE_6_10 | {"INCREMENT_MODE"},
    ),
    Version("6.10.0", Carrier.STDIN, no_elements=SINCE_7_0),
)
