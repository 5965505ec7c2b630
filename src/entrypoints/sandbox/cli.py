"""`onelinstor sandbox ACTION ...`: hands each action its own words."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence

ACTIONS = {
    "demo": ("entrypoints.sandbox.demo", "walk through the life of a VM, showing what changes where"),
    "shell": ("entrypoints.sandbox.shell", "a shell in which ssh reaches the sandbox's hosts"),
    "compare": ("entrypoints.sandbox.linstor.compare", "play recorded scenarios of a real controller"),
    "replay": ("entrypoints.sandbox.replay", "play recorded calls of a real oned through the real executables"),
    "torture": (
        "entrypoints.sandbox.torture.command",
        "kill every executable after each of its effects, or let things go wrong, and run it again",
    ),
}
"""Action -> module whose `main` runs it, and what it is for. Only the module of the action is imported."""


EXTRA = ("werkzeug",)
MISSING = "The sandbox needs {name} of the extra 'sandbox': {python} -m pip install 'one-linstor-driver[sandbox]'"
"""What the extra `sandbox` brings: the driver itself does without."""


def main(argv: Sequence[str]) -> int:
    """Run one action of the sandbox; its exit code."""
    told = "\n".join(f"  {action:10} {what}" for action, (_, what) in ACTIONS.items())
    parser = argparse.ArgumentParser(
        prog="onelinstor sandbox",
        description="A whole small cloud on this machine: no root, no LINSTOR, no OpenNebula.",
        epilog=f"actions:\n{told}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=ACTIONS, metavar="ACTION")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="arguments of the action")
    options = parser.parse_args(argv)
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
