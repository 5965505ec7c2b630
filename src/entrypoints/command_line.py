"""What the parsers of all commands have in common: how their help is laid out."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from textwrap import fill

Table = Mapping[str, tuple[str, str]]
"""Command -> module whose `parser` and `main` it has, and what it is for in half a line."""

WRONG_ARGUMENTS = {2: "the arguments are wrong"}
WIDTH = 79


def new_parser(
    prog: str,
    description: str,
    *,
    examples: Iterable[str],
    exit_codes: Mapping[int, str],
    notes: str = "",
) -> argparse.ArgumentParser:
    """A parser whose help answers the first questions: what it does, what one types, what the exit code says.

    *notes* stay as their author laid them out.
    """
    codes = sorted({**WRONG_ARGUMENTS, **exit_codes}.items())
    parts = [
        notes,
        "\n".join(["examples:", *(f"  {each}" for each in examples)]),
        "\n".join(["exit codes:", *(f"  {code:<3} {what}" for code, what in codes)]),
    ]
    return argparse.ArgumentParser(
        prog=prog,
        description=fill(description, WIDTH),
        epilog="\n\n".join(part for part in parts if part),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def table_of(heading: str, commands: Table) -> str:
    """The commands as lines of a help."""
    return "\n".join([f"{heading}:", *(f"  {name:10} {what}" for name, (_, what) in commands.items())])


def add_choice(parser: argparse.ArgumentParser, dest: str, commands: Table) -> None:
    """Let *parser* take one of *commands* and keep the words after it for that command's own parser."""
    parser.add_argument(dest, choices=commands, metavar=dest.upper())
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help=f"arguments of the {dest}")
