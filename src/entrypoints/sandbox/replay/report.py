"""What a replay found, for people: one line for each finding, and the totals."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console

from entrypoints.sandbox.progress import Begin
from entrypoints.sandbox.replay.recording import Call


def _nobody_watches(_name: str) -> None:
    pass


@dataclass
class Report:
    """Collects findings; those of operations that only prepare others are counted and not shown."""

    out: Console
    begun: Begin = _nobody_watches
    findings: int = 0
    operations: int = 0
    prepared: int = 0
    calls: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    _name: str = ""
    _shown: bool = True

    def begin(self, name: str, *, shown: bool) -> None:
        """An operation begins."""
        self.begun(name)
        self._name, self._shown = name, shown
        if shown:
            self.operations += 1
        else:
            self.prepared += 1

    def call(self, call: Call, what: str) -> None:
        """Something about one call."""
        self._line(f"{call}  {what}")

    def end(self, what: str) -> None:
        """Something that was seen at the end of the operation."""
        self._line(f"end  {what}")

    def leave_out(self, why: str, count: int = 1) -> None:
        """Calls that were not played, and why."""
        self.left_out[why] = self.left_out.get(why, 0) + count

    def _line(self, text: str) -> None:
        if self._shown:
            self.findings += 1
            self._print(f"{self._name}  {text}")

    def totals(self, seconds: float) -> None:
        """The last lines."""
        for why, count in sorted(self.left_out.items()):
            self._print(f"not played: {count} calls, {why}")
        prepared = f", {self.prepared} more put in place" if self.prepared else ""
        self._print(
            f"{self.operations} operations{prepared}, {self.calls} calls in {seconds:.0f} s: {self.findings} findings"
        )

    def _print(self, line: str) -> None:
        """As it is: neither wrapped nor coloured."""
        self.out.print(line, markup=False, highlight=False, soft_wrap=True)
