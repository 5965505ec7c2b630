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
    needed = _Needs(playable).closure(wanted)
    return [Step(playable[place], wanted[place]) for place in sorted(needed)]


class _Needs:
    """What each operation makes, uses and changes, and what it therefore builds on."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        sources = _sources_of_disks(operations)
        about = [[(call, subject(call)) for call in operation.calls] for operation in operations]
        vms = [{vm for _, each in calls for vm in (each.vm, each.backed_up)} for calls in about]
        self._vms = [{vm for vm in each if vm is not None} for each in vms]
        self._makes = [{name for call, each in calls for name in _made(call, each)} for calls in about]
        self._uses = [{name for call, each in calls for name in _volumes(call, each, sources)} for calls in about]
        self._snapshots = [
            {name for call, each in calls if _is_about_snapshots(call) for name in _volumes(call, each, sources)}
            for calls in about
        ]
        self._links: dict[int, set[VolumeName]] = {}
        for (vm, _), source in sources.items():
            self._links.setdefault(vm if vm is not None else -1, set()).add(source)

    def closure(self, wanted: Sequence[bool]) -> set[int]:
        """The places of the operations to play: those *wanted*, and all that they build on."""
        needed = {place for place, asked in enumerate(wanted) if asked}
        while more := self._built_on(needed) - needed:
            needed |= more
        return needed

    def _built_on(self, needed: set[int]) -> set[int]:
        """From the last to the first: an operation is needed when a later one uses a VM or an image that it made.

        The snapshots of an image are only needed where a later operation is about them. A VM that is played lives
        on until another one that is played takes over an image's own volume.
        """
        vms: set[int] = set()
        images: set[VolumeName] = set()
        snapshots: set[VolumeName] = set()
        linked: set[VolumeName] = set()
        alive = {vm for place in needed for vm in self._vms[place]}
        found: set[int] = set()
        for place in reversed(range(len(self._vms))):
            own = self._vms[place]
            hands_over = any(self._links.get(vm, set()) & linked for vm in own & alive)
            if own & vms or self._makes[place] & images or self._snapshots[place] & snapshots or hands_over:
                found.add(place)
            if place in needed:
                vms |= own
                images |= self._uses[place]
                snapshots |= self._snapshots[place]
                linked |= {name for vm in own for name in self._links.get(vm, set())}
        return found


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
