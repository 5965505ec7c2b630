"""What a guard of a safety rule is, and how it is taken out."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One guard taken out: *old* stands exactly once in *path* (below src/), *new* takes its place."""

    rule: int
    path: str
    old: str
    new: str
    what: str


RULES = {
    1: "Repeatable",
    2: "Nothing left behind",
    3: "Destroy only what is ours and unused",
    4: "Copy, then switch",
    5: "One writer",
    6: "A dead host does not block",
    7: "Undeploy, stop, resume move no disk data",
    8: "Sizes never shrink",
    9: "Bounded",
    10: "Constant cost",
    11: "No shell strings from data, no secrets shown",
}
