"""The commands in the documents, and how each block of them says that it is tested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```sh\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Commands of *page*, which begin at *line*. *mark* is the comment above them."""

    page: str
    line: int
    mark: str
    text: str

    @property
    def reason(self) -> str:
        """Why it is not run; "" where it is."""
        return self.mark.removeprefix("not run: ") if self.mark.startswith("not run: ") else ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> Iterator[Block]:
    """All blocks of all pages."""
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        for found in BLOCK.finditer(page):
            line = page.count("\n", 0, found.start("text")) + 1
            yield Block(str(path.relative_to(ROOT)), line, found["mark"] or "", found["text"])
