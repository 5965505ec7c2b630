"""What is in every disk and image, as the calls and the guests made it: which stamp lies at which offset.

A clone begins as its image was, a snapshot keeps what was there, a revert brings it back; whatever was never written
reads as zeros. Volumes go by their names, files of other drivers by VM and disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from domain.names import DiskOf, VolumeName, image_volume
from entrypoints.sandbox.replay.blocks import BLOCK, block, stamp_of
from entrypoints.sandbox.replay.holdings import HeldDisk, Holdings
from entrypoints.sandbox.replay.recording import Call
from entrypoints.sandbox.replay.subject import LINSTOR, Subject, subject

Key = VolumeName | DiskOf
Read = Callable[[int], bytes]
"""Gives the block at an offset."""

MIB = 1024 * 1024


@dataclass(frozen=True)
class Contents:
    """*stamps* by offset. *formatted*: a file system was made, so what was not written here is not known.

    *zeros_from*: beyond this offset in bytes everything that has no stamp is zeros.
    """

    stamps: Mapping[int, str] = field(default_factory=dict)
    formatted: bool = False
    zeros_from: int = 0


class Ledger:
    """Follows the calls and what the guests write."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._contents: dict[Key, Contents] = {}
        self._snapshots: dict[tuple[Key, int], Contents] = {}
        self._writes = 0

    @staticmethod
    def key(disk: HeldDisk) -> Key:
        """Under what the contents of a disk are kept."""
        return disk.volume or disk.of

    def known(self, key: Key) -> Contents:
        """What is in a volume or file."""
        return self._contents.get(key, Contents())

    def next_stamp(self, who: str) -> tuple[int, str]:
        """The number of a new write, and its stamp."""
        self._writes += 1
        return self._writes, f"{who} write {self._writes}"

    def wrote(self, key: Key, offset: int, stamp: str) -> None:
        """A guest was told that its write is safe."""
        found = self.known(key)
        self._contents[key] = replace(found, stamps={**found.stamps, offset: stamp})

    def differences(self, key: Key, read: Read, size: int) -> Iterator[str]:
        """What is not there as it was written, one sentence each."""
        found = self.known(key)
        for offset, stamp in found.stamps.items():
            if (data := read(offset)) != block(stamp):
                yield f"offset {offset} holds {stamp_of(data)}, not {stamp}"
        for offset in {size - BLOCK, found.zeros_from // BLOCK * BLOCK}:
            beyond = found.zeros_from <= offset < size
            if beyond and not found.formatted and offset not in found.stamps and any(data := read(offset)):
                yield f"offset {offset} was never written and holds {stamp_of(data)}"

    # -- calls ------------------------------------------------------------------------------------

    def after(self, call: Call, stamps: Mapping[int, str]) -> None:
        """A call ended well, before the holdings are told. *stamps* is the raw content of its source, for `cp`."""
        about = subject(call)
        if call.exit_code:
            return
        if call.kind == "ds" and call.driver == LINSTOR:
            self._after_image(call, about, stamps)
        elif call.kind == "tm":
            self._after_disk(call, about)

    def _after_image(self, call: Call, about: Subject, stamps: Mapping[int, str]) -> None:
        name = VolumeName(about.source) if about.source else image_volume(about.image or 0)
        action = call.plain_action
        if action == "cp":
            self._contents[name] = Contents(stamps)
        elif action == "mkfs":
            self._contents[name] = Contents(formatted="<FS><![CDATA[]]>" not in call.document)
        elif action == "clone":
            self._contents[name] = self._end_of(VolumeName(about.target), 0)
        elif action in ("snap_revert", "snap_flatten"):
            self._revert(name, about.snapshot or 0)

    def _after_disk(self, call: Call, about: Subject) -> None:
        action = call.plain_action
        if about.vm is None or about.disk is None:
            return
        of = DiskOf(about.vm, about.disk)
        if action in ("clone", "mkimage", "mkswap"):
            self._begin(call, about, of)
            return
        held = self._holdings.disks.get(of)
        if held is None:
            return
        if action.startswith("snap_create"):
            self._snapshots[self.key(held), about.snapshot or 0] = self.known(self.key(held))
        elif action == "snap_revert":
            self._revert(self.key(held), about.snapshot or 0)
        elif action == "cpds":
            self._save(about, held)

    def _begin(self, call: Call, about: Subject, of: DiskOf) -> None:
        """A new disk: the copy of an image, or empty. A copy is told by the name that the holdings will give it."""
        if call.driver != LINSTOR:
            self._contents[of] = Contents()
            return
        after = Holdings("")
        after.after(call, 0)
        disk = after.disks[of]
        source = self.known(VolumeName(about.source)) if about.source else Contents()
        self._contents[self.key(disk)] = replace(source, formatted=source.formatted or call.plain_action == "mkswap")

    def _end_of(self, source: Key, _size: int) -> Contents:
        return self.known(source)

    def _revert(self, key: Key, number: int) -> None:
        if (key, number) in self._snapshots:
            self._contents[key] = self._snapshots[key, number]

    def _save(self, about: Subject, held: HeldDisk) -> None:
        key = self.key(held)
        saved = self.known(key) if about.snapshot is None else self._snapshots.get((key, about.snapshot), Contents())
        self._contents[VolumeName(about.target)] = saved
