"""`onelinstor sandbox compare`: recordings of real servers against the simulated ones, each begun afresh."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.memory.linstor.model import LinstorModel
from entrypoints.command_line import new_parser
from entrypoints.sandbox.drbd.compare import Answers, compare_recording
from entrypoints.sandbox.drbd.recording import is_recording, recording_of
from entrypoints.sandbox.linstor.left_out import why_left_out
from entrypoints.sandbox.linstor.operations import is_used
from entrypoints.sandbox.linstor.playing import Player
from entrypoints.sandbox.linstor.server import serve
from entrypoints.sandbox.topics.compare import compare_topic
from entrypoints.sandbox.topics.recording import topics

SHOWN = 4
"""How many differences of one exchange are printed."""


@dataclass
class Totals:
    """Counts of one scenario. *failing*: those of *differing* that this driver uses."""

    exchanges: int = 0
    differing: int = 0
    failing: int = 0
    left_out: int = 0

    def add(self, other: Totals) -> None:
        """Add the counts of another scenario."""
        self.exchanges += other.exchanges
        self.differing += other.differing
        self.failing += other.failing
        self.left_out += other.left_out

    def __str__(self) -> str:
        return f"{self.exchanges} exchanges, {self.differing} differ, {self.left_out} left out"


def parser() -> argparse.ArgumentParser:
    """The parser of this action."""
    own = new_parser(
        "onelinstor sandbox compare",
        "Play recorded scenarios of a real LINSTOR controller on the simulated one, over HTTP, recordings of DRBD on "
        "the simulated devices, and those of both together, comparing each answer.",
        examples=(
            "onelinstor sandbox compare tests/captures/linstor-1.33.3/scenarios",
            "onelinstor sandbox compare tests/captures/drbd-9",
        ),
        exit_codes={
            0: "every answer that this driver uses is as recorded",
            1: "an answer that this driver uses differs",
            2: "the arguments are wrong, or nothing to compare was found",
        },
    )
    own.add_argument(
        "paths",
        type=Path,
        nargs="*",
        metavar="DIR|FILE",
        help="scenarios (*.jsonl), recordings of DRBD, or of LINSTOR above it (*.json), or where they are",
    )
    return own


def main(argv: Sequence[str]) -> int:
    """Compare all that is named: 0; 1 when an answer that this driver uses differs, 2 when nothing can be read."""
    paths = parser().parse_args(argv).paths
    scenarios, documents = list(_scenarios(paths)), list(_documents(paths))
    recordings = [recording_of(given) for _, given in documents if is_recording(given)]
    found = list(topics(documents))
    if not scenarios and not recordings and not found:
        print("onelinstor sandbox compare DIR|FILE...: no scenario (*.jsonl, *.json) found", file=sys.stderr)
        return 2
    totals, drbd, both = Totals(), Answers(), Answers()
    for path, lines in scenarios:
        totals.add(compare_scenario(path.stem, lines))
    for each in recordings:
        drbd.add(compare_recording(each))
    for topic in found:
        both.add(compare_topic(topic))
    if scenarios:
        print(f"{len(scenarios)} scenarios, {totals}")
    if recordings:
        print(f"{len(recordings)} recordings of DRBD, {drbd}")
    if found:
        print(f"{len(found)} topics of LINSTOR above DRBD, {both}")
    return 1 if totals.failing or drbd.differing or both.differing else 0


def _scenarios(paths: Iterable[Path]) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """The files named, and those below the directories named, as far as they are scenarios."""
    for each in _files(paths, ".jsonl"):
        lines = [json.loads(line) for line in each.read_text(encoding="utf-8").splitlines() if line.strip()]
        if lines and "cluster" in lines[0]:
            yield each, lines


def _documents(paths: Iterable[Path]) -> Iterator[tuple[Path, Any]]:
    """The other files, with what they hold."""
    yield from ((each, json.loads(each.read_text(encoding="utf-8"))) for each in _files(paths, ".json"))


def _files(paths: Iterable[Path], suffix: str) -> Iterator[Path]:
    for path in paths:
        found = sorted(path.rglob(f"*{suffix}")) if path.is_dir() else [path]
        yield from (each for each in found if each.suffix == suffix and each.is_file())


def compare_scenario(name: str, lines: list[dict[str, Any]]) -> Totals:
    """Play one scenario; print a line for each exchange that differs, and its totals."""
    totals = Totals()
    model = LinstorModel.from_cluster(lines[0]["cluster"])
    model.rest_api_version = lines[0].get("rest_api_version", model.rest_api_version)
    model.server_version = lines[0].get("controller", model.server_version)
    model.state.kernel_refuses = not _kernel_gives_way(lines)
    with serve(model) as server, Player(model, server) as player:
        for number, line in enumerate(lines[1:], 1):
            if "event" not in line:
                _exchange(player, f"{name}:{number}", line, totals)
            elif not player.happen(line):
                totals.differing += 1
                totals.failing += 1
                print(f"{name}:{number} event {line['event']}: not known here")
    print(f"{name}: {totals}")
    return totals


def _exchange(player: Player, where: str, line: dict[str, Any], totals: Totals) -> None:
    request = line.get("request") or line["until"]
    method, path = request["method"], request["path"]
    totals.exchanges += 1
    found = player.compare(request, line["response"], until="until" in line)
    if why_left_out(method, path):
        totals.left_out += 1
    elif found:
        totals.differing += 1
        totals.failing += is_used(method, path)
        print(f"{where} {method} {path}: {'; '.join(found[:SHOWN])}")


def _kernel_gives_way(lines: list[dict[str, Any]]) -> bool:
    """Whether what stood below the recorded satellites let two primaries be taken away while both wrote.

    Real DRBD refuses that (linstor.md 2.18); recordings above a stand-in of DRBD do not show the refusal.
    """
    writers: dict[str, set[str]] = {}
    for line in lines[1:]:
        if line.get("event") in ("open", "close"):
            nodes = writers.setdefault(line["resource"], set())
            (nodes.add if line["event"] == "open" else nodes.discard)(line["node"])
        body = (line.get("request") or {}).get("body")
        removed = str(body.get("delete_props", "")) if isinstance(body, dict) else ""
        both = any(len(nodes) > 1 for nodes in writers.values())
        if "allow-two-primaries" in removed and both and line["response"]["status"] == 200:
            return True
    return False


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
