"""Backups, followed: what each disk held in the moment of a backup must be in the file that the store has of it.

The same file is what a restore, or an image made from it, must give (opennebula.md 5).
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from domain.names import BACKUPS, DiskOf
from entrypoints.sandbox.replay.backup_images import BackupImages, Config, config_in
from entrypoints.sandbox.replay.blocks import BLOCK, described
from entrypoints.sandbox.replay.holdings import HeldDisk, Holdings
from entrypoints.sandbox.replay.knowledge import Knowledge
from entrypoints.sandbox.replay.ledger import Contents, Ledger
from entrypoints.sandbox.replay.recording import Call
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.subject import LINSTOR, Subject, subject
from entrypoints.sandbox.world import Sandbox

MIB = 1024 * 1024
STORE = "rsync"
"""The driver of backup datastores that a sandbox has."""
SCHEME = f"{STORE}://"
_FILE = re.compile(r"/([^/]+)/disk\.(\d+)\.\d+$")
MOST = 3
"""Sentences about one disk."""


@dataclass(frozen=True)
class Moment:
    """What a disk of *size* bytes held when a backup began."""

    contents: Contents
    size: int


class Vault:
    """Follows the calls, and reads what the store has."""

    def __init__(
        self,
        sandbox: Sandbox,
        images: BackupImages,
        knowledge: Knowledge,
        holdings: Holdings,
        ledger: Ledger,
        rewriting: Rewriting,
        stores: frozenset[int],
    ) -> None:
        self._sandbox = sandbox
        self._images = images
        self._knowledge = knowledge
        self._holdings = holdings
        self._ledger = ledger
        self._rewriting = rewriting
        self._stores = stores
        self._asked: dict[int, Config] = {}
        self._moments: dict[int, dict[int, Moment]] = {}
        self._kept: dict[str, dict[int, Moment]] = {}

    def document(self, call: Call) -> bytes:
        """What oned gives `backup`, where only the index tells of the call."""
        vm = subject(call).vm or 0
        document = self._knowledge.vm(vm).render()
        return f"<DS_DRIVER_ACTION_DATA>{self._store(self._asked.get(vm))}{document}</DS_DRIVER_ACTION_DATA>".encode()

    def _store(self, config: Config | None) -> str:
        """The backup datastore; oned forgets which, once the backup is over, and then it is the first."""
        known = config is not None and config.datastore in self._stores
        return self._knowledge.datastore(config.datastore if config and known else min(self._stores, default=-1))

    def contents(self, path: str) -> Contents | None:
        """What the disk that a recorded URL names holds; None where the store has no such disk."""
        match = _FILE.search(self._rewriting.backup_url(path)) if path.startswith(SCHEME) else None
        kept = self._kept.get(match[1], {}).get(int(match[2])) if match else None
        return kept.contents if kept is not None else None

    # -- calls ------------------------------------------------------------------------------------

    def after(self, call: Call) -> None:
        """A call has ended as recorded, and everybody else was told."""
        about = subject(call)
        if call.kind == "tm" and call.plain_action in ("prebackup", "prebackup_live") and about.vm is not None:
            self._after_prebackup(call, about, about.vm)
        elif call.kind == "ds" and call.action == "rm" and about.image is not None:
            self._images.remove(about.image)
        elif call.kind == "tm" and call.action == "restore" and call.driver == LINSTOR and not call.exit_code:
            self._after_restore(about)

    def _after_prebackup(self, call: Call, about: Subject, vm: int) -> None:
        config = config_in(call.document or self._knowledge.vm(vm).render())
        disks = [each for each in self._holdings.vm_disks(vm) if each.of.disk in about.disks]
        self._asked[vm] = config
        self._moments[vm] = {} if call.exit_code else {each.of.disk: self._moment(each) for each in disks}
        for each in disks:
            if call.driver == LINSTOR:
                self._holdings.keep_for_backups(each.of, *_snapshots(config, failed=bool(call.exit_code)))

    def _moment(self, disk: HeldDisk) -> Moment:
        """What a disk holds now. LINSTOR rounds devices up, so that it is larger than oned knows."""
        definition = self._sandbox.linstor.state.definitions.get(disk.volume or "")
        content = definition.volumes[min(definition.volumes)].content if definition and definition.volumes else None
        told = int(self._knowledge.vm(disk.of.vm).value(disk.of.disk, "SIZE") or 0) * MIB
        return Moment(self._ledger.known(Ledger.key(disk)), content.size if content is not None else told)

    def _after_restore(self, about: Subject) -> None:
        """Oned forgets the snapshots of disks that are the VM's alone."""
        vm = about.vm or 0
        kept = self._kept.get(self._images.backup(about.image or 0, about.increment), {})
        for disk, moment in kept.items():
            held = self._holdings.disks.get(DiskOf(vm, disk))
            if held is None or (about.disks and disk not in about.disks):
                continue
            self._ledger.replaced(Ledger.key(held), moment.contents)
            self._holdings.restored(held.of)
            if held.private:
                self._knowledge.vm(vm).drop_snapshots(disk)

    # -- the store --------------------------------------------------------------------------------

    def compare(self, call: Call, printed: str) -> list[str]:
        """What is wrong with what an action of the store printed, or with what it keeps now."""
        if call.action == "backup":
            return self._stored(subject(call), printed)
        if call.stdout is None or call.action not in ("ls", "stat"):
            return []
        if call.action == "ls":
            recorded, found = json.loads(call.stdout), json.loads(printed)
            right = found == {disk: self._rewriting.backup_url(url) for disk, url in recorded.items()}
        else:
            # a device is larger than what was asked for
            right = int(printed) >= int(call.stdout)
        return [] if right else [f"printed {printed.strip()!r}, recorded is {call.stdout.strip()!r}"]

    def _stored(self, about: Subject, printed: str) -> list[str]:
        """A backup was taken: oned has an image of it from now on, and each disk of it is read."""
        vm, words = about.vm or 0, printed.split()
        config, moment = self._asked.get(vm), self._moments.pop(vm, None)
        if config is None or not moment or len(words) != 3:
            return [f"printed {printed.strip()!r}" if moment else "nothing made the files of this backup"]
        self._kept[words[0]] = moment
        image = self._images.add(vm, config, sorted(moment), words[0])
        self._knowledge.backed_up(
            vm, image, config.increment if config.incremental else None, self._images.render(image)
        )
        return list(self._differences(image, config, moment))

    def _differences(self, image: int, config: Config, moments: Mapping[int, Moment]) -> Iterator[str]:
        document = f"<X>{self._store(config)}{self._images.render(image)}</X>"
        listed = self._sandbox.run("ds", STORE, "ls", ["-i", "-1"], document.encode())
        urls: dict[str, str] = json.loads(listed.stdout or "{}")
        if set(urls) != set(map(str, moments)):
            yield f"the backup holds the disks {', '.join(sorted(urls)) or 'none'}, not {', '.join(map(str, moments))}"
            return
        for disk, moment in moments.items():
            found = islice(self._of_file(urls[str(disk)], moment), MOST)
            yield from (f"the file of disk {disk}: {each}" for each in found)

    def _of_file(self, url: str, moment: Moment) -> Iterator[str]:
        """Fetch a disk as a restore does, and compare all of it."""
        fetched = self._sandbox.root / "of-backup"
        raw = fetched.with_suffix(".raw")
        command = [str(self._sandbox.script("ds", "", "downloader.sh")), "--nodecomp", url, str(fetched)]
        convert = ["qemu-img", "convert", "-O", "raw", str(fetched), str(raw)]
        try:
            for each in (command, convert):
                subprocess.run(each, env=self._sandbox.environment(), check=True, capture_output=True, text=True)
            yield from _compared(raw, moment)
        except subprocess.CalledProcessError as error:
            yield error.stderr.strip()
        finally:
            fetched.unlink(missing_ok=True)
            raw.unlink(missing_ok=True)


