"""Installing into real trees, and giving everything back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.install.trees import Tree, listing

from entrypoints.onelinstor.install.entries import Entry
from entrypoints.onelinstor.install.files import DiskFiles
from entrypoints.onelinstor.install.oned_conf import parse
from entrypoints.remotes.parser import ACTIONS

Command = Callable[..., int]


def _launchers(tree: Tree) -> dict[str, int]:
    return {
        f"{kind}/{each.name}": each.stat().st_mode & 0o7777
        for kind in ACTIONS
        for each in tree.driver(kind).iterdir()
        if each.name != "NOTES"
    }


def test_every_action_is_there_and_nothing_else_that_oned_would_run(tree: Tree, install: Command) -> None:
    """Over nothing and over an addon alike, each with the mode 0755."""
    assert install(tree) == 0

    assert _launchers(tree) == {f"{kind}/{action}": 0o755 for kind in ACTIONS for action in ACTIONS[kind]}


def test_the_launchers_start(plain_tree: Tree, install: Command) -> None:
    """Started as oned does, a launcher reads its order and says what is wrong with it."""
    install(plain_tree)

    ended = subprocess.run(
        [plain_tree.driver("tm") / "clone"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "clone wants" in ended.stderr


@pytest.mark.parametrize("words", [(), ("--configure",)], ids=["plain", "configure"])
def test_afterwards_everything_is_as_before(
    tree: Tree, install: Command, uninstall: Command, words: tuple[str, ...]
) -> None:
    """Byte for byte, with modes, owners, times and links; installed twice in between."""
    before = listing(tree.root)

    assert install(tree, *words) == 0
    assert listing(tree.root) != before
    assert install(tree, *words) == 0
    assert uninstall(tree) == 0

    assert listing(tree.root) == before


def test_installing_again_changes_nothing(tree: Tree, install: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even the time of a file."""
    install(tree, "--configure")
    before = listing(tree.root)

    assert install(tree, "--configure") == 0

    assert listing(tree.root) == before
    assert "0 changes made" in capsys.readouterr().out


