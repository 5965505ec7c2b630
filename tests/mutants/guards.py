"""The guards of the eleven safety rules: taken out one by one, the tests must notice."""

from __future__ import annotations

from tests.mutants.guard import RULES, Mutant
from tests.mutants.guards_of_backups import BACKUPS
from tests.mutants.guards_of_data import COPY_THEN_SWITCH, NOTHING_LEFT, ONLY_OURS, REPEATABLE
from tests.mutants.guards_of_hosts import DEAD_HOST, NO_DATA_MOVES, ONE_WRITER, SIZES
from tests.mutants.guards_of_limits import BOUNDED, CONSTANT_COST, NO_SHELL_WORDS
from tests.mutants.guards_of_neighbours import NEIGHBOURS
from tests.mutants.guards_of_orphans import ORPHANS

__all__ = ["MUTANTS", "RULES", "Mutant"]

MUTANTS = [
    *REPEATABLE,
    *NOTHING_LEFT,
    *ONLY_OURS,
    *NEIGHBOURS,
    *ORPHANS,
    *BACKUPS,
    *COPY_THEN_SWITCH,
    *ONE_WRITER,
    *DEAD_HOST,
    *NO_DATA_MOVES,
    *SIZES,
    *BOUNDED,
    *CONSTANT_COST,
    *NO_SHELL_WORDS,
]
