"""All commands as one tree of parsers, for completion and for the manual page."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

import shtab

from entrypoints.command_line import Table


def tree(own: argparse.ArgumentParser, dest: str, commands: Table) -> argparse.ArgumentParser:
    """The command *own* with the parsers of all *commands* below it, and of theirs: for completion and the manual.

    Imports every command; a command whose libraries are not installed has no options there. *own* is not changed.
    """
    whole = _same_text(own)
    for action in own._actions:
        if action.option_strings and action.dest != "help":
            whole._add_action(action)
    below = whole.add_subparsers(dest=dest, metavar=dest.upper(), title=f"{dest}s")
    for name, (module, what) in commands.items():
        part = _part(f"{own.prog} {name}", module)
        settings: dict[str, Any] = {"description": part.description, "epilog": part.epilog}
        below.add_parser(name, help=what, parents=[part], add_help=False, prog=part.prog, **settings)
    return whole


def _part(prog: str, name: str) -> argparse.ArgumentParser:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:
        return argparse.ArgumentParser(prog=prog)
    own: argparse.ArgumentParser = module.parser()
    if hasattr(module, "ACTIONS"):
        own = tree(own, "action", module.ACTIONS)
    _complete_paths(own)
    return own


def _same_text(own: argparse.ArgumentParser) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=own.prog, description=own.description, epilog=own.epilog, formatter_class=own.formatter_class
    )


def _complete_paths(parser: argparse.ArgumentParser) -> None:
    """What is a path is completed as one: `DIR` or `directory` as a directory, anything else as a file."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                _complete_paths(each)
        elif action.type is Path:
            directory = action.metavar == "DIR" or action.dest == "directory"
            action.complete = shtab.DIR if directory else shtab.FILE  # type: ignore[attr-defined]
