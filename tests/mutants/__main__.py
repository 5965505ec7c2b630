"""`python -m tests.mutants [WORD]`: take each guard out of a copy of the tree, run the fast tests, write the list.

With WORD only the mutants whose description or path has it; then nothing is written.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.mutants.guards import MUTANTS, RULES, Mutant

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "mutants.md"
STAGES = (
    ("tests/unit/domain", "tests/unit/defects", "tests/properties/test_shared_images.py"),
    ("tests/unit", "tests/contract"),
    ("features",),
    ("tests/fuzz",),
    ("tests/properties",),
)
"""Sets of tests, those that take longest last."""
LIMIT = 600
AT_ONCE = 2
SURVIVED = "**nothing**"
HUNG = f"no end within {LIMIT} seconds"
BY_HAND = "## What no test notices"
"""From there on the page is written by people."""


class TestsDoNotRun(Exception):
    """pytest ended without saying which test failed: that proves nothing."""


@contextmanager
def changed_copy(mutant: Mutant) -> Iterator[Path]:
    """A copy of the tree without the guard."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as base:
        tree = Path(base, "tree")
        skipped = shutil.ignore_patterns(".git", ".venv", ".tox", ".*_cache", "__pycache__", "build", "dist")
        shutil.copytree(ROOT, tree, ignore=skipped)
        path = tree / "src" / mutant.path
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        yield tree


def catcher(mutant: Mutant) -> str:
    """The first test that fails without the guard, as `file::test`; SURVIVED when none does."""
    with changed_copy(mutant) as tree:
        found = (_caught(tree, stage) for stage in (_nearest(tree, mutant), *STAGES) if stage)
        return next(filter(None, found), SURVIVED)


def _nearest(tree: Path, mutant: Mutant) -> tuple[str, ...]:
    """The files of fast tests that name the module."""
    module = mutant.path.removesuffix(".py").replace("/", ".")
    package, _, name = module.rpartition(".")
    imports = (f"from {module} import ", f"from {package} import {name}\n")
    files = sorted(path for each in ("unit", "contract") for path in (tree / "tests" / each).rglob("test_*.py"))
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    return tuple(str(path.relative_to(tree)) for path, text in texts.items() if any(each in text for each in imports))


def _caught(tree: Path, stage: Sequence[str]) -> str:
    """The first test of *stage* that fails twice without the guard and passes with it, "" for none."""
    unsteady: list[str] = []
    while True:
        failed = _failed(tree, *(f"--deselect={each}" for each in unsteady), *stage)
        if failed in ("", HUNG) or (_failed(tree, failed) and not _failed(ROOT, failed)):
            return failed
        unsteady.append(failed)


def _failed(tree: Path, *words: str) -> str:
    """The first test that fails, "" for none. Raises TestsDoNotRun."""
    argv = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run([*argv, *words], cwd=tree, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return HUNG
    if done.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+::.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if failed is None:
        raise TestsDoNotRun(f"pytest {' '.join(words)} ended with {done.returncode}: {done.stdout[-2000:]}")
    return failed[1]


def _row(mutant: Mutant, caught: str) -> str:
    name = caught.split("[")[0]
    test = caught if caught == SURVIVED else f"`{name.split('::')[-1]}` in {name.split('::')[0]}"
    return f"| {mutant.what} | {mutant.path} | {test} |"


def _page(found: Sequence[tuple[Mutant, str]]) -> str:
    lines = [
        "# Guards taken out",
        "",
        "For each safety rule its guards are taken out of the code, one at a time; a test has to fail. `make mutants`",
        "does it again and writes this page; the guards are in `tests/mutants/`. Named is the first test that fails",
        "without the guard and passes with it.",
    ]
    for rule, name in RULES.items():
        lines += [
            "",
            f"## {rule}. {name}",
            "",
            "| without the guard | taken out of src/ | what fails |",
            "|---|---|---|",
        ]
        lines += [_row(mutant, caught) for mutant, caught in found if mutant.rule == rule]
    return "\n".join([*lines, "", _by_hand()])


def _by_hand() -> str:
    """The end of the page as it is."""
    _, heading, after = LIST.read_text(encoding="utf-8").partition(BY_HAND)
    return heading + after


def main(words: Sequence[str]) -> int:
    """0 when every mutant is caught."""
    chosen = [each for each in MUTANTS if not words or words[0] in each.what or words[0] in each.path]
    found: list[tuple[Mutant, str]] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for mutant, caught in zip(chosen, pool.map(catcher, chosen), strict=True):
            found.append((mutant, caught))
            print(f"rule {mutant.rule}: {mutant.what}: {caught}", flush=True)
    if not words:
        LIST.write_text(_page(found), encoding="utf-8")
    return 1 if any(caught == SURVIVED for _, caught in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
