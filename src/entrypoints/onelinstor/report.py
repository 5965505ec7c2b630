"""`onelinstor report`: the space of each datastore and where every VM's data is, as tables or as a page."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dependency_injector import providers
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from domain.errors import DriverError
from domain.masking import one_line
from domain.overview import Overview, Row, Section, Space
from entrypoints.command_line import new_parser
from entrypoints.container import Container
from entrypoints.onelinstor.report_page import shape
from entrypoints.onelinstor.words import size

SIGNS = {
    "replica": "replica",
    "replica-open": "[bold]replica, in use[/]",
    "behind": "[yellow]replica, behind[/]",
    "failed": "[red]replica, failed[/]",
    "unknown": "[yellow]not known[/]",
    "attachment": "attached",
    "attachment-open": "[bold]attached, in use[/]",
    "witness": "[dim]witness[/]",
}


def parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    own = new_parser(
        "onelinstor report",
        "For each datastore its space and who uses it; for each VM where its replicas and attachments are, in sync or "
        "not. Nothing is changed.",
        examples=("onelinstor report", "onelinstor report --html /tmp/report.html"),
        exit_codes={
            0: "shown or written",
            2: "the arguments are wrong, LINSTOR or oned cannot be asked, or no page written",
        },
    )
    own.add_argument("--html", type=Path, metavar="FILE", help="write a page to look at, and no tables")
    return own


def main(argv: Sequence[str]) -> int:
    """Show everything; 0, or 2 where LINSTOR or oned cannot be asked or the page cannot be written."""
    options = parser().parse_args(argv)
    try:
        overview = Container(environment=providers.Object(dict(os.environ))).overviews().look()
        return _shown(overview, options.html)
    except (DriverError, OSError) as error:
        print(f"onelinstor report: {error}", file=sys.stderr)
        return 2


def _shown(overview: Overview, html: Path | None) -> int:
    if html is not None:
        from entrypoints.onelinstor.report_page import page

        html.write_text(page(overview, time.strftime("%A, %d %B %Y, %H:%M")), encoding="utf-8")
        print(f"{html} is written")
        return 0
    console = Console()
    console.print(_spaces(overview))
    for section in overview.sections:
        console.print(_section(section))
    return 0


def _spaces(overview: Overview) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("datastore", "resource group"):
        table.add_column(heading)
    for heading in ("free", "total"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("promised to", overflow="fold")
    for space in overview.spaces:
        name = f"{space.datastore.datastore_id} {space.datastore.name}"
        table.add_row(_plain(name), _plain(space.group), *_numbers(space))
    return table


def _numbers(space: Space) -> tuple[str, str, str]:
    users = ", ".join(f"{who} {size(kib)}" for who, kib in space.users)
    if space.capacity is None:
        return "", "", f"[red]{_plain(space.problem)}[/]"
    return size(space.capacity.free_kib), size(space.capacity.total_kib), _plain(users)


def _section(section: Section) -> Table:
    title = section.title + (f", on {section.host}" if section.host else "")
    table = Table(title=_plain(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("volume", overflow="fold")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("in sync")
    table.add_column("where", overflow="fold")
    for row in section.rows:
        yes = "yes" if row.in_sync else "[red]no[/]"
        volume = _plain(row.holding.definition.name)
        table.add_row(_plain(row.label), volume, size(row.size_kib), yes, _where(row))
    return table


def _where(row: Row) -> str:
    return "; ".join(f"{_plain(each.host)} {SIGNS[shape(each)]}" for each in row.holding.deployments) or "nowhere"


def _plain(text: str) -> str:
    """What users and LINSTOR call their things, as text that changes nothing on a terminal."""
    return escape(one_line(text))
