"""What is in every disk and image, as the calls and the guests made it: which block lies at which offset.

A clone begins as its image was, a snapshot keeps what was there, a revert brings it back; whatever was never written
reads as zeros. Volumes go by their names, files of other drivers by VM and disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from domain.names import DiskOf, VolumeName, image_volume
from entrypoints.sandbox.replay.blocks import BLOCK, described
from entrypoints.sandbox.replay.holdings import HeldDisk, Holdings, volume_of
from entrypoints.sandbox.replay.recording import Call
from entrypoints.sandbox.replay.subject import LINSTOR, Subject, subject

Key = VolumeName | DiskOf
Read = Callable[[int], bytes]
"""Gives the block at an offset."""


@dataclass(frozen=True)
class Contents:
    """*blocks* by offset. *formatted*: a file system was made, so what was not written here is not known."""

    blocks: Mapping[int, bytes] = field(default_factory=dict)
    formatted: bool = False

    def differences(self, read: Read, size: int) -> Iterator[str]:
        """What is not there as it was written, one sentence each. *size* in bytes."""
        for offset, block in self.blocks.items():
            if (data := read(offset)) != block:
                yield f"offset {offset} holds {described(data)}, not {described(block)}"
        last = size - BLOCK
        if not self.formatted and last not in self.blocks and any(data := read(last)):
            yield f"offset {last} was never written and holds {described(data)}"


class Ledger:
    """Follows the calls and what the guests write."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._contents: dict[Key, Contents] = {}
        self._snapshots: dict[tuple[Key, int], Contents] = {}

    @staticmethod
    def key(disk: HeldDisk) -> Key:
        """Under what the contents of a disk are kept."""
        return disk.volume or disk.of

    def known(self, key: Key) -> Contents:
        """What is in a volume or file."""
        return self._contents.get(key, Contents())

    def wrote(self, key: Key, blocks: Mapping[int, bytes]) -> None:
        """A guest was told that these blocks are safe."""
        found = self.known(key)
        self._contents[key] = replace(found, blocks={**found.blocks, **blocks})

    def differences(self, key: Key, read: Read, size: int) -> Iterator[str]:
        """What is not there as it was written, one sentence each. *size* in bytes."""
        return self.known(key).differences(read, size)

    def replaced(self, key: Key, contents: Contents) -> None:
        """Other data was written over all that was there."""
        self._contents[key] = contents

    # -- calls ------------------------------------------------------------------------------------

    def after(self, call: Call, given: Contents, file_system: str) -> None:
        """A call has ended, and the holdings are not told yet.

        *given* is the raw content of its source, for `cp`; *file_system* what was made on the new disk or image.
        """
        about = subject(call)
        if call.exit_code:
            return
        if call.kind == "ds" and call.driver == LINSTOR:
            self._after_image(call, about, given, file_system)
        elif call.kind == "tm" and about.vm is not None and about.disk is not None:
            self._after_disk(call, about, DiskOf(about.vm, about.disk), file_system)

    def _after_image(self, call: Call, about: Subject, given: Contents, file_system: str) -> None:
        name = VolumeName(about.source) if about.source else image_volume(about.image or 0)
        action = call.plain_action
        if action in ("cp", "mkfs"):
            self._contents[name] = replace(given, formatted=given.formatted or bool(file_system))
        elif action == "clone":
            self._contents[name] = self.known(VolumeName(about.target))
        elif action in ("snap_revert", "snap_flatten"):
            self._revert(name, about.snapshot or 0)

    def _after_disk(self, call: Call, about: Subject, of: DiskOf, file_system: str) -> None:
        action = call.plain_action
        held = self._holdings.disks.get(of)
        if action in ("clone", "mkimage", "mkswap"):
            volume, _ = volume_of(call, about, of)
            source = self.known(VolumeName(about.source)) if about.source else Contents()
            self._contents[volume or of] = replace(source, formatted=source.formatted or bool(file_system))
        elif held is not None and action.startswith("snap_create"):
            self._snapshots[self.key(held), about.snapshot or 0] = self.known(self.key(held))
        elif held is not None and action == "snap_revert":
            self._revert(self.key(held), about.snapshot or 0)
        elif held is not None and action == "cpds":
            self._contents[VolumeName(about.target)] = self._saved(self.key(held), about.snapshot)

    def _revert(self, key: Key, number: int) -> None:
        if (key, number) in self._snapshots:
            self._contents[key] = self._snapshots[key, number]

    def _saved(self, key: Key, number: int | None) -> Contents:
        return self.known(key) if number is None else self._snapshots.get((key, number), Contents())
