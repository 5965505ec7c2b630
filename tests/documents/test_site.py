"""The documents as pages: complete, without a warning, and readable where there is no network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html
from tests.documents.blocks import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages. A warning breaks the build."""
    directory = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", directory],
        cwd=ROOT,
        env={"NO_MKDOCS_2_WARNING": "1", "PATH": "/usr/bin:/bin", "HOME": str(directory)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return directory


def test_every_document_is_a_page(site: Path) -> None:
    """And each has a heading."""
    for path in (ROOT / "docs").rglob("*.md"):
        page = site / path.relative_to(ROOT / "docs").with_suffix(".html")
        assert page.exists()
        if path.stat().st_size:
            assert html.parse(str(page)).find(".//h1") is not None


def test_a_page_needs_nothing_from_a_network(site: Path) -> None:
    """Neither scripts nor styles, fonts or pictures: a front-end is often cut off."""
    for page in site.rglob("*.html"):
        root = html.parse(str(page)).getroot()
        needed = [
            *root.xpath("//script/@src"),
            *root.xpath("//img/@src"),
            *root.xpath("//link[@rel!='canonical']/@href"),
        ]
        assert [each for each in needed if re.match(r"(https?:)?//", each)] == []
    for style in site.rglob("*.css"):
        assert re.findall(r"url\([\"']?(?:https?:)?//", style.read_text(encoding="utf-8")) == []
