"""`onelinstor`: what an administrator runs. Every command imports only what it needs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options, rest = _parser().parse_known_args(argv if argv is not None else sys.argv[1:])
    if options.command == "sandbox":
        from entrypoints.sandbox import cli

        return cli.run(options, rest)
    _parser().print_help()
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="onelinstor", description="The LINSTOR storage driver for OpenNebula.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    sandbox = commands.add_parser(
        "sandbox", help="a whole small cloud on this machine", description="A whole small cloud on this machine."
    )
    actions = sandbox.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("demo", help="walk through the life of a VM, showing what changes where")
    compare = actions.add_parser(
        "compare", help="play recorded scenarios of a real controller against the simulated one"
    )
    compare.add_argument("paths", nargs="+", metavar="DIR|FILE", help="scenarios, *.jsonl")
    replay = actions.add_parser("replay", help="play recorded calls of a real oned through the real executables")
    replay.add_argument("directory", metavar="DIR", help="a recording: calls/*.json, xml/*, index.md")
    replay.add_argument("--only", action="append", default=[], metavar="GLOB", help="report on these operations only")
    return parser
