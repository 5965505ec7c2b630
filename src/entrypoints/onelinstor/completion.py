"""`onelinstor completion SHELL`: what lets a shell complete the command, its actions and its options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import shtab

from entrypoints.command_line import new_parser
from entrypoints.onelinstor import main as root
from entrypoints.onelinstor.tree import tree

SHELLS = ("bash", "zsh")


def parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    own = new_parser(
        "onelinstor completion",
        "Print what lets a shell complete commands, actions, options and paths. The packages bring it along.",
        examples=(
            "onelinstor completion bash > /etc/bash_completion.d/onelinstor",
            "onelinstor completion zsh > /usr/local/share/zsh/site-functions/_onelinstor",
        ),
        exit_codes={0: "printed"},
    )
    own.add_argument("shell", choices=SHELLS, help="for which shell")
    return own


def main(argv: Sequence[str]) -> int:
    """Print it; 0."""
    options = parser().parse_args(argv)
    print(shtab.complete(tree(root.parser(), "command", root.COMMANDS), shell=options.shell))
    return 0
