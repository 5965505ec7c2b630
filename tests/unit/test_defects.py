"""No defect of the addon is forgotten: docs/defects.md, the tests and the scenarios say the same."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALL = range(1, 62)
SAYS = re.compile(r"defects? (\d+)(?: and (\d+))?")


def _held() -> dict[int, int]:
    """Defect -> how often a docstring of a test, or a comment above a scenario, names it."""
    held = dict.fromkeys(ALL, 0)
    for path in [*ROOT.glob("tests/**/*.py"), *ROOT.glob("features/*.feature")]:
        text = path.read_text(encoding="utf-8")
        beside = r'def test_\w+\(.*?\).*?:\n    """(.*?)"""' if path.suffix == ".py" else r"# (.*)\n  Scenario:"
        for said in re.findall(beside, text, re.DOTALL if path.suffix == ".py" else 0):
            for number in (int(each) for match in SAYS.findall(said) for each in match if each):
                held[number] += 1
    return held


def test_every_defect_is_held_by_a_test() -> None:
    """Sixty-one of them."""
    assert [number for number, times in _held().items() if not times] == []


def test_the_table_names_tests_that_there_are() -> None:
    """Each row is there once, and what it names exists."""
    rows = re.findall(
        r"^\| (\d+) \|.*\| (.*) \|$", (ROOT / "docs/defects.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [int(number) for number, _ in rows] == list(ALL)
    sources = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py"))
    features = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("features/*.feature"))
    titles = re.findall(r"Scenario: (.*)", features)
    for _, named in rows:
        left = re.sub(r"`(test_\w+)`", lambda match: "" if f"def {match[1]}(" in sources else match[0], named)
        for title in titles:
            left = left.replace(title, "")
        assert left.strip(", ") == ""
