"""An installation, an upgrade or a removal that is killed between any two of its effects can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.install.trees import Tree, listing

from entrypoints.onelinstor.install import addon, planning
from entrypoints.onelinstor.install import journal as journals
from entrypoints.onelinstor.install.applying import Applying
from entrypoints.onelinstor.install.files import DiskFiles, Files
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

    def __init__(self, at: int, done: bool) -> None:
        self._files, self._left, self._done = DiskFiles(), at, done

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._files, name)
        if name in ("look", "names"):
            return method

        def effect(*arguments: object) -> object:
            self._left -= 1
            if self._left == 0:
                if name == "remove_tree":
                    _remove_half(*arguments)
                elif self._done:
                    method(*arguments)
                raise Killed
            if self._left < 0:
                raise Killed
            return method(*arguments)

        return effect


def _remove_half(tree: Path) -> None:
    """This one effect is many for the kernel."""
    files = sorted(path for path in tree.rglob("*") if not path.is_dir() or path.is_symlink())
    for path in files[1::2]:
        path.unlink()


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


def _killed_everywhere(act: Act, front: FrontEnd) -> Iterator[int]:
    """Kill *act* before and after each of its effects in turn; the caller brings the tree back in between."""
    for at in range(2, MANY):
        try:
            act(Dying(at // 2, done=at % 2 == 1), front)  # type: ignore[arg-type]
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


@pytest.fixture(autouse=True)
def _no_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine does not go down here, only the program does."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture(autouse=True)
def _few_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (addon, planning):
        monkeypatch.setattr(module, "ACTIONS", ACTIONS)


def _whole(path: Path, *texts: str) -> bool:
    return path.read_text() in texts


def test_a_killed_installation_is_undone(addon_tree: Tree, front: FrontEnd) -> None:
    """Whatever it had done, the addon is there again as before."""
    before = listing(addon_tree.root)
    kills = 0
    for at in _killed_everywhere(_install, front):
        _uninstall(DiskFiles(), front)
        assert listing(addon_tree.root) == before, at
        kills += 1

    assert kills > 4 * sum(map(len, ACTIONS.values()))


def test_a_killed_installation_is_finished_by_the_next(addon_tree: Tree, front: FrontEnd) -> None:
    """And that is undone as if there had been one only."""
    before = listing(addon_tree.root)
    for at in _killed_everywhere(_install, front):
        _install(DiskFiles(), front)
        assert all(_whole(addon_tree.driver(kind) / name, OLD) for kind in ACTIONS for name in ACTIONS[kind]), at
        _uninstall(DiskFiles(), front)
        assert listing(addon_tree.root) == before, at


def test_a_launcher_is_never_half_written(addon_tree: Tree, front: FrontEnd) -> None:
    """While it is upgraded oned finds the old or the new one, never none and never a part of one."""
    _install(DiskFiles(), front)
    for at in _killed_everywhere(_upgrade, front):
        assert all(_whole(addon_tree.driver(kind) / name, OLD, NEW) for kind in ACTIONS for name in ACTIONS[kind]), at
        _install(DiskFiles(), front)


def test_a_killed_upgrade_is_undone(addon_tree: Tree, front: FrontEnd) -> None:
    """Back to what was there before the first installation, not to the release before."""
    before = listing(addon_tree.root)
    _install(DiskFiles(), front)
    for at in _killed_everywhere(_upgrade, front):
        _uninstall(DiskFiles(), front)
        assert listing(addon_tree.root) == before, at
        _install(DiskFiles(), front)


def test_a_killed_removal_is_finished_by_the_next(addon_tree: Tree, front: FrontEnd) -> None:
    """What is back already stays."""
    before = listing(addon_tree.root)
    _install(DiskFiles(), front)
    for at in _killed_everywhere(_uninstall, front):
        _uninstall(DiskFiles(), front)
        assert listing(addon_tree.root) == before, at
        _install(DiskFiles(), front)


def test_a_killed_removal_can_be_followed_by_an_installation(addon_tree: Tree, front: FrontEnd) -> None:
    """Nothing of the addon is taken for something that somebody changed."""
    before = listing(addon_tree.root)
    _install(DiskFiles(), front)
    for at in _killed_everywhere(_uninstall, front):
        _install(DiskFiles(), front)
        assert not (front.state / "kept").exists(), at
        _uninstall(DiskFiles(), front)
        assert listing(addon_tree.root) == before, at
        _install(DiskFiles(), front)
