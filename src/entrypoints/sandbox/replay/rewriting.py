"""Puts the sandbox's places into what was recorded: paths, controllers, sources of images and their checksums."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from entrypoints.sandbox.replay.payload import is_document, with_document
from entrypoints.sandbox.replay.site import Site
from entrypoints.sandbox.replay.sources import SourceFiles
from entrypoints.sandbox.replay.subject import BACKUP

_BACKUP_URL = re.compile(r"(rsync://[^/]*/[^/]*/)([^/]*)(/.*)")
"""Datastore and job, the chain of backups, and the path of a file (opennebula.md 5.6)."""
_OF_THE_OLD_SITE = ("CA_FILE", "CERT_FILE", "KEY_FILE", "USER", "PASSWORD", "PASSWORD_FILE", "TOKEN", "TOKEN_FILE")


class Rewriting:
    """From the recorded installation to the sandbox.

    *home* is the sandbox's variable directory; its datastores are in `home/datastores`. *controllers* goes into every
    datastore that is LINSTOR's.
    """

    def __init__(self, site: Site, home: str, controllers: str, sources: SourceFiles) -> None:
        places = {site.home: home}
        if not site.location.startswith(f"{site.home}/"):
            places[site.location] = f"{home}/datastores"
        self._places = [(_as_pattern(old), new) for old, new in sorted(places.items(), key=lambda each: -len(each[0]))]
        self._controllers = controllers
        self._sources = sources
        self._backups: dict[str, str] = {}

    def know_backup(self, recorded: str, ours: str) -> None:
        """The backup that was called *recorded* in its store is *ours* in the sandbox's."""
        self._backups[recorded] = ours

    def backup_url(self, url: str) -> str:
        """The URL of a disk of a backup."""
        match = _BACKUP_URL.fullmatch(url)
        if match is None:
            return url
        return match[1] + self._named_backups(match[2]) + self._named_backups(self.text(match[3]))

    def _named_backups(self, text: str) -> str:
        return re.sub(r"\w+", lambda word: self._backups.get(word[0], word[0]), text)

    def text(self, text: str) -> str:
        """*text* with every path of the old installation replaced, double slashes kept."""
        for old, new in self._places:
            changed, count = old.subn(new.replace("\\", r"\\"), text)
            if count:
                return changed
        return text

    def words(self, argv: Iterable[str]) -> list[str]:
        """Arguments, documents among them."""
        return [self._word(word) for word in argv]

    def _word(self, word: str) -> str:
        return self.payload(word.encode()).decode() if is_document(word) else self.text(word)

    def payload(self, data: bytes) -> bytes:
        """What is on standard input, encoded as it was."""
        return with_document(data, self.xml)

    def xml(self, text: str) -> str:
        """A document."""
        return str(etree.tostring(self.tree(text), encoding="unicode"))

    def tree(self, text: str) -> etree._Element:
        """A document, parsed."""
        root = etree.fromstring(text.encode())
        for image in root.iter("IMAGE"):
            self._image(image)
        for element in root.iter():
            if element.text and "/" in element.text:
                element.text = self.text(element.text)
        for datastore in root.iter("DATASTORE"):
            self._datastore(datastore)
        return root

    def _datastore(self, datastore: etree._Element) -> None:
        template = datastore.find("TEMPLATE")
        if template is None:
            return
        for name in ("SAFE_DIRS", "RESTRICTED_DIRS", "STAGING_DIR"):
            if (found := template.find(name)) is not None and found.text:
                found.text = " ".join(self._sources.directory_for(word) for word in found.text.split())
        if template.find("LINSTOR_RESOURCE_GROUP") is None and template.find("LINSTOR_CONTROLLERS") is None:
            return
        for name in _OF_THE_OLD_SITE:
            if (found := template.find(f"LINSTOR_{name}")) is not None:
                template.remove(found)
        set_text(template, "LINSTOR_CONTROLLERS", self._controllers)

    def _image(self, image: etree._Element) -> None:
        path = (image.findtext("PATH") or "").strip()
        for backup in image.iter("SOURCE") if image.findtext("TYPE") == BACKUP else ():
            backup.text = self._backups.get(backup.text or "", backup.text)
        source = self._sources.source(path)
        if source is None:
            if path.startswith("rsync://"):
                set_text(image, "PATH", self.backup_url(path))
            return
        set_text(image, "PATH", source.address)
        template = image.find("TEMPLATE")
        for name, value in (("MD5", source.md5), ("SHA1", source.sha1)):
            if template is not None and template.find(name) is not None:
                set_text(template, name, value)


def set_text(parent: etree._Element, name: str, value: str) -> None:
    """Set the text of the child *name*, which is made where there is none."""
    child = parent.find(name)
    if child is None:
        child = etree.SubElement(parent, name)
    child.text = value


def _as_pattern(path: str) -> re.Pattern[str]:
    """A path as a whole, however many slashes stand between its parts."""
    parts = [re.escape(part) for part in path.strip("/").split("/")]
    return re.compile(r"(?<![\w.-])/+" + "/+".join(parts) + r"(?![\w.-])")
