"""`onelinstor COMMAND ...`: what an administrator runs. Every command imports only what it needs."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

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
}
"""Command -> module whose `main` runs it, and what it is for."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    told = "\n".join(f"  {command:10} {what}" for command, (_, what) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="onelinstor",
        description="The LINSTOR storage driver for OpenNebula.",
        epilog=f"commands:\n{told}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="arguments of the command")
    options = parser.parse_args(sys.argv[1:] if argv is None else argv)
    module = importlib.import_module(COMMANDS[options.command][0])
    return int(module.main(options.words))
