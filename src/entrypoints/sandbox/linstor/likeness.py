"""When two answers are alike: statuses, numbers, members and types, and the values that must agree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

VOLATILE = {
    "uuid", "created_at", "create_timestamp", "eviction_timestamp", "message", "details", "cause", "correction",
    "obj_refs", "error_report_ids", "git_hash", "build_time", "minor_number", "tcp_ports", "secret",
    "allocated_size_kib", "DrbdCurrentGi", "Linstor/Drbd/InitialUptoDateOn", "filename", "error_time", "text",
    "unsupported_layers", "unsupported_providers",
}  # fmt: skip
"""Members whose value differs from run to run; they must be there, with a value of the same type."""

CAPACITY = {
    "free_capacity", "total_capacity", "max_vlm_size_in_kib", "available_size_in_kib", "capacity_in_kib",
    "max_volume_size_kib",
}  # fmt: skip
NEAR = 0.001
"""Sizes of pools agree to this fraction: what thin volumes really take is not simulated."""

STALE = ".replication_states"
"""A member that may still name a peer that is gone, or not yet name a new one (linstor.md 2.13)."""

OPTIONAL = {"obj_refs", "created_at"}
"""Members of a single reply that depend on its text."""

_NUMBERED = re.compile(r"(?<=^/dev/)(drbd|loop)\d+$")
_SAFETY = re.compile(r"^safety-snap-.+")


def differences(status: int, body: Any, got_status: int, got: Any) -> list[str]:
    """What differs between a recorded answer and ours, in words; nothing where they are alike."""
    found = [] if status == got_status else [f"status is {got_status}, recorded {status}"]
    return found + _compare("", body, got)


def kind_of(reply: Mapping[str, Any]) -> int:
    """The type of an ApiCallRc: 0 success, 1 information, 2 warning, 3 error."""
    return int(reply["ret_code"] >> 62) & 3


def _compare(where: str, want: Any, got: Any) -> list[str]:
    if _is_replies(want) or _is_replies(got):
        return _compare_replies(where, want if isinstance(want, list) else [], got if isinstance(got, list) else [])
    if isinstance(want, dict) and isinstance(got, dict):
        return _compare_objects(where, want, got)
    if isinstance(want, list) and isinstance(got, list):
        return _compare_lists(where, want, got)
    return _compare_values(where, want, got)


def _compare_values(where: str, want: Any, got: Any) -> list[str]:
    name = where.rpartition(".")[2]
    if type(want) is not type(got):
        return [f"{where} is {got!r}, recorded {want!r}"]
    near = name in CAPACITY and abs(want - got) <= NEAR * abs(want)
    return [] if near or name in VOLATILE or _plain(want) == _plain(got) else [f"{where} is {got!r}, recorded {want!r}"]


def _plain(value: Any) -> Any:
    """Without the numbers of devices and the random part of names."""
    return _SAFETY.sub("safety-snap", _NUMBERED.sub(r"\1#", value)) if isinstance(value, str) else value


def _compare_objects(where: str, want: dict[str, Any], got: dict[str, Any]) -> list[str]:
    if where.endswith(STALE):
        both = want.keys() & got.keys()
        want, got = {key: want[key] for key in both}, {key: got[key] for key in both}
    if where.rpartition(".")[2] in VOLATILE:
        return []
    found = [f"{where}.{key} is missing" for key in want if key not in got and f".{key}" != STALE]
    found += [f"{where}.{key} is not recorded" for key in got if key not in want and f".{key}" != STALE]
    for key in want:
        if key in got:
            found += _compare(f"{where}.{key}", want[key], got[key])
    return found


def _compare_lists(where: str, want: list[Any], got: list[Any]) -> list[str]:
    if where.rpartition(".")[2] in VOLATILE:
        return []
    if len(want) != len(got):
        return [f"{where} has {len(got)} elements, recorded {len(want)}"]
    pairs = zip(_sorted(want), _sorted(got), strict=True)
    return [text for index, (one, other) in enumerate(pairs) for text in _compare(f"{where}[{index}]", one, other)]


_NAMES = ("name", "resource_name", "node_name", "storage_pool_name", "snapshot_name", "volume_number", "vlm_nr", "type")


def _sorted(items: list[Any]) -> list[Any]:
    """The same order for both: by name, node and pool where the elements are objects."""
    if all(isinstance(each, dict) for each in items):
        return sorted(items, key=lambda each: [str(each.get(key, "")) for key in _NAMES])
    return sorted(items, key=str)


# -- replies ----------------------------------------------------------------------------------------


def _is_replies(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "ret_code" in value[0]


def _compare_replies(where: str, want: list[Any], got: list[Any]) -> list[str]:
    """Errors, warnings and infos by number and in order, with their members; successes as a set."""
    found = []
    loud_want, loud_got = _loud(want), _loud(got)
    if [each["ret_code"] for each in loud_want] != [each["ret_code"] for each in loud_got]:
        found.append(f"{where} says {_told_apart(loud_got, loud_want)}, recorded {_told_apart(loud_want, loud_got)}")
    else:
        found += [text for one, other in zip(loud_want, loud_got, strict=True) for text in _members(where, one, other)]
    quiet_want, quiet_got = _quiet(want), _quiet(got)
    if quiet_want != quiet_got:
        extra, lacking = _hex(quiet_got - quiet_want), _hex(quiet_want - quiet_got)
        found.append(f"{where} successes: not recorded {extra}, missing {lacking}")
    return found


def _members(where: str, want: dict[str, Any], got: dict[str, Any]) -> list[str]:
    names = set(want) - OPTIONAL ^ set(got) - OPTIONAL
    return [f"{where} {_codes([want])}: member {name}" for name in sorted(names)]


def _loud(replies: list[Any]) -> list[dict[str, Any]]:
    return [each for each in replies if kind_of(each)]


def _quiet(replies: list[Any]) -> set[int]:
    return {each["ret_code"] for each in replies if not kind_of(each)}


def _told_apart(replies: list[dict[str, Any]], others: list[dict[str, Any]]) -> str:
    """Kinds and numbers; the whole numbers where the others would read the same."""
    short = _codes(replies)
    return short if short != _codes(others) else " ".join(str(each["ret_code"]) for each in replies)


def _codes(replies: list[dict[str, Any]]) -> str:
    texts = [f"{'SIWE'[kind_of(each)]}{each['ret_code'] & 0x7FFF}" for each in replies]
    return " ".join(texts) or "-"


def _hex(codes: set[int]) -> str:
    return " ".join(hex(code) for code in sorted(codes)) or "-"
