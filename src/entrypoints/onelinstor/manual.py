"""`onelinstor manual`: the page for man(1), made from the parsers, so that it says what `--help` says."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from importlib import metadata

from entrypoints.command_line import new_parser
from entrypoints.onelinstor import main as root
from entrypoints.onelinstor.tree import tree

ENVIRONMENT = {
    "ONE_LOCATION": "directory of a self-contained OpenNebula; without it the directories of the packages count",
    "ONE_XMLRPC": "where oned answers; else ~/.one/one_endpoint, else http://localhost:2633/RPC2",
    "ONE_AUTH": "file with oned's user and password; else ~/.one/one_auth",
    "LS_CONTROLLERS": "LINSTOR controllers for datastores that do not name their own",
    "LINSTOR_ALLOW_INSECURE_AUTH": "yes: credentials of LINSTOR may be sent over plain http",
}


def parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    return new_parser(
        "onelinstor manual",
        "Print the manual page of all commands. The packages bring it along, as onelinstor(1).",
        examples=("onelinstor manual | man -l -", "onelinstor manual > /usr/local/share/man/man1/onelinstor.1"),
        exit_codes={0: "printed"},
    )


def main(argv: Sequence[str]) -> int:
    """Print it; 0."""
    parser().parse_args(argv)
    print("\n".join(page(tree(root.parser(), "command", root.COMMANDS))))
    return 0


def page(whole: argparse.ArgumentParser) -> Iterator[str]:
    """The lines of the page in man(7)'s macros. Its date is SOURCE_DATE_EPOCH where that is set, else today."""
    moment = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH") or time.time()))
    release = metadata.version(root.DISTRIBUTION)
    yield f'.TH ONELINSTOR 1 "{time.strftime("%Y-%m-%d", moment)}" "{root.DISTRIBUTION} {release}" "OpenNebula"'
    yield from (".SH NAME", f"onelinstor {_MINUS} {_quoted(whole.description or '')}")
    yield from (".SH SYNOPSIS", ".B onelinstor", ".I COMMAND", "[...]", ".br", ".B onelinstor \\-\\-version")
    yield from (".SH DESCRIPTION", *_literal(whole.epilog or ""))
    yield ".SH COMMANDS"
    for each in _leaves(whole):
        yield from _command(each)
    yield ".SH ENVIRONMENT"
    for name, what in ENVIRONMENT.items():
        yield from (".TP", f".B {name}", _quoted(what))
    yield from (".SH SEE ALSO", ".BR linstor (1),", ".BR drbdadm (8),", ".BR onedatastore (1)")


_MINUS = "\\-"


def _leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Every parser below, each before those below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield each
                yield from _leaves(each)


def _command(parser: argparse.ArgumentParser) -> Iterator[str]:
    usage = " ".join(parser.format_usage().split()).removeprefix("usage: ")
    yield from (f".SS {parser.prog}", ".P", f".B {_quoted(usage)}")
    if parser.description:
        yield from (".P", _quoted(" ".join(parser.description.split())))
    for action in parser._actions:
        if action.dest != "help" and not isinstance(action, argparse._SubParsersAction):
            yield from (".TP", f".B {_quoted(_names(action))}", _quoted(_help(parser, action)))
    if parser.epilog:
        yield from _literal(parser.epilog)


def _names(action: argparse.Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if not action.option_strings:
        return metavar
    return ", ".join(action.option_strings) + ("" if action.nargs == 0 else f" {metavar}")


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    choices = f"; one of {', '.join(map(str, action.choices))}" if action.choices else ""
    told = (action.help or "") % {**vars(action), "prog": parser.prog}
    return told + choices


def _literal(text: str) -> Iterator[str]:
    """Lines that stay lines."""
    yield from (".P", ".nf", *(_quoted(line) for line in text.splitlines()), ".fi")


def _quoted(text: str) -> str:
    """*text* as a line of roff, whatever stands in it."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return f"\\&{plain}" if plain.startswith((".", " ")) or not plain else plain
