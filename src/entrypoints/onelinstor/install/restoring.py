"""Everything back as the journal says it was. May be killed and run again: what is back already stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from entrypoints.onelinstor.install import journal as journals
from entrypoints.onelinstor.install.applying import Applying, beside, put
from entrypoints.onelinstor.install.entries import Change, Directory, Entry, File, Link, Problem, fingerprint
from entrypoints.onelinstor.install.files import Files
from entrypoints.onelinstor.install.journal import Edited, Journal, Owned
from entrypoints.onelinstor.install.registration import DRIVER
from entrypoints.onelinstor.install.undoing_edits import undone


@dataclass
class Restoring:
    """One removal. *left* are sentences about what could not be given back."""

    applying: Applying
    left: list[str] = field(default_factory=list)

    @property
    def _files(self) -> Files:
        return self.applying.files

    @property
    def _state(self) -> Path:
        return self.applying.state

    def changes(self, journal: Journal) -> list[Change]:
        """What `restore` would change, for a person to read."""
        found = [self._change(Path(each.path), self._before(each)) for each in self._reached(journal)]
        for path in dict.fromkeys(each.path for each in journal.edited):
            after = self._unedited(Path(path), [each for each in journal.edited if each.path == path])
            found.append(self._change(Path(path), after))
        return [each for each in found if each.before != each.after]

    def restore(self, journal: Journal) -> None:
        """Do it: first our own files, then the edits, then the journal and what it needs, then the environments."""
        homes = {str(Path(each).parent) for each in journal.environments}
        for owned in self._reached(journal):
            if owned.path not in homes:
                self._restore_owned(owned)
        for path in dict.fromkeys(each.path for each in journal.edited):
            self._restore_edited(Path(path), [each for each in journal.edited if each.path == path])
        self.forget()
        # last, because this program may run in one of them
        for environment in journal.environments:
            self._files.remove_tree(Path(environment))
        for owned in reversed(journal.owned):
            if owned.path in homes:
                self._restore_owned(owned)

    def forget(self) -> None:
        """Remove the journal, and then what it needed; what was kept aside stays."""
        self._files.remove(self._state / journals.NAME)
        kept = "kept" in self._files.names(self._state)
        if kept:
            self.left.append(f"{self._state / 'kept'} has files that somebody had changed; look at them and remove it")
        self._files.remove_tree(self._state / "saved" if kept else self._state)

    def _reached(self, journal: Journal) -> list[Owned]:
        """What is ours, the last first; not what lies behind a link that stands there still or again.

        A killed run leaves it so, and whatever the link leads to belongs to somebody else.
        """
        return [
            each for each in reversed(journal.owned) if not self._behind_link(journal.about(Path(each.path).parent))
        ]

    def _behind_link(self, above: Owned | None) -> bool:
        return above is not None and isinstance(self._files.look(Path(above.path)), Link)

    def _change(self, path: Path, after: Entry | None) -> Change:
        return Change(path, self._files.look(path), after)

    def _before(self, owned: Owned) -> Entry | None:
        """What stood there. Raises Problem where the copy is gone: nothing may be removed in its place."""
        if owned.before == "absent":
            return None
        if owned.meta is not None:
            return Directory(owned.meta)
        copy = journals.saved(self._state, Path(owned.path))
        found = self._files.look(copy)
        if found is None:
            raise Problem(f"{copy} is gone, so {owned.path} cannot be given back; remove it from the journal to go on")
        return found

    def _restore_owned(self, owned: Owned) -> None:
        path = Path(owned.path)
        now = self._files.look(path)
        self._files.remove(beside(path))
        if isinstance(now, Directory) and owned.meta is None and self._files.names(path):
            self.left.append(f"{path} has files that are not of this driver; they and the directory stay")
            return
        if fingerprint(now) not in (owned.before, "absent", *owned.written):
            self.applying.keep(path)
        before = self._before(owned)
        if before is None or isinstance(before, Directory):
            put(self._files, path, before)
        elif now != before:
            self._take_back(journals.saved(self._state, path), path, now)

    def _take_back(self, source: Path, path: Path, now: Entry | None) -> None:
        """Copied and not written, because a copy has the old times, too."""
        if isinstance(now, Directory):
            self._files.remove_directory(path)
        self._files.copy(source, beside(path))
        self._files.rename(beside(path), path)

    def _restore_edited(self, path: Path, edits: Sequence[Edited]) -> None:
        self._files.remove(beside(path))
        now, after = self._files.look(path), self._unedited(path, edits)
        if not isinstance(now, File) or not isinstance(after, File):
            return
        first = self._files.look(Path(edits[0].before))
        if isinstance(first, File) and after.content == first.content:
            self._take_back(Path(edits[0].before), path, now)
        else:
            if isinstance(first, File) and _mentions(after.content) > _mentions(first.content):
                self.applying.keep(path, Path(edits[0].before))
            put(self._files, path, after)

    def _unedited(self, path: Path, edits: Sequence[Edited]) -> Entry | None:
        """The file without our edits; with those that somebody has written over."""
        now = self._files.look(path)
        if not isinstance(now, File):
            return now
        content, first = now.content, self._files.look(Path(edits[0].before))
        if isinstance(first, File) and content == first.content:
            return now
        for each in reversed(edits):
            before, after = (self._files.look(Path(name)) for name in (each.before, each.after))
            if isinstance(before, File) and isinstance(after, File):
                content = undone(before.content, after.content, content)
        if isinstance(first, File) and _mentions(content) > _mentions(first.content):
            self.left.append(f"{path} was changed since, and has lines about {DRIVER} that it had not before; look")
        return File(content, now.meta)


def _mentions(content: bytes) -> int:
    """The lines about this driver."""
    return sum(DRIVER.encode() in line for line in content.lower().splitlines())
