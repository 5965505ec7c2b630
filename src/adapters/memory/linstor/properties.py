"""Properties: which may be set, and how they change (linstor.md 1.7). Keys outside `Aux/` are white-listed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DEL,
    DELETED,
    MOD,
    Refused,
    Reply,
    refuse,
    reported,
    success,
    warning,
)
from adapters.memory.linstor.state import State

Given = Mapping[str, "str | None"]
"""Properties of a request; null is refused."""

TWO_PRIMARIES = "DrbdOptions/Net/allow-two-primaries"
AUTO_QUORUM = "DrbdOptions/auto-quorum"
LONGEST_KEY = 256
LONGEST_VALUE = 4096

_SECTIONS = {
    "DrbdOptions/Net/": (
        "after-sb-0pri after-sb-1pri after-sb-2pri allow-remote-read allow-two-primaries always-asbp "
        "congestion-extents congestion-fill connect-int cram-hmac-alg csums-after-crash-only csums-alg "
        "data-integrity-alg fencing ko-count load-balance-paths max-buffers max-epoch-size on-congestion ping-int "
        "ping-timeout protocol rcvbuf-size rr-conflict shared-secret sndbuf-size socket-check-timeout tcp-cork timeout "
        "tls transport use-rle verify-alg"
    ),
    "DrbdOptions/Disk/": (
        "al-extents al-updates block-size disable-write-same discard-granularity discard-zeroes-if-aligned "
        "disk-barrier disk-drain disk-flushes disk-timeout diskless max-bio-size md-flushes on-io-error "
        "read-balancing resync-after rs-discard-granularity"
    ),
    "DrbdOptions/PeerDevice/": (
        "bitmap c-delay-target c-fill-target c-max-rate c-min-rate c-plan-ahead peer-tiebreaker resync-rate "
        "resync-without-replication"
    ),
    "DrbdOptions/Resource/": (
        "auto-promote auto-promote-timeout cpu-mask drbd8-api-compatibility max-io-depth on-no-data-accessible "
        "on-no-quorum on-suspended-primary-outdated peer-ack-delay peer-ack-window quorum quorum-minimum-redundancy "
        "twopc-retry-timeout twopc-timeout"
    ),
    "DrbdOptions/Handlers/": (
        "after-resync-target before-resync-source before-resync-target fence-peer initial-split-brain local-io-error "
        "out-of-sync pri-lost pri-lost-after-sb pri-on-incon-degr quorum-lost split-brain unfence-peer"
    ),
    "DrbdOptions/": (
        "AutoEvictMinReplicaCount ExactSize ForceInitialSync SkipDisk auto-add-quorum-tiebreaker auto-diskful "
        "auto-diskful-allow-cleanup auto-quorum auto-rs-discard-granularity auto-verify-algo-disable"
    ),
    "AutoSnapshot/": "Keep NextAutoId RunEvery",
    "FileSystem/": "Group MkfsParams Type User",
    "StorDriver/": (
        "LuksFormatOptions LuksOpenOptions LvcreateOptions LvcreateSnapshotOptions LvcreateType Zfs/DeleteStrategy "
        "Zfs/RollbackStrategy ZfsSnapshotOptions ZfscreateOptions"
    ),
    "": (
        "AllowMixingStoragePoolDriver AutoplaceTarget BalanceResourcesEnabled Clone/BalanceAfterClone CopyAllSnaps "
        "MaxFreeCapacityOversubscriptionRatio MaxOversubscriptionRatio MaxTotalCapacityOversubscriptionRatio "
        "PeerSlotsNewResource PrefNic Snapshot/BalanceAfterRestore StorPoolName StorPoolNameDrbdMeta UseZFSClone"
    ),
}
SETTABLE = frozenset(chain.from_iterable((f"{at}{key}" for key in keys.split()) for at, keys in _SECTIONS.items()))

_TRUTH = r"(?i)true|false|yes|no"
_VALUES = {
    TWO_PRIMARIES: r"(?i)yes|no",
    "DrbdOptions/Net/protocol": "A|B|C",
    "DrbdOptions/Resource/quorum": r"[1-9]|[12]\d|3[0-2]|all|majority|off",
    "DrbdOptions/Resource/on-no-quorum": "io-error|suspend-io",
    "DrbdOptions/ExactSize": _TRUTH,
    "DrbdOptions/auto-add-quorum-tiebreaker": _TRUTH,
    "BalanceResourcesEnabled": _TRUTH,
    "UseZFSClone": _TRUTH,
    "FileSystem/Type": "ext4|xfs",
}


def allowed(state: State, override: Given, context: int, about: str) -> dict[str, str]:
    """The properties as they are stored. Raises Refused 213 for a key or value that is not allowed, 998 for a value
    that the database cannot hold; then none of them is stored. *about*: the object, for the answer.
    """
    for key, value in override.items():
        if key.startswith("Aux/"):
            wrong = _wrong_key(key) if len(key) > LONGEST_KEY else ""
        else:
            wrong = "" if key in SETTABLE else f"Invalid property key: {key}"
        wrong = wrong or _wrong_value(key, value)
        if wrong:
            raise _refused(state, context, wrong, about)
        if len(value or "") > LONGEST_VALUE:
            raise state.internal(f"{about}: the database cannot hold a value of {len(value or '')} characters", context)
    return {re.sub("/+", "/", key): value or "" for key, value in override.items()}


def _wrong_key(key: str) -> str:
    return f"Invalid key: {key}"


def _wrong_value(key: str, value: str | None) -> str:
    if value is None:
        return "Invalid value: null"
    pattern = _VALUES.get(key)
    return f"Invalid value: {value}" if pattern and not re.fullmatch(pattern, value) else ""


def _refused(state: State, context: int, message: str, about: str) -> Refused:
    error = refuse(context, 213, message, cause="The key or its value is not whitelisted.", details=about)
    return reported(error, state.report(message))


def change(
    props: dict[str, str], override: Mapping[str, str], delete: Sequence[str] = (), namespaces: Sequence[str] = ()
) -> bool:
    """Set, then delete keys and whole namespaces; whether anything is different now."""
    before = dict(props)
    props.update(override)
    prefixes = tuple(space.rstrip("/") + "/" for space in namespaces)
    for key in [key for key in props if key in delete or (prefixes and key.startswith(prefixes))]:
        del props[key]
    return props != before


def told(kind: int, override: Iterable[str], delete: Sequence[str]) -> list[Reply]:
    """What the controller says of a change; *kind*: the object. A key that was not set is no matter (2.1)."""
    said = []
    if AUTO_QUORUM in override:
        said.append(warning(MOD | kind, 4000, f"{AUTO_QUORUM} is deprecated"))
    if override:
        said.append(success(CRT | kind, CREATED, f"Successfully set property key(s): {', '.join(override)}"))
    if delete:
        said.append(success(DEL | kind, DELETED, f"Successfully deleted property key(s): {', '.join(delete)}"))
    return said
