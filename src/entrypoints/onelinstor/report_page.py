"""The page of `onelinstor report --html`: one file, no network, no script, pictures in SVG."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from domain.names import HostName, same_host
from domain.overview import Overview, Row, Section, Space
from domain.volumes import Deployment, DiskState, Role
from entrypoints.onelinstor.report_style import SHAPES, STYLE
from entrypoints.onelinstor.words import size

LEGEND = {
    "replica": "replica in sync",
    "replica-open": "in use here",
    "behind": "replica behind",
    "failed": "replica failed",
    "unknown": "not known: host away",
    "attachment": "used over the network",
    "attachment-open": "in use over the network",
    "witness": "witness, no data",
}
MOST_USERS = 6


def page(overview: Overview, moment: str) -> str:
    """The whole page. *moment* says when that was."""
    rows = [row for section in overview.sections for row in section.rows]
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>LINSTOR under OpenNebula</title><style>{STYLE}</style></head><body>
<svg width="0" height="0" style="position:absolute" aria-hidden="true">{"".join(_symbols())}</svg>
<main><h1>LINSTOR under OpenNebula</h1><p class="soft">{escape(moment)}</p>
<div class="tiles">{"".join(_tiles(overview, rows))}</div>
<h2>Space</h2><div class="cards">{"".join(map(_card, overview.spaces))}</div>
<h2>Where the data is</h2><div class="legend">{"".join(_legend())}</div>
{_matrix(overview, rows)}
</main></body></html>
"""


def _symbols() -> Iterator[str]:
    for name, drawing in SHAPES.items():
        yield f'<symbol id="{name}" viewBox="0 0 32 32">{drawing}</symbol>'


def _use(name: str, title: str) -> str:
    told = escape(title, quote=True)
    return f'<svg role="img" aria-label="{told}"><title>{told}</title><use href="#{name}"/></svg>'


def _legend() -> Iterator[str]:
    for name, meaning in LEGEND.items():
        yield f'<span><svg aria-hidden="true"><use href="#{name}"/></svg>{meaning}</span>'
    yield '<span><i class="swatch"></i>host of the VM</span>'


def _tiles(overview: Overview, rows: list[Row]) -> Iterator[str]:
    apart = len([row for row in rows if not row.in_sync])
    used = len([row for row in rows if any(each.in_use for each in row.holding.deployments)])
    yield _tile(str(len(overview.hosts)), "hosts with volumes")
    yield _tile(str(len(rows)), "volumes")
    yield _tile(size(sum(row.size_kib for row in rows)), "promised to guests")
    yield _tile(str(used), "in use")
    yield _tile(str(apart), "not in sync", "bad") if apart else _tile("all", "in sync", "good")


def _tile(number: str, what: str, kind: str = "") -> str:
    return f'<div class="tile {kind}"><b>{number}</b><span class="soft">{what}</span></div>'


# -- space ----------------------------------------------------------------------------------------


def _card(space: Space) -> str:
    store = space.datastore
    about = f'<span class="soft">datastore {store.datastore_id}, {escape(space.group)}</span>'
    users = f'<table class="users">{"".join(_users(space))}</table>'
    return f'<section class="card"><h3>{escape(store.name)}{about}</h3>{_capacity(space)}{users}</section>'


def _capacity(space: Space) -> str:
    if space.capacity is None:
        return f'<p class="problem">{escape(space.problem)}</p>'
    total, free = space.capacity.total_kib, space.capacity.free_kib
    part = max(0.0, min(1.0, 1 - free / total))
    colour = "bad" if part > 0.9 else "warn" if part > 0.75 else "good"
    said = f"{size(free)} free of {size(total)}"
    return f'{_bar(part, colour, 14, said)}<span class="soft">{said}, {part:.0%} used</span>'


def _bar(part: float, colour: str, height: int, title: str = "") -> str:
    told = f"<title>{escape(title)}</title>" if title else ""
    end = height / 2
    filled = f'<rect width="{max(part * 100, 0.6):.1f}%" height="{height}" rx="{end}" fill="var(--{colour})"/>'
    track = f'<rect width="100%" height="{height}" rx="{end}" fill="var(--track)"/>'
    return f'<svg class="bar" width="100%" height="{height}">{told}{track}{filled if part > 0 else ""}</svg>'


def _users(space: Space) -> Iterator[str]:
    largest = space.users[0][1] if space.users else 0
    for who, kib in space.users[:MOST_USERS]:
        bar = _bar(kib / largest if largest else 0, "quiet", 6)
        yield f"<tr><td>{escape(who)}</td><td>{bar}</td><td>{size(kib)}</td></tr>"
    rest = space.users[MOST_USERS:]
    if rest:
        yield f'<tr><td class="soft">{len(rest)} more</td><td></td><td>{size(sum(kib for _, kib in rest))}</td></tr>'


# -- where the data is ----------------------------------------------------------------------------


def _matrix(overview: Overview, rows: list[Row]) -> str:
    if not rows:
        return '<p class="soft">There are no volumes.</p>'
    hosts = "".join(f'<th class="host">{escape(host)}</th>' for host in overview.hosts)
    head = f'<tr><th>volume</th><th class="size">size</th>{hosts}<th></th></tr>'
    largest = max(row.size_kib for row in rows)
    body = "".join(line for section in overview.sections for line in _section(section, overview.hosts, largest))
    return f'<div class="matrix"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'


def _section(section: Section, hosts: tuple[HostName, ...], largest: int) -> Iterator[str]:
    where = f'<span class="soft">on {escape(section.host)}</span>' if section.host else ""
    yield f'<tr class="owner"><td colspan="{len(hosts) + 3}">{escape(section.title)}{where}</td></tr>'
    for row in section.rows:
        name = f'<span class="name">{escape(row.holding.definition.name)}</span>'
        length = f"{size(row.size_kib)}{_bar(row.size_kib / largest if largest else 0, 'quiet', 6)}"
        cells = "".join(_cell(row, host, home=_is_home(section, host)) for host in hosts)
        yield f'<tr><td>{escape(row.label)}{name}</td><td class="size">{length}</td>{cells}<td>{_health(row)}</td></tr>'


def _is_home(section: Section, host: HostName) -> bool:
    return bool(section.host) and same_host(section.host, host)


def _cell(row: Row, host: HostName, *, home: bool) -> str:
    here = row.on(host)
    kind = "host home" if home else "host"
    if here is None:
        return f'<td class="{kind}"></td>'
    name = shape(here)
    return f'<td class="{kind}">{_use(name, f"{host}: {LEGEND[name]}")}</td>'


def shape(here: Deployment) -> str:
    """Which of the drawings shows that deployment."""
    if here.role is Role.WITNESS:
        return "witness"
    if not here.reachable or here.state is DiskState.UNKNOWN:
        return "unknown"
    suffix = "-open" if here.in_use else ""
    if here.role is Role.ATTACHMENT:
        return f"attachment{suffix}"
    if here.state in (DiskState.FAILED, DiskState.DISKLESS):
        return "failed"
    return f"replica{suffix}" if here.good_replica and here.connected else "behind"


def _health(row: Row) -> str:
    if row.holding.definition.deleting:
        return '<span class="chip warn">being deleted</span>'
    if row.in_sync:
        return '<span class="chip good">in sync</span>'
    replicas = [each for each in row.holding.deployments if each.role is Role.REPLICA]
    good = len([each for each in replicas if each.good_replica])
    kind = "warn" if good else "bad"
    return f'<span class="chip {kind}">{good} of {len(replicas)} in sync</span>'
