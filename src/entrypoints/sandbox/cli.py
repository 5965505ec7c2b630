"""`onelinstor sandbox ...`: hands each action its words."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Run one action of the sandbox; its exit code."""
    if options.action == "demo":
        from entrypoints.sandbox import demo

        return demo.main()
    if options.action == "compare":
        from entrypoints.sandbox.linstor import compare

        return compare.main(list(options.paths))
    from entrypoints.sandbox import replay

    words = [options.directory, *(word for glob in options.only for word in ("--only", glob)), *rest]
    return int(replay.main(words))
