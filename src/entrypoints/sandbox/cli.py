"""`onelinstor sandbox ACTION ...`: hands each action its own words."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence

from entrypoints.command_line import add_choice, new_parser, table_of

ACTIONS = {
    "demo": ("entrypoints.sandbox.demo", "walk through the life of a VM, showing what changes where"),
    "shell": ("entrypoints.sandbox.shell", "a shell in which ssh reaches the sandbox's hosts"),
    "compare": ("entrypoints.sandbox.linstor.compare", "play recorded scenarios of a real controller"),
    "replay": ("entrypoints.sandbox.replay.command", "play recorded calls of a real oned through the real executables"),
    "torture": (
        "entrypoints.sandbox.torture.command",
        "kill every executable after each of its effects, or let things go wrong, and run it again",
    ),
}
"""Action -> module whose `parser` and `main` it has, and what it is for. Only the module of the action is imported."""


EXTRA = ("werkzeug",)
MISSING = "The sandbox needs {name} of the extra 'sandbox': {python} -m pip install 'one-linstor-driver[sandbox]'"
"""What the extra `sandbox` brings: the driver itself does without."""


def parser() -> argparse.ArgumentParser:
    """The parser of what stands before the action's own words."""
    own = new_parser(
        "onelinstor sandbox",
        "A whole small cloud on this machine: no root, no LINSTOR, no OpenNebula.",
        notes=table_of("actions", ACTIONS),
        examples=("onelinstor sandbox demo", "onelinstor sandbox replay --help"),
        exit_codes={0: "as the action says", 1: "as the action says, or the extra 'sandbox' is not installed"},
    )
    add_choice(own, "action", ACTIONS)
    return own


def main(argv: Sequence[str]) -> int:
    """Run one action of the sandbox; its exit code."""
    options = parser().parse_args(argv)
    # a sandbox that is told to end must take its directory and its programs with it
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        module = importlib.import_module(ACTIONS[options.action][0])
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in EXTRA:
            raise
        print(MISSING.format(name=name, python=sys.executable), file=sys.stderr)
        return 1
    return int(module.main(options.words))
