"""`onelinstor orphans` in a sandbox: what killed orders leave, and what belongs to others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from domain import marks as marking
from domain.names import BACKUP, BASE, REVERT
from entrypoints.onelinstor.words import age, size
from entrypoints.sandbox.torture.kills import run
from entrypoints.sandbox.torture.scenes import SCENES
from entrypoints.sandbox.torture.stage import DATA, OS, VM, Stage
from entrypoints.sandbox.torture.state import State, state
from entrypoints.sandbox.world import Sandbox

pytestmark = pytest.mark.e2e

CLASSES = ("disk", "image", "earlier-life", "half-made", "snapshot", "attachment", "two-writers", "debt")
EVERYTHING = ("--delete", "--older-than", "0", *(word for each in CLASSES for word in ("--yes", each)))
MARKS_OF_LIFE = ("mark image", f"mark {marking.BACKUP}", f"mark {marking.REWRITTEN}")
"""Whose an image is, and what the end of its next VM looks after."""
SEED = 1
KILLED_AFTER = 4
"""Effects: most actions are in the middle of their work then."""
MAIN = "import sys; from entrypoints.onelinstor.main import main; sys.exit(main())"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def orphans(sandbox: Sandbox, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as an administrator does, without a terminal."""
    return command(sandbox, "orphans", *words)


