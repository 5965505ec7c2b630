"""docs/facts.md names tests and scenarios that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NUMBERS = ["0", "0a", *map(str, range(1, 15))]


def _rows() -> list[list[str]]:
    table = (ROOT / "docs/facts.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    return [row for row in rows if row[-1] != "the driver" and not row[-1].startswith("--")]


def test_every_surprise_of_linstor_has_its_row() -> None:
    """In the order of their numbers."""
    assert [row[0] for row in _rows() if row[0] in NUMBERS] == NUMBERS


def test_the_table_of_facts_names_what_there_is() -> None:
    """A test that was renamed is found out."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py"))
    features = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("features/*.feature"))
    titles = set(re.findall(r"Scenario: (.*)", features))
    named = {name for row in _rows() for cell in row[-2:] for name in cell.split(", ")} - {"-"}
    tests = {name.strip("`") for name in named if name.startswith("`")}
    assert {name for name in tests if f"def {name}(" not in sources} == set()
    assert {name for name in named if not name.startswith("`")} - titles == set()
