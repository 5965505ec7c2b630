"""Refusals of the model in the words of the rules (linstor.md 4.2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from adapters.memory.linstor.replies import MODIFIED, RSC, SUCCESS, ControllerDied, Refused, Reply
from domain.errors import ControllerFailed, DeviceHeldOpen, DriverError, UnknownGroup, VolumeError

Meanings = Mapping[int, Callable[[str], DriverError]]

OBJECT_MASK = 0x7C0000

EXISTS = 501
SNAPSHOT_EXISTS = 514
NO_PLACE = (206, 309, 310, 311, 975, 980, 988, 989, 993, 996)
NOT_BUILT_FOR = (224, 225, 227, 994)
OUT_OF_STEP = (243, 974, 979, 995)
NO_SNAPSHOT = (313, 314, 315)
NO_VOLUME = (301, 303)
IN_USE = (971, 997)
INTERNAL = (998, 999)
SAME_SIZE = 1023
UNKNOWN_NODE = 300
UNKNOWN_GROUP = 317


def about(volume: str, errors: Mapping[type[VolumeError], Collection[int]]) -> dict[int, Callable[[str], DriverError]]:
    """Codes that are errors about *volume*."""

    def made(error: type[VolumeError]) -> Callable[[str], DriverError]:
        return lambda said: error(volume, said)

    return {code: made(error) for error, codes in errors.items() for code in codes}


def group_missing(group: str | None) -> Meanings:
    """A missing resource group, as the caller named it."""
    return {UNKNOWN_GROUP: lambda _: UnknownGroup(group or "")}


def translated(refused: Refused, doing: str, meanings: Meanings) -> DriverError:
    """What a refusal means; ControllerFailed where *meanings* has nothing for its code."""
    error = refused.error
    if error.code in meanings:
        return meanings[error.code](error.message)
    reports = [report for each in refused.replies for report in each.error_report_ids]
    failed = DeviceHeldOpen if "Shutdown of the DRBD resource" in error.message else ControllerFailed
    return failed(doing, error.message, reports=reports)


def carried_out(doing: str, operation: Callable[[], list[Reply]], meanings: Meanings) -> list[Reply]:
    """The replies of *operation*. Raises by *meanings*, else ControllerFailed."""
    try:
        return operation()
    except ControllerDied as died:
        raise ControllerFailed(doing, str(died), unclear=True) from died
    except Refused as refused:
        raise translated(refused, doing, meanings) from refused


def adjusted(replies: Collection[Reply]) -> bool:
    """Whether a host was made to adjust (linstor.md 2.18)."""
    return any(
        each.kind == SUCCESS and each.ret_code & OBJECT_MASK == RSC and each.code == MODIFIED for each in replies
    )
