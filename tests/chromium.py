"""Pages as a browser draws them."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def colours(page: str, directory: Path, size: tuple[int, int], *, dark: bool = False) -> dict[str, int]:
    """How many pixels have which colour, as six hexadecimal digits, when *page* is drawn."""
    (directory / "page.html").write_text(page, encoding="utf-8")
    scheme = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0") if dark else ()
    words = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size[0]},{size[1]}")
    picture = directory / "page.png"
    subprocess.run(
        [
            str(CHROMIUM),
            *words,
            *scheme,
            f"--user-data-dir={directory / 'user'}",
            f"--screenshot={picture}",
            "page.html",
        ],
        cwd=directory,
        check=True,
        capture_output=True,
        timeout=120,
    )
    drawn = Image.open(io.BytesIO(picture.read_bytes())).convert("RGB")
    found = drawn.getcolors(size[0] * size[1]) or []
    return {bytes(colour).hex(): count for count, colour in found if isinstance(colour, tuple)}
