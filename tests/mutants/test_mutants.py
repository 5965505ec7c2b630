"""The list of guards keeps up with the code."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.mutants.guards import MUTANTS, RULES, Mutant

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_the_guard_is_where_the_list_says(mutant: Mutant) -> None:
    """A guard that was moved or renamed has to be named anew, or nobody knows what holds it."""
    text = (ROOT / "src" / mutant.path).read_text(encoding="utf-8")

    assert text.count(mutant.old) == 1
    assert mutant.what in PAGE


def test_every_rule_has_guards() -> None:
    """Each of the eleven rules is broken on purpose, three times at least."""
    counted = Counter(mutant.rule for mutant in MUTANTS)

    assert all(counted[rule] >= 3 for rule in RULES)
    assert "**nothing**" not in PAGE
