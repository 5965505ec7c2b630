"""What of an answer depends neither on the machines of a recording nor on which satellite was the first."""

from __future__ import annotations

from typing import Any

from entrypoints.sandbox.linstor.likeness import kind_of
from entrypoints.sandbox.topics.recording import ERROR

MACHINE = {
    "promotion_score",
    "resource_layers",
    "DrbdOptions/auto-verify-alg",
    "DrbdOptions/Disk/rs-discard-granularity",
}
"""Members that the kernels of the recorded machines decide."""
UDEV = "Satellite/Device/Symlinks/"
"""Names that udev gives to devices: there is none below the simulated satellites."""
MODIFIED = 3
"""The number of a reply that says that a node has been told."""
NOT_READY = (2, 0)
"""The machines of the recording are slow: some volumes were not ready in time."""


def comparable(body: Any) -> Any:
    """An answer without all that is chance; None where nothing is left."""
    if isinstance(body, list) and all(isinstance(each, dict) and "ret_code" in each for each in body):
        return _told_once(body) or None
    return _of_any_machine(body) or None


def _of_any_machine(value: Any) -> Any:
    """Without what its machine decides, and without objects that are nothing else."""
    if isinstance(value, list):
        return [_of_any_machine(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _of_any_machine(each) for key, each in value.items() if key not in MACHINE}
    return {key: each for key, each in kept.items() if not key.startswith(UDEV) and (each or not value[key])}


def _told_once(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What several nodes warn of in a row is said once; with an error, others may have been told or not."""
    in_time = [each for each in replies if _code(each) != NOT_READY]
    failed = any(kind_of(each) == ERROR for each in in_time)
    kept = [each for each in in_time if not (failed and _code(each) == (0, MODIFIED))]
    pairs = zip(kept, [None, *kept], strict=False)
    return [each for each, last in pairs if not (kind_of(each) and last and each["ret_code"] == last["ret_code"])]


def _code(reply: dict[str, Any]) -> tuple[int, int]:
    return kind_of(reply), reply["ret_code"] & 0x7FFF
