"""The command `onelinstor sandbox replay`: arguments, the sandbox, exit codes."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from entrypoints.command_line import new_parser
from entrypoints.sandbox.executables import copied, installed, written
from entrypoints.sandbox.progress import progress
from entrypoints.sandbox.replay.player import Player
from entrypoints.sandbox.replay.recording import NotARecording, Recording, read
from entrypoints.sandbox.replay.report import Report
from entrypoints.sandbox.replay.selection import Step, select
from entrypoints.sandbox.replay.site import Site, survey
from entrypoints.sandbox.replay.sources import SourceFiles
from entrypoints.sandbox.world import Sandbox

STORAGE_ONLY = ("store-1",)
"""Nodes with storage that run no VM: with them a host can be without a replica, as in most clusters."""


def main(argv: list[str]) -> int:
    """Play a recording; 0 when everything ended as recorded and nothing was left behind, 1 else, 2 for no recording."""
    arguments = parser().parse_args(argv)
    directory: Path = arguments.directory
    try:
        recording = read(directory)
    except (NotARecording, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    steps = select(recording, arguments.only or [])
    if not steps:
        print(f"no operation of {directory} matches {' '.join(arguments.only)}", file=sys.stderr)
        return 2
    version = re.search(r"\d+(?:\.\d+)+", directory.resolve().name)
    console = Console()
    began = time.monotonic()
    with (
        _sandbox(survey(recording), version[0] if version else "7.4.0", arguments) as sandbox,
        progress(console, len(steps)) as begin,
    ):
        report = Report(console, begin)
        _play(recording, steps, report, sandbox)
    report.totals(time.monotonic() - began)
    return 1 if report.findings else 0


def _play(recording: Recording, steps: Sequence[Step], report: Report, sandbox: Sandbox) -> None:
    site = survey(recording)
    if recording.unended:
        orders = ", ".join(recording.unended)
        report.leave_out(f"killed or still running, with no end to compare with: {orders}", len(recording.unended))
    with SourceFiles(sandbox.root / "sources", site.sizes_mib) as sources:
        for datastore in site.shared:
            sandbox.hosts.share(datastore)
        player = Player(recording, site, sandbox, sources, report)
        player.play(steps)
        player.verify_guests()


def _sandbox(site: Site, version: str, arguments: argparse.Namespace) -> Sandbox:
    # orders about images name no host, and a volume wants two places
    hosts = (*(site.hosts or ("host-1",)), *STORAGE_ONLY)
    remotes: Path | None = arguments.remotes
    groups = dict.fromkeys(site.groups, 2)
    return Sandbox(
        arguments.keep,
        hosts=hosts,
        front_end=site.front_end,
        nodes=site.nodes,
        groups=groups or None,
        version=version,
        executables=copied(remotes) if remotes else installed if arguments.installed else written,
    )


def parser() -> argparse.ArgumentParser:
    """The parser of this action."""
    own = new_parser(
        "onelinstor sandbox replay",
        "Play recorded calls of a real oned through the real executables in a sandbox, and compare after each "
        "operation what oned's documents say with LINSTOR and the hosts.",
        examples=(
            "onelinstor sandbox replay /var/lib/one/linstor-trace",
            "onelinstor sandbox replay /var/lib/one/linstor-trace --only '*migrate*'",
            "onelinstor sandbox replay /var/lib/one/linstor-trace --remotes /var/lib/one/remotes",
        ),
        exit_codes={
            0: "everything ended as recorded, and nothing was left behind",
            1: "there are findings, one line each",
            2: "the arguments are wrong, or the directory is no recording",
        },
    )
    own.add_argument("directory", type=Path, help="a recording: index.md, calls/*.json, xml/*.xml")
    own.add_argument("--only", action="append", metavar="GLOB", help="report on these operations; may be given again")
    own.add_argument("--keep", type=Path, metavar="DIR", help="make the sandbox there and leave it")
    ours = own.add_mutually_exclusive_group()
    ours.add_argument("--installed", action="store_true", help="with the executables of `onelinstor install`")
    ours.add_argument("--remotes", type=Path, metavar="DIR", help="with those that oned runs, /var/lib/one/remotes")
    return own
