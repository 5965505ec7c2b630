"""Front-ends of several kinds, and the commands as an administrator gives them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.install.trees import Tree, make

from entrypoints.onelinstor.main import main

KINDS = {
    "5.8": ("5.8.5", False, False),
    "6.8": ("6.8.0", False, False),
    "7.4": ("7.4.0", False, False),
    "self-contained": ("7.4.0", True, False),
    "5.8-addon": ("5.8.5", False, True),
    "6.8-addon": ("6.8.0", False, True),
    "self-contained-addon": ("6.8.0", True, True),
}
"""Name -> version, whether ONE_LOCATION names it, whether an addon 3.x is there."""


@pytest.fixture(params=KINDS)
def tree(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    return _entered(KINDS[request.param], tmp_path / "one", monkeypatch)


@pytest.fixture
def addon_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    return _entered(KINDS["6.8-addon"], tmp_path / "one", monkeypatch)


@pytest.fixture
def plain_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    return _entered(KINDS["7.4"], tmp_path / "one", monkeypatch)


@pytest.fixture
def self_contained_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    return _entered(KINDS["self-contained"], tmp_path / "one", monkeypatch)


def _entered(kind: tuple[str, bool, bool], root: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    version, self_contained, addon = kind
    made = make(root, version, self_contained=self_contained, addon=addon)
    monkeypatch.delenv("ONE_LOCATION", raising=False)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    # nothing answers there, so no oned of the machine is asked
    monkeypatch.setenv("ONE_XMLRPC", "http://127.0.0.1:9/RPC2")
    return made


@pytest.fixture
def install() -> Callable[..., int]:
    return lambda tree, *words: main(["install", *tree.option, "--in-place", *words])


@pytest.fixture
def uninstall() -> Callable[..., int]:
    return lambda tree, *words: main(["uninstall", *tree.option, *words])
