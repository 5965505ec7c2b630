"""The lines for a terminal and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from entrypoints.onelinstor.doctor.checks import Line, Status, exit_code

FORMAT = 1
TITLES = {
    "front-end": "Front-end",
    "oned-conf": "oned.conf and vmm_execrc",
    "oned": "oned",
    "datastore": "Datastores",
    "linstor": "LINSTOR",
    "group": "Resource groups",
    "host": "Hosts",
}
WORDS = {Status.OK: "ok", Status.WARNING: "warning", Status.FAILED: "failed", Status.NOT_LOOKED_AT: "not looked at"}
COLOURS = {Status.OK: "32", Status.WARNING: "33", Status.FAILED: "1;31", Status.NOT_LOOKED_AT: "2"}
WIDTH = 13


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
    """Lines of one check that say the same, in the order of the first of each."""
    found: dict[tuple[str, Status, str], list[Line]] = {}
    for each in lines:
        found.setdefault((each.check, each.status, each.found), []).append(each)
    return list(found.values())


def subjects(lines: Sequence[Line]) -> str:
    """Whom lines that say the same are about; more than three are counted."""
    names = [each.subject for each in lines]
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 3 else ", ".join(names)


def _told(some: Sequence[Line], *, colour: bool) -> Iterator[str]:
    first = some[0]
    word = WORDS[first.status].ljust(WIDTH)
    if colour:
        word = f"\x1b[{COLOURS[first.status]}m{word}\x1b[0m"
    about = "" if first.subject in ("front-end", "oned") else f" [{subjects(some)}]"
    yield f"  {word} {first.check}: {first.looks_at}{about}"
    margin = " " * (WIDTH + 3)
    if first.found:
        yield f"{margin}{first.found}"
    if first.advice:
        yield f"{margin}-> {first.advice}"
