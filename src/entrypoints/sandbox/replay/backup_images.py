"""Backup images: their ids as recorded, and how oned describes those that were made again (opennebula.md 4.5, 5.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from entrypoints.sandbox.replay.recording import Recording
from entrypoints.sandbox.replay.rewriting import Rewriting, set_text
from entrypoints.sandbox.replay.subject import BACKUP

READY = "1"


@dataclass(frozen=True)
class Config:
    """BACKUP_CONFIG of a VM while a backup is made: the increment before, -1 for none, and the image of its chain."""

    incremental: bool
    last: int
    chain: int
    datastore: int

    @property
    def begins(self) -> bool:
        """Whether this backup has an image of its own."""
        return not self.incremental or self.last < 0

    @property
    def increment(self) -> int:
        """The number that it has in its image."""
        return 0 if self.begins else self.last + 1


def config_in(document: str) -> Config:
    """The BACKUP_CONFIG of a VM document; a whole backup where there is none."""
    config = etree.fromstring(document.encode()).find(".//BACKUPS/BACKUP_CONFIG")

    def number(name: str) -> int:
        return int((config.findtext(name) if config is not None else None) or -1)

    incremental = config is not None and config.findtext("MODE") == "INCREMENT"
    chain, datastore = number("INCREMENTAL_BACKUP_ID"), number("LAST_DATASTORE_ID")
    return Config(incremental, number("LAST_INCREMENT_ID"), chain, datastore)


@dataclass
class _Image:
    """One backup image: the VM, the datastore, and the names of its increments in the store."""

    number: int
    vm: int
    datastore: int
    disks: tuple[int, ...]
    backups: list[str]

    def render(self) -> str:
        root = etree.Element("IMAGE")
        values = {"ID": self.number, "TYPE": BACKUP, "SOURCE": self.backups[0], "FORMAT": "raw", "SIZE": 1}
        for name, value in {**values, "STATE": READY, "DATASTORE_ID": self.datastore}.items():
            set_text(root, name, str(value))
        set_text(etree.SubElement(root, "VMS"), "ID", str(self.vm))
        increments = etree.SubElement(root, "BACKUP_INCREMENTS")
        for place, backup in enumerate(self.backups if len(self.backups) > 1 else []):
            increment = etree.SubElement(increments, "INCREMENT")
            set_text(increment, "ID", str(place))
            set_text(increment, "SOURCE", backup)
        disks = etree.SubElement(root, "BACKUP_DISK_IDS")
        for disk in self.disks:
            etree.SubElement(disks, "ID").text = str(disk)
        return str(etree.tostring(root, encoding="unicode"))


class BackupImages:
    """The backup images of a recording. What a store calls a backup is not what it called it then."""

    def __init__(self, recording: Recording, rewriting: Rewriting) -> None:
        self._rewriting = rewriting
        self._ids: dict[int, set[int]] = defaultdict(set)
        self._recorded: dict[tuple[int, int], str] = {}
        for tree in _trees(recording):
            self._read(tree)
        self._made: dict[int, _Image] = {}
        self._begun: dict[int, int] = defaultdict(int)

    def _read(self, tree: etree._Element) -> None:
        for vm in tree.iter("VM"):
            found = (int(each.text or -1) for each in vm.iterfind("BACKUPS/BACKUP_IDS/ID"))
            self._ids[int(vm.findtext("ID") or -1)].update(found)
        for image in tree.iter("IMAGE"):
            if image.findtext("TYPE") == BACKUP:
                number = int(image.findtext("ID") or -1)
                self._ids[int(image.findtext("VMS/ID") or -1)].add(number)
                self._recorded[number, 0] = image.findtext("SOURCE") or ""
                for each in image.iter("INCREMENT"):
                    self._recorded[number, int(each.findtext("ID") or 0)] = each.findtext("SOURCE") or ""

    def add(self, vm: int, config: Config, disks: Sequence[int], backup: str) -> int:
        """A backup of *vm* is in the store as *backup*; the id of its image. A chain that is not known begins."""
        if config.begins or config.chain not in self._made:
            number = self._next(vm) if config.begins else config.chain
            self._made[number] = _Image(number, vm, config.datastore, tuple(disks), [])
        else:
            number = config.chain
        made = self._made[number]
        del made.backups[config.increment :]
        made.backups.append(backup)
        if recorded := self._recorded.get((number, config.increment)):
            self._rewriting.know_backup(recorded, backup)
        return number

    def _next(self, vm: int) -> int:
        """Images of a VM have its ids in the order in which they were made; one that nobody recorded gets a new one."""
        place, known = self._begun[vm], sorted(self._ids[vm])
        self._begun[vm] += 1
        return known[place] if place < len(known) else max([*self._made, *known, 9999]) + 1

    def remove(self, image: int) -> None:
        """The image was deleted."""
        self._made.pop(image, None)

    def backup(self, image: int, increment: int | None) -> str:
        """What the store calls an increment of an image, the last one for None; "" where it has none."""
        backups = self._made[image].backups if image in self._made else []
        place = len(backups) - 1 if increment is None else increment
        return backups[place] if 0 <= place < len(backups) else ""

    def render(self, image: int) -> str:
        """The document of an image that was made."""
        return self._made[image].render()


def _trees(recording: Recording) -> Iterator[etree._Element]:
    """The documents that tell of backups."""
    texts = [call.document for call in recording.calls()]
    texts += [document.xml for operation in recording.operations for document in operation.documents]
    for text in dict.fromkeys(texts):
        if "<BACKUP_IDS>" in text or f"<TYPE>{BACKUP}</TYPE>" in text:
            yield etree.fromstring(text.encode())
