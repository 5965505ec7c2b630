"""How many programs an executable starts on the front-end, counted by strace; without strace nothing is counted."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from entrypoints.sandbox.world import Completed, Sandbox

_STARTED = re.compile(r'execve\("([^"]+)"')
_RESUMED = re.compile(r"<\.\.\. execve resumed>.*= 0$")
_FORKED = re.compile(r"(?:\bv?fork|\bclone3?)(?:\(| resumed>).*= (\d+)$")
_TRACED = "execve,fork,vfork,clone,clone3"


class Traced(Sandbox):
    """A cloud whose executables run under strace; *programs* has one number for each that ran."""

    def __init__(self, *, hosts: Sequence[str]) -> None:
        super().__init__(hosts=hosts)
        self.programs: list[int] = []
        self._trace = self.root / "trace"
        self._wrapper = self.root / "traced"
        self._ssh = str(self.root / "bin" / "ssh")

    def script(self, kind: str, driver: str, action: str) -> Path:
        """A wrapper that starts the executable under strace."""
        real, log = shlex.quote(str(super().script(kind, driver, action))), shlex.quote(str(self._trace))
        strace = shutil.which("strace") or "strace"
        text = f'#!/bin/sh\nexec {strace} -f -qq -s 4096 -e signal=none -e trace={_TRACED} -o {log} {real} "$@"\n'
        self._wrapper.write_text(text, encoding="utf-8")
        self._wrapper.chmod(0o755)
        return self._wrapper

    def noted(self, call: Completed) -> Completed:
        """Count what its trace tells."""
        self.programs.append(started(self._trace.read_text(encoding="utf-8", errors="replace"), self._ssh))
        return call


def started(trace: str, ssh: str) -> int:
    """Successful starts in a trace; what runs behind *ssh* runs on a host and does not count, *ssh* itself does."""
    parents: dict[str, str] = {}
    starts: list[tuple[str, str]] = []
    tried: dict[str, str] = {}
    for line in trace.splitlines():
        process, _, told = line.partition(" ")
        told = told.strip()
        if match := _STARTED.match(told):
            tried[process] = match[1]
        if tried.get(process) and (_RESUMED.match(told) or (_STARTED.match(told) and told.endswith("= 0"))):
            starts.append((process, tried.pop(process)))
        if match := _FORKED.search(told):
            parents[match[1]] = process
    return _on_front_end(starts, parents, ssh)


def _on_front_end(starts: Sequence[tuple[str, str]], parents: Mapping[str, str], ssh: str) -> int:
    beyond: set[str] = set()
    count = 0
    for process, program in starts:
        count += not _below(process, parents, beyond)
        if program == ssh:
            beyond.add(process)
    return count


def _below(process: str, parents: Mapping[str, str], beyond: set[str]) -> bool:
    """Whether *process* or one that it descends from has become ssh."""
    while process not in beyond:
        if process not in parents:
            return False
        process = parents[process]
    return True
