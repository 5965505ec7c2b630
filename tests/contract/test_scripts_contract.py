"""What every implementation of the Scripts port promises."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import pytest

from adapters.memory.scripts import MemoryScripts
from adapters.opennebula.front_end import Installation, OpenNebulaScripts
from domain.errors import ScriptFailed
from domain.ports import Scripts

TEXT = """#!/bin/bash
case $1 in
    fail) echo "first" >&2; echo "the last word" >&2; exit 3 ;;
    *) printf '%s,' "$@"; cat ;;
esac
"""


def _play(argv: tuple[str, ...] | list[str], stdin: bytes) -> str:
    """What the script above does."""
    if argv[0] == "fail":
        raise ScriptFailed("tm/ssh/mv", "the last word")
    return "".join(f"{word}," for word in argv) + stdin.decode()


class World(Protocol):
    """An implementation, and a way to install the script."""

    scripts: Scripts

    def install(self, kind: str, driver: str, action: str) -> None:
        """Install it."""

    def hang(self, kind: str, driver: str, action: str) -> None:
        """Install one that never ends."""


class Memory:
    """The fake."""

    def __init__(self, _: Path) -> None:
        self.scripts = MemoryScripts()

    def install(self, kind: str, driver: str, action: str) -> None:
        """As a function."""
        self.scripts.install(f"{kind}/{driver}/{action}", _play)

    def hang(self, kind: str, driver: str, action: str) -> None:
        """It runs into its limit at once."""
        self.install(kind, driver, action)
        self.scripts.hanging.add(f"{kind}/{driver}/{action}")


class Real:
    """Scripts below a remotes tree."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.scripts = OpenNebulaScripts(Installation(root, root, root, (7, 4, 0)), dict(os.environ))

    def install(self, kind: str, driver: str, action: str) -> None:
        """As a file."""
        self._write(kind, driver, action, TEXT)

    def hang(self, kind: str, driver: str, action: str) -> None:
        """As a file, with a child that outlives it."""
        self._write(kind, driver, action, "#!/bin/bash\nsleep 600 & sleep 600\n")

    def _write(self, kind: str, driver: str, action: str, text: str) -> None:
        path = self._root / "remotes" / kind / driver / action
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)


@pytest.fixture(params=[Memory, Real])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return request.param(tmp_path)


def test_a_script_gets_its_words_and_its_input_as_they_are(world: World) -> None:
    """No shell reads them on the way (defect 60)."""
    world.install("tm", "ssh", "mv")
    argv = ["host:/a b", "$(touch x)", "it's", ""]
    assert world.scripts.run("tm", "ssh", "mv", argv, b"<VM/>\n") == "host:/a b,$(touch x),it's,,<VM/>\n"


def test_a_script_that_fails_is_named_with_its_last_word(world: World) -> None:
    """That is what the user reads."""
    world.install("tm", "ssh", "mv")
    with pytest.raises(ScriptFailed, match=r"tm/ssh/mv.*the last word"):
        world.scripts.run("tm", "ssh", "mv", ["fail"], b"")


def test_a_script_that_hangs_is_given_up(world: World) -> None:
    """With all that it started; the limit is in the sentence."""
    world.hang("tm", "ssh", "context")
    with pytest.raises(ScriptFailed, match=r"tm/ssh/context.*no end after 0\.2 seconds"):
        world.scripts.run("tm", "ssh", "context", [], b"", 0.2)


def test_only_what_is_installed_exists(world: World) -> None:
    """Under exactly that kind, driver and action."""
    world.install("tm", "ssh", "mv")
    assert world.scripts.exists("tm", "ssh", "mv")
    assert not any(
        world.scripts.exists(*other)
        for other in (("tm", "ssh", "ln"), ("tm", "shared", "mv"), ("datastore", "ssh", "mv"))
    )


def test_a_script_that_is_missing_is_an_error(world: World) -> None:
    """It names the script."""
    with pytest.raises(ScriptFailed, match="tm/ssh/mv"):
        world.scripts.run("tm", "ssh", "mv", [], b"")


@pytest.mark.parametrize("word", ["..", "../x", "a/b", "", "-x"])
def test_a_name_that_leads_elsewhere_is_no_script(world: World, word: str) -> None:
    """The driver of a disk is data from outside."""
    assert not world.scripts.exists("tm", word, "mv")
    with pytest.raises(ScriptFailed):
        world.scripts.run("tm", word, "mv", [], b"")