def _snapshots(config: Config, *, failed: bool) -> tuple[set[int], set[int]]:
    """The numbers of the snapshots that a backup keeps, and of those that may be there or not.

    An increment needs that of its own moment, and has had that of the one before.
    """
    own, before = (BACKUPS[each % len(BACKUPS)] for each in (config.increment, config.increment - 1))
    if failed:
        return set(), {own, before}
    kept = {own} if config.begins else {own, before}
    return (kept if config.incremental else set()), set()


def _compared(raw: Path, moment: Moment) -> Iterator[str]:
    """What a file holds otherwise than a disk did."""
    found, contents = raw.stat().st_size, moment.contents
    if found != moment.size:
        yield f"it has {found} bytes, the disk had {moment.size}"
    with raw.open("rb") as file:
        for offset in range(0, found, MIB):
            file.seek(offset)
            data = file.read(MIB)
            if data.count(0) != len(data) or any(offset <= each < offset + MIB for each in contents.blocks):
                yield from _of_piece(data, offset, contents)


def _of_piece(data: bytes, start: int, contents: Contents) -> Iterator[str]:
    zeros = bytes(BLOCK)
    for place in range(0, len(data), BLOCK):
        offset, block = start + place, data[place : place + BLOCK]
        wanted = contents.blocks.get(offset, None if contents.formatted else zeros)
        if wanted is not None and block != wanted:
            yield f"offset {offset} holds {described(block)}, not {described(wanted)}"