def test_a_dry_run_changes_nothing_and_shows_everything(
    tree: Tree, install: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every launcher, and every line that oned.conf would get, as a unified diff."""
    before = listing(tree.root)

    assert install(tree, "--dry-run") == 0

    told = capsys.readouterr().out
    assert listing(tree.root) == before
    assert all(f"{tree.driver(kind) / action}: " in told for kind in ACTIONS for action in ACTIONS[kind])
    assert '+LIVE_DISK_SNAPSHOTS="kvm-qcow2' in told
    assert "only with --configure:" in told
    assert "changes, and none was made; without --dry-run they are\n" in told


def test_a_dry_run_shows_the_text_of_all_launchers_once(
    plain_tree: Tree, install: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty-eight times the same hides the lines that matter."""
    install(plain_tree, "--dry-run")

    told = capsys.readouterr().out
    assert told.count("+launch(__file__)\n") == 1
    first = plain_tree.driver("tm") / next(iter(ACTIONS["tm"]))
    assert told.count(f", with the text of {first.name}\n") == sum(map(len, ACTIONS.values())) - 1


def test_opennebulas_own_files_change_only_when_told(
    tree: Tree, install: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise the edits are shown, to be made by hand."""
    texts = [path.read_bytes() for path in (tree.etc / "oned.conf", tree.etc / "vmm_exec" / "vmm_execrc")]

    install(tree)

    assert [path.read_bytes() for path in (tree.etc / "oned.conf", tree.etc / "vmm_exec" / "vmm_execrc")] == texts
    assert "to do: these edits" in capsys.readouterr().out


def test_configured_oned_knows_the_driver(tree: Tree, install: Command) -> None:
    """In the lists of both managers, in a section of each kind, and for live snapshots; the mode stays."""
    install(tree, "--configure")

    found = parse((tree.etc / "oned.conf").read_text())
    lists = [each.says("ARGUMENTS") for each in found if each.name in ("TM_MAD", "DATASTORE_MAD")]
    assert [each.count(",linstor") for each in lists] == [1, 2]
    sections = [each.name for each in found if each.says("NAME") == "linstor"]
    assert sorted(sections) == ["DS_MAD_CONF", "TM_MAD_CONF"]
    assert "kvm-linstor" in (tree.etc / "vmm_exec" / "vmm_execrc").read_text()
    assert (tree.etc / "oned.conf").stat().st_mode & 0o7777 == 0o640


def test_it_says_what_is_left_to_do(tree: Tree, install: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """The daemon must be restarted, and datastores keep what they copied."""
    install(tree, "--configure")

    told = capsys.readouterr().out
    restart = "one restart" if "ONE_LOCATION" in tree.environment else "systemctl restart opennebula"
    assert f"to do: restart oned after the edits: {restart}\n" in told
    assert "`onedatastore update ID`, then save" in told
    assert told.endswith("see whether all is as it must be: onelinstor doctor\n")


def test_what_was_changed_in_the_addon_is_named(
    addon_tree: Tree, install: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the check sums of its package; what oned does not run stays where it is."""
    install(addon_tree)

    told = capsys.readouterr().out
    kept = addon_tree.var / "onelinstor" / "saved" / str(addon_tree.driver("tm") / "mv").lstrip("/")
    assert f"changed locally, look whether you need that: {kept}\n" in told
    assert kept.read_text() == "#!/bin/sh\n# ours, not theirs\n"
    assert f"left alone: {addon_tree.driver('tm') / 'NOTES'}\n" in told
    assert "apt-mark hold linstor-opennebula" in told


def test_a_directory_that_is_a_link_leads_to_a_checkout_that_stays(
    plain_tree: Tree, install: Command, uninstall: Command
) -> None:
    """Developers link the directory of the driver; nothing is written through the link."""
    checkout = plain_tree.root / "checkout"
    checkout.mkdir()
    (checkout / "clone").write_text("theirs")
    plain_tree.driver("tm").symlink_to(checkout)
    before = listing(plain_tree.root)

    install(plain_tree)
    assert not plain_tree.driver("tm").is_symlink()
    assert (checkout / "clone").read_text() == "theirs"
    assert uninstall(plain_tree) == 0

    assert listing(plain_tree.root) == before


def test_a_launcher_that_somebody_changed_is_kept(
    plain_tree: Tree, install: Command, uninstall: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """An upgrade puts its own in place, names the copy, and the removal leaves that copy."""
    install(plain_tree)
    clone = plain_tree.driver("tm") / "clone"
    clone.write_text("patched in a hurry")
    capsys.readouterr()

    install(plain_tree)

    kept = plain_tree.var / "onelinstor" / "kept" / f"{str(clone).lstrip('/')}.1"
    assert f"theirs is kept: {kept}\n" in capsys.readouterr().out
    assert clone.read_text() != "patched in a hurry"
    assert uninstall(plain_tree) == 1
    assert kept.read_text() == "patched in a hurry"
    assert not clone.exists()


def test_a_file_that_came_into_the_directory_stays(
    plain_tree: Tree, install: Command, uninstall: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose it is nobody knows."""
    install(plain_tree)
    (plain_tree.driver("tm") / "README").write_text("mine")

    assert uninstall(plain_tree) == 1

    assert [each.name for each in plain_tree.driver("tm").iterdir()] == ["README"]
    assert f"{plain_tree.driver('tm')} has files that are not of this driver" in capsys.readouterr().err


def test_later_edits_of_oned_conf_survive(plain_tree: Tree, install: Command, uninstall: Command) -> None:
    """Only the driver's own lines are taken out, also where the file was edited between two installations."""
    conf = plain_tree.etc / "oned.conf"
    original = conf.read_text()
    install(plain_tree, "--configure")
    conf.write_text(conf.read_text().replace("PORT = 2633", "PORT = 2634").replace('"kvm-linstor"', ""))
    conf.write_text(conf.read_text().replace('INHERIT_IMAGE_ATTR = "LINSTOR_RESOURCE_GROUP"\n', ""))
    install(plain_tree, "--configure")

    assert uninstall(plain_tree) == 0

    assert conf.read_text() == original.replace("PORT = 2633", "PORT = 2634")


def test_lines_that_are_not_found_again_are_told(
    plain_tree: Tree, install: Command, uninstall: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where somebody has changed the very lines of the driver, nobody guesses."""
    conf = plain_tree.etc / "oned.conf"
    before = conf.read_text()
    install(plain_tree, "--configure")
    conf.write_text(conf.read_text().replace('REQUIRED_ATTRS = ""', 'REQUIRED_ATTRS = "BRIDGE_LIST"'))

    assert uninstall(plain_tree) == 1

    told = capsys.readouterr().err
    assert f"{conf} was changed since" in told
    kept = plain_tree.var / "onelinstor" / "kept" / f"{str(conf).lstrip('/')}.1"
    assert f"kept: {kept}\n" in told
    assert kept.read_text() == before


def test_removing_what_is_not_installed_is_no_error(plain_tree: Tree, uninstall: Command) -> None:
    """And changes nothing."""
    before = listing(plain_tree.root)

    assert uninstall(plain_tree) == 0

    assert listing(plain_tree.root) == before


def test_a_removal_can_be_looked_at_first(
    addon_tree: Tree, install: Command, uninstall: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--dry-run` shows that the addon's files come back."""
    install(addon_tree, "--configure")
    before = listing(addon_tree.root)
    capsys.readouterr()

    assert uninstall(addon_tree, "--dry-run") == 0

    assert listing(addon_tree.root) == before
    told = capsys.readouterr().out
    assert "+# ours, not theirs\n" in told
    assert "changes, and none was made; without --dry-run they are\n" in told


@pytest.mark.parametrize("words", [(), ("--configure",)])
def test_what_cannot_be_read_is_told_of(
    plain_tree: Tree,
    install: Command,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    """The launchers do not depend on it; only --configure wants it, and then nothing was done that had to be undone."""
    look, conf = DiskFiles.look, plain_tree.etc / "oned.conf"

    def locked(files: DiskFiles, path: Path) -> Entry | None:
        if path == conf:
            raise PermissionError(13, "Permission denied", str(path))
        return look(files, path)

    monkeypatch.setattr(DiskFiles, "look", locked)

    code = install(plain_tree, *words)

    told = capsys.readouterr()
    said = f"{conf} cannot be read by this user; run this as root\n"
    assert (code, plain_tree.driver("tm").exists()) == ((1, False) if words else (0, True))
    assert (f"onelinstor install: {said}" in told.err) if words else (f"to do: {said}" in told.out)


def test_without_an_opennebula_nothing_is_made(
    plain_tree: Tree, install: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence says where it was looked for."""
    (plain_tree.var / "remotes").rename(plain_tree.var / "elsewhere")

    assert install(plain_tree) == 1

    assert "there is no OpenNebula front-end" in capsys.readouterr().err


def test_a_user_that_does_not_exist_is_told(
    plain_tree: Tree, install: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The launchers must belong to the user of oned."""
    monkeypatch.setenv("ONE_USER", "nobody-of-that-name")

    assert install(plain_tree) == 1

    assert "set ONE_USER" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_installs_for_the_user_of_oned(
    plain_tree: Tree, install: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its files belong to that user, and an interpreter that this user cannot run is refused before any change."""
    monkeypatch.setenv("ONE_USER", "nobody")
    before = listing(plain_tree.root)

    code = install(plain_tree)

    if code == 0:
        assert {each.owner() for each in plain_tree.driver("tm").iterdir()} == {"nobody"}
    else:
        assert "nobody cannot " in capsys.readouterr().err
        assert listing(plain_tree.root) == before


def test_a_broken_oned_conf_is_not_touched(
    plain_tree: Tree, install: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --configure nothing at all is changed then; the line is named."""
    (plain_tree.etc / "oned.conf").write_text("PORT = 2633\nDB = [ BACKEND = \n")
    before = listing(plain_tree.root)

    assert install(plain_tree, "--configure") == 1

    assert listing(plain_tree.root) == before
    assert "oned.conf, line 2" in capsys.readouterr().err
