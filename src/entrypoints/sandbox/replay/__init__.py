"""`onelinstor sandbox replay`: recorded calls of an oned, played through the real executables in a sandbox."""

from __future__ import annotations


def main(argv: list[str]) -> int:
    """Play a recording; 0 when everything ended as recorded and nothing was left behind, 1 else, 2 for no recording."""
    from entrypoints.sandbox.replay.command import main as play

    return play(argv)
