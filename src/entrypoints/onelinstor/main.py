"""`onelinstor COMMAND ...`: what an administrator runs. Every command imports only what it needs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from importlib import metadata

COMMANDS = {
    "install": (
        "entrypoints.onelinstor.install.command",
        "put the driver into OpenNebula on this front-end, or upgrade it",
    ),
    "uninstall": ("entrypoints.onelinstor.install.uninstall", "give back what was there before"),
    "doctor": ("entrypoints.onelinstor.doctor.command", "look at everything, and say what is wrong and what to do"),
    "orphans": ("entrypoints.onelinstor.orphans", "find, and delete, what LINSTOR holds that oned does not know"),
    "report": ("entrypoints.onelinstor.report", "the space of datastores, and where every VM's data is"),
    "explain": ("entrypoints.onelinstor.explain", "what an order would do now, without doing it"),
    "trace": ("entrypoints.onelinstor.trace", "the black box: what each order did and waited for"),
    "sandbox": ("entrypoints.sandbox.cli", "a whole small cloud on this machine"),
    "completion": ("entrypoints.onelinstor.completion", "what lets bash or zsh complete this command"),
    "manual": ("entrypoints.onelinstor.manual", "the page for man"),
}
"""Command -> module whose `parser` and `main` it has, and what it is for."""

DISTRIBUTION = "one-linstor-driver"
STOPPED = 130
UNREAD = 141
"""What a shell calls the end by Ctrl-C."""

EPILOG = """{commands}

`onelinstor COMMAND --help` tells more, with examples and exit codes; `onelinstor manual | man -l -` tells all.

examples:
  onelinstor sandbox demo
  onelinstor --version

exit codes:
  0   done, and nothing is wrong
  1   done, and something is wrong, or not done; a sentence says what
  2   the arguments are wrong
  130 stopped with Ctrl-C
  141 nobody read to the end, as `head` does not"""


class _Version(argparse.Action):
    """Looked up only where it is asked for: it takes longer than the rest of the parser."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"onelinstor {metadata.version(DISTRIBUTION)}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The parser of what stands before the command's own words."""
    told = "\n".join(["commands:", *(f"  {command:10} {what}" for command, (_, what) in COMMANDS.items())])
    own = argparse.ArgumentParser(
        prog="onelinstor",
        description="The LINSTOR storage driver for OpenNebula.",
        epilog=EPILOG.format(commands=told),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own.add_argument("--version", action=_Version, nargs=0, help="show the release and exit")
    own.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    own.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="arguments of the command")
    return own


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = parser().parse_args(sys.argv[1:] if argv is None else argv)
    module = importlib.import_module(COMMANDS[options.command][0])
    try:
        code = int(module.main(options.words))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        # as `| head` does; what is left to be written at the end goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    return code