def command(sandbox: Sandbox, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one command of `onelinstor`."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, *words],
        env={**sandbox.environment(), "COLUMNS": "300", "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def delete(sandbox: Sandbox) -> subprocess.CompletedProcess[str]:
    """Delete every class, young or not; oned of a sandbox forgets the last of its numbers, too."""
    return orphans(sandbox, "--trust-oned", *EVERYTHING)


def audit(sandbox: Sandbox, owned: set[int]) -> list[str]:
    """What LINSTOR has besides the images *owned*, each as it is when no VM uses it."""
    names = {f"OpenNebula-Image-{each}" for each in owned}
    return [f"{key}: {text}" for key, text in _linstor(state(sandbox)).items() if not _clean(key, names)]


def _linstor(found: State) -> State:
    """Without the files of the hosts."""
    ours = ("OpenNebula-", BACKUP, BASE, REVERT)
    return {key: text for key, text in found.items() if key.split()[0].startswith(ours)}


def _clean(key: str, names: set[str]) -> bool:
    name, _, rest = key.partition(" ")
    return name in names and (
        rest in ("", "replicas", "content") or rest.startswith("mark snapshot-") or rest in MARKS_OF_LIFE
    )


def _forgotten(stage: Stage) -> None:
    """`onevm recover --delete-db`: oned forgets the VM, and no driver is called for it."""
    if VM in stage.sandbox.guests.guests:
        stage.sandbox.guests.stop(VM)
    stage.sandbox.oned.forget("vm", VM)


@pytest.mark.parametrize("name", [each for each in SCENES if not each.endswith(("monitor", "stat", "context"))])
def test_whatever_a_killed_order_leaves_is_found_and_deleted(sandbox: Sandbox, name: str) -> None:
    """Killed on its way, never retried, and its VM forgotten: then nothing is left but the images."""
    stage = Stage(sandbox)
    stage.furnish(SEED)
    run(sandbox, SCENES[name](stage), KILLED_AFTER)
    _forgotten(stage)
    images = {OS, DATA}
    if name == "datastore/rm":
        sandbox.oned.forget("image", OS)
        images.discard(OS)

    said = delete(sandbox)

    assert audit(sandbox, images) == [], (said.stdout, said.stderr)
    assert said.returncode == 0, (said.stdout, said.stderr)
    assert orphans(sandbox).stdout == "Nothing is left over.\n"


def test_nothing_of_others_is_named_and_a_dead_order_is_left_while_it_is_young(sandbox: Sandbox) -> None:
    """Other names, almost our names, other letters, what oned owns; and without --delete nothing changes."""
    stage = Stage(sandbox)
    stage.furnish(SEED)
    stage.boot()
    foreign = [
        "database",
        "opennebula-image-99",
        "OpenNebula-Image-99-flatten",
        "OpenNebula-Image-099",
        "OpenNebula-99",
    ]
    for name in foreign:
        sandbox.linstor.definitions.spawn("OpenNebula-Second", name, [8192])
    before = state(sandbox)
    assert (orphans(sandbox).stdout, orphans(sandbox).returncode) == ("Nothing is left over.\n", 0)

    sandbox.linstor.definitions.spawn("OpenNebula-Default", "OpenNebula-Image-98", [8192])
    said = orphans(sandbox)
    assert said.returncode == 1
    assert [line.split()[:2] for line in said.stdout.splitlines() if "OpenNebula-" in line] == [
        ["image", "OpenNebula-Image-98"]
    ]
    assert "8 MiB" in said.stdout
    assert "younger than 3600 seconds" in said.stdout
    assert orphans(sandbox, "--delete", "--yes", "image").returncode == 1
    assert "OpenNebula-Image-98" in state(sandbox)

    unasked = orphans(sandbox, "--delete", "--older-than", "0", "--yes", "disk")
    assert (unasked.returncode, "OpenNebula-Image-98" in state(sandbox)) == (1, True)

    said = delete(sandbox)
    assert said.returncode == 0
    assert "image OpenNebula-Image-98: deleted" in said.stdout
    assert state(sandbox) == before
    assert stage.sandbox.guests.lost(VM) == []


def test_programs_read_what_is_there_and_what_became_of_it(sandbox: Sandbox) -> None:
    """One object; only the classes of --yes are deleted, and what is kept says why."""
    Stage(sandbox).furnish(SEED)
    assert json.loads(orphans(sandbox, "--json").stdout)["findings"] == []
    for name in ("OpenNebula-Image-98", "OpenNebula-Volatile-vm97-disk0"):
        sandbox.linstor.definitions.spawn("OpenNebula-Default", name, [8192])

    young = orphans(sandbox, "--json", "--delete", "--yes", "disk")
    told = json.loads(young.stdout)
    assert (young.returncode, told["exit_code"], told["format"], told["stopped"]) == (1, 1, 1, "")
    assert [each["outcome"] for each in told["findings"]] == ["", ""]
    assert all("younger than 3600 seconds" in each["kept"] for each in told["findings"])

    old = orphans(sandbox, "--json", "--trust-oned", "--delete", "--older-than", "0", "--yes", "disk")
    found = {each["class"]: each for each in json.loads(old.stdout)["findings"]}
    assert (old.returncode, found["disk"]["outcome"], found["image"]["outcome"]) == (1, "deleted", "")
    assert (found["image"]["volume"], found["image"]["size_kib"]) == ("OpenNebula-Image-98", 8192)
    assert ("OpenNebula-Image-98" in state(sandbox), "OpenNebula-Volatile-vm97-disk0" in state(sandbox)) == (
        True,
        False,
    )


def test_a_database_of_oned_out_of_a_backup_costs_no_data(sandbox: Sandbox) -> None:
    """An image and a VM made since the backup: though every class is agreed to, all stays, and each line says why."""
    stage = Stage(sandbox)
    stage.furnish(SEED)
    stage.boot()
    sandbox.guests.stop(VM)
    sandbox.oned.forget("vm", VM)
    sandbox.oned.forget("image", DATA)
    before = _linstor(state(sandbox))

    said = orphans(sandbox, "--json", *EVERYTHING)

    found = json.loads(said.stdout)["findings"]
    sign = f"OpenNebula-Image-{OS}-vm{VM}-disk0 is beyond oned's last VM, none (--trust-oned if neither is so)"
    assert [(each["volume"], each["outcome"]) for each in found] == [
        (f"OpenNebula-Image-{OS}-vm{VM}-disk0", ""),
        (f"OpenNebula-Image-{DATA}", ""),
    ]
    assert all(sign in each["kept"] for each in found)
    assert _linstor(state(sandbox)) == before


def test_it_refuses_to_judge_where_oned_hides_something_or_is_silent(sandbox: Sandbox) -> None:
    """Exit code 2, one sentence, and nothing is deleted."""
    stage = Stage(sandbox)
    stage.furnish(SEED)
    sandbox.oned.forget("image", DATA)
    sandbox.oned.groups = [100]
    said = delete(sandbox)
    assert (said.returncode, said.stdout) == (2, "")
    assert "nothing can be judged" in said.stderr
    assert "group oneadmin" in said.stderr
    sandbox.oned.groups = [0]
    sandbox.oned.faults += [[True, "<USER><GID>0</GID></USER>", 0, 0], [False, "no", 0x0200, -1]]
    assert delete(sandbox).returncode == 2
    assert f"OpenNebula-Image-{DATA}" in state(sandbox)


@pytest.mark.parametrize(
    ("kib", "text"), [(512, "512 KiB"), (1536, "1.5 MiB"), (2048, "2 MiB"), (300 * 1024, "300 MiB"), (2**40, "1 PiB")]
)
def test_sizes_are_told_in_the_unit_that_fits(kib: int, text: str) -> None:
    """With one decimal where that says something."""
    assert size(kib) == text


@pytest.mark.parametrize(
    ("since", "text"), [(0, "unknown"), (9940, "1 minute"), (9999, "1 second"), (2800, "2 hours"), (10001, "0 seconds")]
)
def test_ages_are_told_in_the_largest_whole_unit(since: int, text: str) -> None:
    """An unknown one is called so."""
    assert age(since, 10000) == text


def test_the_report_shows_the_same_cloud_as_tables_and_as_a_page(sandbox: Sandbox) -> None:
    """With the VM, its disks, and where they are."""
    stage = Stage(sandbox)
    stage.furnish(SEED)
    stage.boot()
    said = command(sandbox, "report")
    assert said.returncode == 0, said.stderr
    assert f"VM {VM}, on host-a" in said.stdout
    [line] = [line for line in said.stdout.splitlines() if f"OpenNebula-Image-{OS}-vm{VM}-disk0" in line]
    assert "yes" in line
    assert "host-a" in line
    assert "in use" in line

    file = sandbox.root / "report.html"
    assert command(sandbox, "report", "--html", str(file)).returncode == 0
    assert f"OpenNebula-Image-{OS}-vm{VM}-disk0" in file.read_text(encoding="utf-8")
    assert command(sandbox, "report", "--html", str(sandbox.root)).returncode == 2
