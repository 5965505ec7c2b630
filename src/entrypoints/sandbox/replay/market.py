"""The marketplace's side of `export`, played: takes the file, compares it, and disposes of it (opennebula.md 2.7)."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import etree

from entrypoints.sandbox.replay.blocks import BLOCK

MIB = 1024 * 1024
Differences = Callable[[Callable[[int], bytes], int], Iterator[str]]
"""What a reader of blocks gives otherwise than it was written; the second value is the size in bytes."""


def take(printed: str, differences: Differences) -> list[str]:
    """Fetch what `export` *printed*, as `one_market` and the marketplace's import do; what is wrong with it."""
    try:
        info = etree.fromstring(printed)
    except etree.XMLSyntaxError as error:
        return [f"printed no XML: {error.msg}"]
    file = Path(info.findtext("IMPORT_SOURCE") or "/")
    if info.tag != "IMPORT_INFO" or not file.is_file():
        return [f"printed {printed!r}, which names no file"]
    return [*_compared(info, file, differences), *_disposed(info, file)]


def _compared(info: etree._Element, file: Path, differences: Differences) -> Iterator[str]:
    size = file.stat().st_size
    with file.open("rb") as stream:
        digest = hashlib.md5(usedforsecurity=False)
        while data := stream.read(MIB):
            digest.update(data)

        def block(offset: int) -> bytes:
            stream.seek(offset)
            return stream.read(BLOCK)

        yield from (f"exported file: {each}" for each in differences(block, size))
    told = {name: info.findtext(name) for name in ("MD5", "SIZE", "FORMAT")}
    found = {"MD5": digest.hexdigest(), "SIZE": str(-(-size // MIB)), "FORMAT": "raw"}
    if told != found:
        yield f"printed {told} for a file that is {found}"


def _disposed(info: etree._Element, file: Path) -> Iterator[str]:
    if info.findtext("DISPOSE") == "YES":
        subprocess.run(["sh", "-c", info.findtext("DISPOSE_CMD") or ""], check=False)
    if file.exists():
        yield f"{file} stays after the marketplace has disposed of it"
