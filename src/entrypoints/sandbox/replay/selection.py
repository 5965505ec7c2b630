"""Which operations to play for those that are asked for: what they build on comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from domain.names import VolumeName, image_volume
from entrypoints.sandbox.replay.recording import Call, Operation, Recording
from entrypoints.sandbox.replay.subject import Subject, subject

_MAKES_IMAGE = ("cp", "mkfs", "clone", "cpds")


@dataclass(frozen=True)
class Step:
    """An operation to play, and whether its findings are reported."""

    operation: Operation
    reported: bool


def select(recording: Recording, globs: Sequence[str]) -> list[Step]:
    """The operations in order; without *globs* all, and all are reported."""
    playable = [operation for operation in recording.operations if operation.calls]
    if not globs:
        return [Step(operation, True) for operation in playable]
    wanted = [any(fnmatchcase(operation.name, glob) for glob in globs) for operation in playable]
    needed = _with_what_they_need(playable, wanted)
    return [
        Step(operation, asked) for operation, asked, need in zip(playable, wanted, needed, strict=True) if asked or need
    ]


def _with_what_they_need(operations: Sequence[Operation], wanted: Sequence[bool]) -> list[bool]:
    """From the last operation to the first: one is needed when a later one uses a VM or an image that it made.

    The snapshots of an image are only needed where a later operation is about them.
    """
    needed = [False] * len(operations)
    vms: set[int] = set()
    images: set[VolumeName] = set()
    snapshots: set[VolumeName] = set()
    sources = _sources_of_disks(operations)
    for place in reversed(range(len(operations))):
        about = [(call, subject(call)) for call in operations[place].calls]
        makes = {name for call, each in about for name in _made(call, each)}
        changes = {name for call, each in about if _is_about_snapshots(call) for name in _volumes(call, each, sources)}
        own = {each.vm for _, each in about if each.vm is not None}
        needed[place] = bool(own & vms or makes & images or changes & snapshots)
        if wanted[place] or needed[place]:
            vms |= own
            images |= {name for call, each in about for name in _volumes(call, each, sources)}
            snapshots |= changes
    return needed


def _sources_of_disks(operations: Sequence[Operation]) -> dict[tuple[int | None, int | None], VolumeName]:
    """The image behind each disk that is an image's own volume."""
    found: dict[tuple[int | None, int | None], VolumeName] = {}
    for operation in operations:
        for call in operation.calls:
            about = subject(call)
            if call.plain_action == "ln" and about.source:
                found[about.vm, about.disk] = VolumeName(about.source)
    return found


def _is_about_snapshots(call: Call) -> bool:
    return call.plain_action.startswith("snap_")


def _made(call: Call, about: Subject) -> Iterator[VolumeName]:
    """The image volumes that a call makes."""
    if call.plain_action not in _MAKES_IMAGE:
        return
    if call.kind == "ds" and about.image is not None:
        yield image_volume(about.image)
    elif call.plain_action == "cpds" and about.target:
        yield VolumeName(about.target)


def _volumes(
    call: Call, about: Subject, sources: dict[tuple[int | None, int | None], VolumeName]
) -> Iterator[VolumeName]:
    """The image volumes that a call is about."""
    if about.source:
        yield VolumeName(about.source)
    if call.kind == "ds" and about.image is not None:
        yield image_volume(about.image)
    if call.kind == "ds" and call.plain_action == "clone" and about.target:
        yield VolumeName(about.target)
    if call.kind == "tm" and (about.vm, about.disk) in sources:
        yield sources[about.vm, about.disk]
