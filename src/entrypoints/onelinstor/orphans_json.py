"""`onelinstor orphans --json`: the same findings, and what became of each, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.clearing import Done
from domain.errors import DriverError
from domain.orphans import Finding

FORMAT = 1


@dataclass(frozen=True)
class Result:
    """All that is told. *stopped*: why no more could be deleted, "" where nothing hindered it."""

    found: Sequence[Finding]
    done: Sequence[Done]
    stopped: str

    @property
    def exit_code(self) -> int:
        """0 when nothing is left, else 1."""
        return int(sum(not each.error and not each.left for each in self.done) < len(self.found))

    @property
    def text(self) -> str:
        """An object: format, exit_code, stopped, findings (class, volume, part, size_kib, since, ...)."""
        became = {each.finding.key: each for each in self.done}
        findings = [_shown(each, became.get(each.key)) for each in self.found]
        shown = {"format": FORMAT, "exit_code": self.exit_code, "stopped": self.stopped, "findings": findings}
        return json.dumps(shown, indent=2)


def result(found: Sequence[Finding], clearing: Iterable[Done]) -> Result:
    """Delete what *clearing* deletes, to its end or to what stops it."""
    done: list[Done] = []
    try:
        for each in clearing:
            done.append(each)
    except DriverError as error:
        return Result(found, done, str(error))
    return Result(found, done, "")


def _shown(finding: Finding, done: Done | None) -> dict[str, Any]:
    """*since* in seconds since 1970, 0 for unknown; *outcome* is "" where nothing was tried, and *said* tells why."""
    outcome, said = ("", "") if done is None else _outcome(done)
    return {
        "class": finding.kind.value,
        "volume": finding.volume,
        "part": finding.part,
        "size_kib": finding.size_kib,
        "since": finding.since,
        "why": finding.why,
        "kept": finding.kept,
        "linstor": finding.linstor,
        "outcome": outcome,
        "said": said,
    }


def _outcome(done: Done) -> tuple[str, str]:
    if done.error:
        return "failed", done.error
    return ("left", done.left) if done.left else ("deleted", "")
