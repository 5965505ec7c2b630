"""The lines for a terminal and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from domain.masking import one_line
from entrypoints.onelinstor.doctor.checks import Line, Status, exit_code

FORMAT = 1
TITLES = {
    "front-end": "Front-end",
    "oned-conf": "oned.conf",
    "oned": "oned",
    "datastore": "Datastores",
    "linstor": "LINSTOR",
    "group": "Resource groups",
    "host": "Hosts",
}
WORDS = {Status.OK: "ok", Status.WARNING: "warning", Status.FAILED: "failed", Status.NOT_LOOKED_AT: "not looked at"}
COLOURS = {Status.OK: "32", Status.WARNING: "33", Status.FAILED: "1;31", Status.NOT_LOOKED_AT: "2"}
WIDTH = 14
ALONE = frozenset({"front-end", "oned"})
"""Subjects of which there is one."""


def counted(lines: Iterable[Line]) -> dict[Status, int]:
    """How many lines have which status."""
    found = Counter(each.status for each in lines)
    return {each: found[each] for each in Status}


def summary(lines: Sequence[Line]) -> str:
    """One line about all of them."""
    numbers = counted(lines)
    told = [f"{numbers[each]} {WORDS[each]}" for each in Status if numbers[each]]
    return ", ".join(told) if told else "nothing was looked at"


def as_json(lines: Sequence[Line]) -> str:
    """An object: format, exit_code, summary (status -> number), lines (area, check, subject, status, ...)."""
    return json.dumps(
        {
            "format": FORMAT,
            "exit_code": exit_code(lines),
            "summary": {status.value: number for status, number in counted(lines).items()},
            "lines": [each.as_json() for each in lines],
        },
        indent=2,
    )


def as_text(lines: Sequence[Line], *, colour: bool, only_problems: bool = False) -> str:
    """A line for each check; subjects for which a check says the same share one."""
    shown = [each for each in lines if not only_problems or each.status in (Status.WARNING, Status.FAILED)]
    told = []
    for area, title in TITLES.items():
        own = [each for each in shown if each.area == area]
        if own:
            told += [title, *(text for some in together(own) for text in _told(some, colour=colour)), ""]
    return "\n".join([*told, summary(lines), ""])


def together(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines of one check that say the same, in the order of the checks; at the end what was not looked at."""
    found: dict[tuple[str, Status, str], list[Line]] = {}
    for each in lines:
        check = each.subject if each.status is Status.NOT_LOOKED_AT else each.check
        found.setdefault((check, each.status, each.found), []).append(each)
    order = list(dict.fromkeys(each.check for each in lines))
    skipped = [some for some in found.values() if some[0].status is Status.NOT_LOOKED_AT]
    looked = [some for some in found.values() if some[0].status is not Status.NOT_LOOKED_AT]
    return [*sorted(looked, key=lambda some: order.index(some[0].check)), *skipped]


def about(lines: Sequence[Line]) -> str:
    """Whom lines that say the same are about: more than three are counted, and nothing is said where there is one."""
    names = list(dict.fromkeys(each.subject for each in lines))
    if names[0] in ALONE:
        return ""
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 3 else ", ".join(names)


def what(lines: Sequence[Line]) -> str:
    """What lines that belong together look at."""
    count = f"{len(lines)} check{'s' if len(lines) > 1 else ''}"
    return count if lines[0].status is Status.NOT_LOOKED_AT else lines[0].looks_at


def _told(some: Sequence[Line], *, colour: bool) -> Iterator[str]:
    first, whom = some[0], about(some)
    word = WORDS[first.status].ljust(WIDTH)
    if colour:
        word = f"\x1b[{COLOURS[first.status]}m{word}\x1b[0m"
    name = "" if first.status is Status.NOT_LOOKED_AT else f"{first.check}: "
    yield f"  {word} {name}{what(some)}{f' [{one_line(whom)}]' if whom else ''}"
    margin = " " * (WIDTH + 3)
    if first.found:
        yield f"{margin}{one_line(first.found)}"
    if first.advice:
        yield f"{margin}-> {first.advice}"
