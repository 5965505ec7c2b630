"""The page of `onelinstor doctor --html`: one file, no network, no script. Problems come first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from entrypoints.onelinstor.doctor.checks import Line, Status
from entrypoints.onelinstor.doctor.page_style import SHAPES, STYLE
from entrypoints.onelinstor.doctor.telling import TITLES, WORDS, about, summary, together, what

KINDS = {Status.OK: "ok", Status.WARNING: "warning", Status.FAILED: "failed", Status.NOT_LOOKED_AT: "skipped"}
ORDER = (Status.FAILED, Status.WARNING)
HEADLINES = {
    Status.FAILED: "Something is broken",
    Status.WARNING: "It works, with reservations",
    Status.OK: "Everything is well",
    Status.NOT_LOOKED_AT: "Nothing could be looked at",
}


def page(lines: Sequence[Line], moment: str) -> str:
    """The whole page. *moment* says when that was."""
    state = worst(lines)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>onelinstor doctor</title><style>{STYLE}</style></head><body>
<svg width="0" height="0" style="position:absolute" aria-hidden="true">{"".join(_symbols())}</svg>
<main><header>{_use(state)}<div><h1>{HEADLINES[state]}</h1>
<p class="soft">LINSTOR under OpenNebula, {escape(moment)}: {escape(summary(lines))}</p></div></header>
<nav class="areas">{"".join(_areas(lines))}</nav>
{"".join(_problems(lines)) or '<p class="well">No check found anything to do.</p>'}
{"".join(_tables(lines))}
</main></body></html>
"""


def worst(lines: Sequence[Line]) -> Status:
    """The status that counts for all of them."""
    found = {each.status for each in lines}
    return next((each for each in (*ORDER, Status.OK) if each in found), Status.NOT_LOOKED_AT)


def _symbols() -> Iterator[str]:
    for name, drawing in SHAPES.items():
        yield f'<symbol id="{name}" viewBox="0 0 32 32">{drawing}</symbol>'


def _use(status: Status) -> str:
    return f'<svg role="img" aria-label="{WORDS[status]}"><use href="#{KINDS[status]}"/></svg>'


def _areas(lines: Sequence[Line]) -> Iterator[str]:
    for area, title in TITLES.items():
        own = [each for each in lines if each.area == area]
        if own:
            bad = len([some for some in together(own) if some[0].status in ORDER])
            told = f"{bad} problem{'s' if bad > 1 else ''}" if bad else f"{len(own)} checks"
            kind = KINDS[worst(own)]
            yield f'<a class="{kind}" href="#area-{area}"><b>{title}</b><span class="soft">{told}</span></a>'


def _problems(lines: Sequence[Line]) -> Iterator[str]:
    for status in ORDER:
        for some in together([each for each in lines if each.status is status]):
            first = some[0]
            todo = f'<p class="todo"><b>Do</b>{escape(first.advice)}</p>' if first.advice else ""
            place = " · ".join(each for each in (TITLES[first.area], escape(about(some))) if each)
            where = f"{place} · <code>{escape(first.check)}</code>"
            yield (
                f'<section class="problem {KINDS[status]}">{_use(status)}<div><h3>{escape(first.found)}</h3>'
                f'<p class="soft">{where}</p>{todo}</div></section>'
            )


def _tables(lines: Sequence[Line]) -> Iterator[str]:
    for area, title in TITLES.items():
        own = [each for each in lines if each.area == area]
        if own:
            rows = "".join(_row(some) for some in together(own))
            yield f'<h2 id="area-{area}">{title}</h2><div class="rows">{rows}</div>'


def _row(some: Sequence[Line]) -> str:
    first, skipped = some[0], some[0].status is Status.NOT_LOOKED_AT
    name = f"not looked at, {first.found}" if skipped else first.check
    return (
        f'<div class="row {KINDS[first.status]}">{_use(first.status)}<div>{escape(what(some))} '
        f'<code>{escape(name)}</code></div><div class="whom">{escape(about(some))}</div></div>'
    )
