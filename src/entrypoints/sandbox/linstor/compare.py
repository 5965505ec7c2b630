"""`onelinstor sandbox compare`: recorded scenarios against a fresh simulated controller, over HTTP."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from adapters.memory.linstor.model import LinstorModel
from entrypoints.sandbox.linstor.left_out import is_left_out
from entrypoints.sandbox.linstor.likeness import differences
from entrypoints.sandbox.linstor.server import LinstorServer, serve

POLLS = 3


@dataclass
class Totals:
    """Counts of one scenario."""

    exchanges: int = 0
    differing: int = 0
    left_out: int = 0


def main(argv: list[str]) -> int:
    """Compare every scenario named; 1 when an exchange differs, 2 when nothing can be read."""
    files = list(_files(argv))
    if not files:
        print("onelinstor sandbox compare DIR|FILE...: no scenario (*.jsonl) found", file=sys.stderr)
        return 2
    totals = [compare_file(path) for path in files]
    differing = sum(each.differing for each in totals)
    left_out = sum(each.left_out for each in totals)
    exchanges = sum(each.exchanges for each in totals)
    print(f"{len(files)} scenarios, {exchanges} exchanges, {differing} differ, {left_out} left out on purpose")
    return 1 if differing else 0


def _files(words: Iterable[str]) -> Iterator[Path]:
    for word in words:
        path = Path(word)
        yield from sorted(path.rglob("*.jsonl")) if path.is_dir() else [path] if path.is_file() else []


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a scenario; an index of another form is no scenario."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return lines if lines and "cluster" in lines[0] else []


def compare_file(path: Path) -> Totals:
    """Play one scenario; print a line for each exchange that differs, and its totals."""
    lines = read_lines(path)
    totals = Totals()
    if not lines:
        return totals
    model = LinstorModel.from_cluster(lines[0]["cluster"])
    model.rest_api_version = lines[0].get("rest_api_version", model.rest_api_version)
    model.state.kernel_refuses = not _kernel_gives_way(lines)
    with serve(model) as server:
        player = Player(model, server)
        for number, line in enumerate(lines[1:], 2):
            _play(player, path.stem, number, line, totals)
    print(f"{path.stem}: {totals.exchanges} exchanges, {totals.differing} differ, {totals.left_out} left out")
    return totals


def _play(player: Player, scenario: str, number: int, line: dict[str, Any], totals: Totals) -> None:
    if "event" in line:
        player.happen(line)
        return
    request = line.get("request") or line["until"]
    totals.exchanges += 1
    found = player.compare(request, line["response"], until="until" in line)
    if not found:
        return
    if is_left_out(request):
        totals.left_out += 1
        return
    totals.differing += 1
    print(f"{scenario}:{number} {request['method']} {request['path']}: {'; '.join(found[:4])}")


def _kernel_gives_way(lines: list[dict[str, Any]]) -> bool:
    """Whether the recording shows that two primaries were taken away while both wrote.

    Real DRBD refuses that (linstor.md 2.18); recordings above a stand-in of DRBD do not show the refusal.
    """
    writers: dict[str, set[str]] = {}
    for line in lines[1:]:
        if line.get("event") in ("open", "close"):
            nodes = writers.setdefault(line["resource"], set())
            (nodes.add if line["event"] == "open" else nodes.discard)(line["node"])
        request = line.get("request") or {}
        removes = "allow-two-primaries" in json.dumps((request.get("body") or {}).get("delete_props", []))
        if removes and any(len(nodes) > 1 for nodes in writers.values()) and line["response"]["status"] == 200:
            return True
    return False


class Player:
    """Sends recorded requests and lets recorded events happen."""

    def __init__(self, model: LinstorModel, server: LinstorServer) -> None:
        self._model = model
        self._connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        self._handles: dict[tuple[str, str], Any] = {}

    def happen(self, line: dict[str, Any]) -> None:
        """Let an event of the recording happen."""
        kind, node = line["event"], line.get("node", "")
        if kind == "open":
            handle = self._model.devices.open(node, line["resource"], write=not line.get("read_only", False))
            self._handles[(node, line["resource"])] = handle
        elif kind == "close":
            self._handles.pop((node, line["resource"])).close()
        elif kind == "fail":
            self._model.events.fail(node, line["command"])
        else:
            getattr(self._model.events, kind.replace("-", "_"))(node)

    def compare(self, request: dict[str, Any], expected: dict[str, Any], *, until: bool) -> list[str]:
        """What differs; a repeated request gets some tries to reach the recorded answer."""
        found: list[str] = []
        for _ in range(POLLS if until else 1):
            status, body = self._ask(request)
            found = differences(expected["status"], expected.get("body"), status, body)
            if not found:
                break
        return found

    def _ask(self, request: dict[str, Any]) -> tuple[int, Any]:
        query = urlencode(request.get("query") or {}, doseq=True)
        target = request["path"] + (f"?{query}" if query else "")
        self._connection.request(request["method"], target, _body(request.get("body")))
        response = self._connection.getresponse()
        data = response.read()
        return response.status, json.loads(data) if data.strip() else None


def _body(body: Any) -> bytes | None:
    if body is None:
        return None
    if isinstance(body, dict) and "__raw__" in body:
        return str(body["__raw__"]).encode()
    return json.dumps(body).encode()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
