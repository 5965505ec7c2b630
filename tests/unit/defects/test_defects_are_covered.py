"""The list of defects in docs/defects.md is complete, and what it says about tests is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
DEFECTS = range(1, 62)
_ROW = re.compile(r"\| (\d+) \| .+ \| (\S.*) \|")
_NAMED = re.compile(r"[Dd]efects? (\d+(?:(?:, | and )\d+)*)")


def _rows() -> list[tuple[int, str]]:
    """Each row of the table: the defect, and the file of its test or `none: reason`."""
    lines = (ROOT / "docs" / "defects.md").read_text(encoding="utf-8").splitlines()
    return [(int(match[1]), match[2]) for line in lines if (match := _ROW.fullmatch(line))]


def _named(path: Path) -> set[int]:
    """The defects that the docstrings of a file's tests name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")]
    found = [match for each in tests for match in _NAMED.findall(ast.get_docstring(each) or "")]
    return {int(number) for numbers in found for number in re.findall(r"\d+", numbers)}


def test_every_defect_of_the_addon_is_listed_once() -> None:
    """The table has one row for each of the 61, in order."""
    assert [number for number, _ in _rows()] == list(DEFECTS)


def test_every_listed_defect_has_a_test_or_a_reason() -> None:
    """The test that a row names exists and says which defect it is about."""
    wrong = [
        number
        for number, test in _rows()
        if not test.startswith("none: ") and number not in _named(ROOT / test.strip("`"))
    ]

    assert wrong == []
