"""Processes of a host of a sandbox, found in /proc: those below its sshd, and commands that outlived their session."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PATIENCE = 10.0


def below(ancestors: set[int]) -> set[int]:
    """*ancestors* and all that they started and that has not been handed to init."""
    found, parents = set(ancestors), dict(_parents())
    while more := {process for process, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def of_host(root: Path, host: str) -> set[int]:
    """What runs on *host* of the sandbox at *root*: its environment says so, whoever its parent is now."""
    marked = f"SANDBOX_HOST={host}".encode()
    return {process for process, entries in _environments() if marked in entries and _within(root, entries)}


def of_sandbox(root: Path) -> set[int]:
    """What runs on any host of the sandbox at *root*, its front-end among them."""
    return {process for process, entries in _environments() if _within(root, entries)}


def _within(root: Path, entries: list[bytes]) -> bool:
    return any(entry.startswith(b"PATH=") and os.fsencode(root) + b"/" in entry for entry in entries)


def end(root: Path, host: str, servers: set[int]) -> None:
    """Kill *servers* and all that runs on *host*. Raises TimeoutError when something does not go."""
    until = time.monotonic() + PATIENCE
    while left := {each for each in below(servers) | of_host(root, host) if lives(each)}:
        if time.monotonic() > until:
            raise TimeoutError(f"processes of {host} do not end: {sorted(left)}")
        tell(left, signal.SIGKILL)
        time.sleep(0.02)


def tell(processes: set[int], number: signal.Signals) -> None:
    """Send a signal to each; one that has ended is fine."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def _numbers() -> Iterator[int]:
    return (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())


def _fields(process: int) -> list[str]:
    """State, parent and more of what /proc/N/stat says after the name; [] when the process is gone."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return []


def lives(process: int) -> bool:
    """Whether it still runs; one that only waits to be noticed by its parent does not."""
    fields = _fields(process)
    return bool(fields) and fields[0] != "Z"


def _parents() -> Iterator[tuple[int, int]]:
    for process in _numbers():
        if fields := _fields(process):
            yield process, int(fields[1])


def _environments() -> Iterator[tuple[int, list[bytes]]]:
    for process in _numbers():
        with suppress(OSError):
            yield process, Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
