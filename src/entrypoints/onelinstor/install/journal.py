"""What was there before, written down before anything is changed.

`<var>/onelinstor/journal.json` names every path that was or will be changed; `saved/` beside it has the files and
links that stood there. `kept/` has what somebody else had put over ours. An installation that was killed is undone by
the same journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from entrypoints.onelinstor.install.entries import Directory, Entry, Meta, Problem
from entrypoints.onelinstor.install.files import Files

NAME = "journal.json"
FORMAT = 1


@dataclass
class Owned:
    """A path that is ours alone. *before* is the fingerprint of what stood there, *written* those of what we put."""

    path: str
    before: str
    meta: Meta | None
    written: list[str] = field(default_factory=list)


@dataclass
class Edited:
    """One edit of a file that others write, too: names below the state directory of the text before and after."""

    path: str
    before: str
    after: str


@dataclass
class Journal:
    """All of it, in the order in which it was done. *environments* are virtual environments that were made."""

    owned: list[Owned] = field(default_factory=list)
    edited: list[Edited] = field(default_factory=list)
    environments: list[str] = field(default_factory=list)

    def about(self, path: Path) -> Owned | None:
        """What is known of a path."""
        return next((each for each in self.owned if each.path == str(path)), None)

    def text(self) -> str:
        """The journal as a file."""
        return json.dumps(
            {
                "format": FORMAT,
                "owned": [{**vars(each), "meta": vars(each.meta) if each.meta else None} for each in self.owned],
                "edited": [vars(each) for each in self.edited],
                "environments": self.environments,
            },
            indent=1,
        )


def read(files: Files, state: Path) -> Journal | None:
    """The journal below *state*; None where nothing is installed. Raises Problem for one of a later version."""
    entry = files.look(state / NAME)
    if entry is None:
        return None
    try:
        data = json.loads(getattr(entry, "content", b""))
        if data["format"] != FORMAT:
            raise Problem(f"{state / NAME} was written by a newer onelinstor; use that one")
        return Journal(
            [_owned(each) for each in data["owned"]], [Edited(**each) for each in data["edited"]], data["environments"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Problem(
            f"{state / NAME} cannot be read ({error}); what was there before is in {state / 'saved'}"
        ) from None


def _owned(data: dict[str, Any]) -> Owned:
    meta = Meta(**data["meta"]) if data["meta"] else None
    return Owned(data["path"], data["before"], meta, list(data["written"]))


def write(files: Files, state: Path, journal: Journal, meta: Meta) -> None:
    """Put the journal in its place in one step."""
    new = state / f".{NAME}"
    files.write(new, journal.text().encode(), meta)
    files.rename(new, state / NAME)


def saved(state: Path, path: Path) -> Path:
    """Where the file that stood at *path* is kept."""
    return state / "saved" / str(path).lstrip("/")


def meta_of(entry: Entry | None) -> Meta | None:
    """Mode and owner of a directory, which has no file to keep them."""
    return entry.meta if isinstance(entry, Directory) else None


def parents(state: Path, path: Path) -> Iterable[Path]:
    """The directories from *state* down to the one that holds *path*, *state* first."""
    below = path.parent.relative_to(state).parts
    return [state.joinpath(*below[:count]) for count in range(len(below) + 1)]
