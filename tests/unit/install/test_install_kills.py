"""An installation, an upgrade or a removal that is killed between any two of its effects can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.install.memory_files import MemoryFiles
from tests.unit.install.trees import Tree

from entrypoints.onelinstor.install import addon, planning
from entrypoints.onelinstor.install import journal as journals
from entrypoints.onelinstor.install.applying import Applying
from entrypoints.onelinstor.install.entries import Directory, File
from entrypoints.onelinstor.install.files import Files
from entrypoints.onelinstor.install.front_end import FrontEnd, find
from entrypoints.onelinstor.install.planning import configuration, launcher_changes
from entrypoints.onelinstor.install.restoring import Restoring

ACTIONS = {"tm": ("clone", "ln", "mv"), "datastore": ("cp", "later")}
"""Fewer than there are: every kind of step, less often. One is a link in the addon, one it has not."""
OLD, NEW = "#!/opt/one/1/bin/python -IS\n", "#!/opt/one/2/bin/python -IS\n"
MANY = 10_000


class Killed(BaseException):
    """What a signal does: nothing of the program runs any more."""


class Dying:
    """A file system whose program dies at its *at*-th effect, the effect *done* or not."""

    def __init__(self, files: Files, at: int, done: bool) -> None:
        self._files, self._left, self._done = files, at, done

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._files, name)
        if name in ("look", "names"):
            return method

        def effect(*arguments: object) -> object:
            self._left -= 1
            if self._left == 0:
                if name == "remove_tree":
                    _remove_half(self._files, *arguments)
                elif self._done:
                    method(*arguments)
                raise Killed
            if self._left < 0:
                raise Killed
            return method(*arguments)

        return effect


def _remove_half(files: Files, tree: Path) -> None:
    """This one effect is many for the kernel."""
    for path in list(_leaves(files, tree))[1::2]:
        files.remove(path)


def _leaves(files: Files, tree: Path) -> Iterator[Path]:
    for path in (tree / name for name in files.names(tree)):
        if isinstance(files.look(path), Directory):
            yield from _leaves(files, path)
        else:
            yield path


Act = Callable[[Files, FrontEnd], None]


def _install(files: Files, front: FrontEnd, launcher: str = OLD) -> None:
    changes = [*launcher_changes(files, front, launcher), *configuration(files, front).changes]
    journal = journals.read(files, front.state) or journals.Journal()
    Applying(files, front.state, front.meta(0)).apply(changes, journal)


def _upgrade(files: Files, front: FrontEnd) -> None:
    _install(files, front, NEW)


def _uninstall(files: Files, front: FrontEnd) -> None:
    restoring = Restoring(Applying(files, front.state, front.meta(0)))
    journal = journals.read(files, front.state)
    if journal is None:
        restoring.forget()
        return
    restoring.restore(journal)
    assert restoring.left == []


def _killed_everywhere(act: Act, files: Files, front: FrontEnd) -> Iterator[int]:
    """Kill *act* before and after each of its effects in turn; the caller brings the tree back in between."""
    for at in range(2, MANY):
        try:
            act(Dying(files, at // 2, done=at % 2 == 1), front)  # type: ignore[arg-type]
        except Killed:
            yield at
        else:
            return


@pytest.fixture(params=["directories", "links"])
def addon_tree(request: pytest.FixtureRequest, addon_tree: Tree) -> Tree:
    """An addon in its place, or a checkout of it that a link leads to."""
    if request.param == "links":
        for kind in ACTIONS:
            checkout = addon_tree.root / "opt" / kind
            checkout.parent.mkdir(exist_ok=True)
            addon_tree.driver(kind).rename(checkout)
            addon_tree.driver(kind).symlink_to(checkout)
    return addon_tree


@pytest.fixture
def front(addon_tree: Tree) -> FrontEnd:
    return find(addon_tree.environment, addon_tree.root)


@pytest.fixture
def files(addon_tree: Tree) -> MemoryFiles:
    """The tree in memory: the installer meets the same there (tests/contract/test_files_contract.py)."""
    return MemoryFiles.of(addon_tree.root)


@pytest.fixture(autouse=True)
def _few_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (addon, planning):
        monkeypatch.setattr(module, "ACTIONS", ACTIONS)


def _whole(files: Files, front: FrontEnd, *texts: str) -> bool:
    """Whether every launcher has one of *texts*."""
    found = [files.look(front.remotes / kind / "linstor" / name) for kind in ACTIONS for name in ACTIONS[kind]]
    return all(isinstance(each, File) and each.content.decode() in texts for each in found)


def test_a_killed_installation_is_undone(files: MemoryFiles, front: FrontEnd) -> None:
    """Whatever it had done, the addon is there again as before."""
    before = files.listing()
    kills = 0
    for at in _killed_everywhere(_install, files, front):
        _uninstall(files, front)
        assert files.listing() == before, at
        kills += 1

    assert kills > 4 * sum(map(len, ACTIONS.values()))


def test_a_killed_installation_is_finished_by_the_next(files: MemoryFiles, front: FrontEnd) -> None:
    """And that is undone as if there had been one only."""
    before = files.listing()
    for at in _killed_everywhere(_install, files, front):
        _install(files, front)
        assert _whole(files, front, OLD), at
        _uninstall(files, front)
        assert files.listing() == before, at


def test_a_launcher_is_never_half_written(files: MemoryFiles, front: FrontEnd) -> None:
    """While it is upgraded oned finds the old or the new one, never none and never a part of one."""
    _install(files, front)
    for at in _killed_everywhere(_upgrade, files, front):
        assert _whole(files, front, OLD, NEW), at
        _install(files, front)


def test_a_killed_upgrade_is_undone(files: MemoryFiles, front: FrontEnd) -> None:
    """Back to what was there before the first installation, not to the release before."""
    before = files.listing()
    _install(files, front)
    for at in _killed_everywhere(_upgrade, files, front):
        _uninstall(files, front)
        assert files.listing() == before, at
        _install(files, front)


def test_a_killed_removal_is_finished_by_the_next(files: MemoryFiles, front: FrontEnd) -> None:
    """What is back already stays."""
    before = files.listing()
    _install(files, front)
    for at in _killed_everywhere(_uninstall, files, front):
        _uninstall(files, front)
        assert files.listing() == before, at
        _install(files, front)


def test_a_killed_removal_can_be_followed_by_an_installation(
    addon_tree: Tree, files: MemoryFiles, front: FrontEnd
) -> None:
    """Nothing of the addon is taken for something that somebody changed."""
    before = files.listing()
    _install(files, front)
    for at in _killed_everywhere(_uninstall, files, front):
        _install(files, front)
        assert files.look(front.state / "kept") is None, at
        _uninstall(files, front)
        assert files.listing() == before, at
        _install(files, front)
