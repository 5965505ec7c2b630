"""The commands in the documents do what the documents say: they are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.documents.blocks import PAGES, ROOT, Block, blocks

from entrypoints.onelinstor.main import COMMANDS
from entrypoints.sandbox.shell import environment, furnish
from entrypoints.sandbox.world import Sandbox

ALL = list(blocks())
NOT_RUN = 14
"""More than so many are not to be had without a word about it here."""


def _run(block: Block, directory: Path, surroundings: dict[str, str]) -> None:
    """Run the lines of *block* as a person would, and stop at the first that fails."""
    path = f"{Path(sys.executable).parent}:{surroundings['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=directory,
        env={**surroundings, "PATH": path, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{block}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.e2e
@pytest.mark.parametrize("block", [each for each in ALL if each.mark == "run"], ids=str)
def test_what_needs_no_cloud_succeeds(block: Block, tmp_path: Path) -> None:
    """In a directory that has the recordings of the checkout and nothing else."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")

    _run(block, tmp_path, dict(os.environ))


@pytest.mark.e2e
@pytest.mark.parametrize("block", [each for each in ALL if each.mark == "run: sandbox"], ids=str)
def test_what_needs_a_cloud_succeeds_in_a_sandbox(block: Block, tmp_path: Path) -> None:
    """With a VM that runs, as `onelinstor sandbox shell` has it."""
    with Sandbox() as sandbox:
        furnish(sandbox)
        _run(block, tmp_path, environment(sandbox))


def test_every_block_says_how_it_is_tested() -> None:
    """Run, run in a sandbox, or not run with a reason."""
    assert [str(each) for each in ALL if each.mark not in ("run", "run: sandbox") and not each.reason] == []


def test_few_blocks_are_not_run() -> None:
    """Each needs what no test has: oned's or LINSTOR's own client, a kernel with DRBD, or the tests themselves."""
    assert len([each for each in ALL if each.reason]) <= NOT_RUN


def test_no_command_hides_outside_of_a_block() -> None:
    """Indented text is for what oned or LINSTOR read."""
    lines = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in PAGES
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"    (onelinstor|linstor|one[a-z]+|drbd[a-z]+|make|\./format\.sh) ", line)
    ]
    assert lines == []


def test_the_documents_name_no_command_that_there_is_not() -> None:
    """A command that was renamed is found out."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    named = set(re.findall(r"(?:`|^)onelinstor ([a-z]+)", text, re.MULTILINE))

    assert named - set(COMMANDS) == set()
