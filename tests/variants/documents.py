"""A document of oned 7.4 as an older version writes it (opennebula.md 2.5, 4.2, 4.5, 5.2)."""

from __future__ import annotations

from lxml import etree
from tests.variants.versions import Version

VOLATILE = ("fs", "swap")


def as_written_by(version: Version, xml: str) -> str:
    """*xml* without what *version* does not know, and with its own words for the rest."""
    root = etree.fromstring(xml.encode())
    for element in [each for each in root.iter() if each.tag in version.no_elements]:
        _drop(element)
    if version.fstype:
        for image in root.iter("IMAGE"):
            _tell_file_system(image)
        for disk in root.iter("DISK"):
            _forget_format(disk)
    if not version.raw_increments:
        for config in root.iter("BACKUP_CONFIG"):
            _ask_for_all(config)
    return str(etree.tostring(root, encoding="unicode"))


def _ask_for_all(config: etree._Element) -> None:
    """Oned forces the mode, so that no chain ever begins (opennebula.md 5.2)."""
    for name, text in (("MODE", "FULL"), ("LAST_INCREMENT_ID", "-1"), ("INCREMENTAL_BACKUP_ID", "-1")):
        found = config.find(name)
        if found is not None:
            found.text = text


def _tell_file_system(image: etree._Element) -> None:
    """FSTYPE is the file system, else the format; only an image itself has these elements, not its name in a disk."""
    form, fs = image.find("FORMAT"), image.find("FS")
    if form is None:
        return
    text = (fs.text if fs is not None else "") or form.text
    form.tag, form.text = "FSTYPE", text
    if fs is not None:
        _drop(fs)


def _forget_format(disk: etree._Element) -> None:
    """Before 6.0 only a volatile disk has its format in the document."""
    form = disk.find("FORMAT")
    if form is not None and (disk.findtext("TYPE") or "").lower() not in VOLATILE:
        _drop(form)


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
