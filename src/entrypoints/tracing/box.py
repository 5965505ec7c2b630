"""The directory of traces: on or off, bounded in number, age and size.

`on` is a file with the limits; `calls/` has one file for each order, and a journal of each that has not ended. The
directory has the form of a recording, so that `onelinstor sandbox replay` plays it.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from entrypoints.tracing import journal
from entrypoints.tracing.journal import BULK, LARGEST, Journal
from entrypoints.tracing.secrets import Secrets

_NAME = re.compile(r"\d+-.*-[0-9a-f]{6}\.(json|journal|part|new)")


@dataclass(frozen=True)
class Bounds:
    """What is kept: the youngest *orders*, none older than *days*, together at most *mib*."""

    orders: int = 1000
    days: float = 7.0
    mib: int = 100


class Box:
    """The black box below *directory*."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._calls = directory / "calls"
        self._on = directory / "on"

    def switch_on(self, bounds: Bounds) -> None:
        """Every order that begins from now on leaves a trace. Raises OSError."""
        self._calls.mkdir(parents=True, exist_ok=True)
        new = self._on.with_name(f".on.{os.getpid()}")
        new.write_text(json.dumps(asdict(bounds)), encoding="utf-8")
        for path in (self.directory, self._calls, new):
            _only_for_its_owner(path, self.directory.parent)
        new.replace(self._on)

    def switch_off(self) -> None:
        """No more traces; those that are there stay. Raises OSError."""
        self._on.unlink(missing_ok=True)

    def bounds(self) -> Bounds | None:
        """The limits, None while it is off."""
        try:
            return Bounds(**json.loads(self._on.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            return Bounds()

    def begin(self, header: Callable[[], dict[str, Any]], secrets: Secrets) -> Journal:
        """The journal of the order that *header* tells of; the oldest traces go."""
        self._let_go()
        return Journal(self._calls / f"{_name(header())}{journal.ENDING}", header, secrets)

    def keep(self, trace: dict[str, Any]) -> None:
        """Write one trace, and let the oldest go. Raises OSError; nothing half written is left."""
        text = json.dumps(trace, indent=1)
        if len(text) > LARGEST:
            text = json.dumps({**trace, "events": [_without_answer(each) for each in trace["events"]]})
        path = self._calls / f"{_name(trace)}.json"
        new = path.with_suffix(".part")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text[: 2 * LARGEST] if len(text) <= 2 * LARGEST else json.dumps({**trace, "events": []}))
            new.replace(path)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        finally:
            self._let_go()

    def _let_go(self) -> None:
        bounds = self.bounds() or Bounds()
        end = time.time() - bounds.days * 86400
        size = 0
        places: dict[str, int] = {}
        for path in reversed(self._files()):
            place = places.setdefault(path.stem, len(places))
            with suppress(FileNotFoundError):
                found = path.stat()
                size += found.st_size
                over = place >= bounds.orders or size > bounds.mib << 20 or found.st_mtime < end
                if over and not journal.is_running(path.with_suffix(journal.ENDING)):
                    path.unlink()

    def _files(self) -> list[Path]:
        return sorted(path for path in self._calls.glob("*") if _NAME.fullmatch(path.name))

    def paths(self) -> list[Path]:
        """The files of all traces, oldest first; the journal of an order that has not ended is its trace."""
        found = {path.stem: path for path in self._files() if path.suffix in (journal.ENDING, ".json")}
        return sorted(found.values())

    def traces(self) -> Iterator[dict[str, Any]]:
        """All traces that can be read, oldest first; each has its `id`, one without an end says in `ended` why."""
        for path in self.paths():
            with suppress(OSError, ValueError):
                yield journal.read(path) if path.suffix == journal.ENDING else json.loads(path.read_text("utf-8"))


def _name(trace: dict[str, Any]) -> str:
    return f"{trace['seq']}-{trace['kind']}-linstor-{trace['action']}-{trace['id']}"


def _without_answer(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in BULK}


def _only_for_its_owner(path: Path, like: Path) -> None:
    """Where root switches it on: oneadmin's orders must be able to write."""
    path.chmod(0o700 if path.is_dir() else 0o600)
    if os.getuid() == 0:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
