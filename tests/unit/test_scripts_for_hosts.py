"""What hosts are told is made of words that no shell takes for anything else (rule 11)."""

from __future__ import annotations

import shlex

import pytest

from adapters.opennebula.scripts_for_hosts import words
from domain.errors import BadName


@pytest.mark.parametrize(
    "word", ["/var/ds/101/7/disk.0", "a b", "$(id)", "`id`", "a'b", 'a"b', "a\nb", "-x;id", "", "*"]
)
def test_a_word_arrives_as_it_was(word: str) -> None:
    """Between others, whatever it holds."""
    assert shlex.split(words("link", word, 7)) == ["link", word, "7"]


@pytest.mark.parametrize("word", ["a\0b", "\ud800"])
def test_what_no_program_can_be_given_goes_nowhere(word: str) -> None:
    """It would arrive cut off, or as something else."""
    with pytest.raises(BadName):
        words("link", word)
