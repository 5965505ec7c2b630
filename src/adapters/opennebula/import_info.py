"""What `export` prints for one_market (opennebula.md 2.7)."""

from __future__ import annotations

from lxml import etree


def import_info(path: str, md5: str, size_mib: int) -> str:
    """An `<IMPORT_INFO>` for the raw image in the file *path*, which the marketplace driver removes afterwards.

    Newer drivers run DISPOSE_CMD, older ones remove IMPORT_SOURCE. *path* needs no quotes in a shell.
    """
    root = etree.Element("IMPORT_INFO")
    values = {
        "IMPORT_SOURCE": path,
        "MD5": md5,
        "SIZE": str(size_mib),
        "FORMAT": "raw",
        "DISPOSE": "YES",
        "DISPOSE_CMD": f"rm -f {path}",
    }
    for name, value in values.items():
        etree.SubElement(root, name).text = etree.CDATA(value)
    return etree.tostring(root, encoding="unicode")
