"""The installation, its scripts, and where oned and its session are found."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.opennebula import processes, rpc
from adapters.opennebula.front_end import Installation, OpenNebulaScripts
from domain.errors import OnedUnreachable, ScriptFailed


def installed(root: Path, version: str | None = "7.4.0") -> Installation:
    (root / "var" / "remotes").mkdir(parents=True)
    if version is not None:
        (root / "var" / "remotes" / "VERSION").write_text(version + "\n")
    return Installation.find({"ONE_LOCATION": str(root)})


def script(installation: Installation, name: str, text: str) -> None:
    path = installation.remotes / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def scripts(installation: Installation, environment: Mapping[str, str] = os.environ) -> OpenNebulaScripts:
    return OpenNebulaScripts(installation, environment)


def test_a_self_contained_installation_is_found(tmp_path: Path) -> None:
    """Defect 60: ONE_LOCATION names it (opennebula.md 1.2)."""
    found = installed(tmp_path)
    assert (found.var, found.etc, found.lib) == (tmp_path / "var", tmp_path / "etc", tmp_path / "lib")
    assert found.remotes == tmp_path / "var" / "remotes"


def test_a_packaged_installation_is_found() -> None:
    """Where the packages put it."""
    found = Installation.find({})
    assert (str(found.var), str(found.etc), str(found.lib)) == ("/var/lib/one", "/etc/one", "/usr/lib/one")


@pytest.mark.parametrize(
    ("text", "version"), [("7.4.0", (7, 4, 0)), ("5.12.0.4", (5, 12, 0)), ("6.8.80-rc1", (6, 8, 80)), ("6.0", (6, 0))]
)
def test_the_version_is_numbers(tmp_path: Path, text: str, version: tuple[int, ...]) -> None:
    """So that versions compare as they should."""
    assert installed(tmp_path, text).version == version


@pytest.mark.parametrize("text", [None, "", "unknown"])
def test_an_unknown_version_counts_as_the_newest(tmp_path: Path, text: str | None) -> None:
    """Old shapes are for installations that say so."""
    assert installed(tmp_path, text).version > (7, 4, 0)


def test_a_script_gets_arguments_input_and_the_working_directory_of_oned(tmp_path: Path) -> None:
    """Defect 60: blanks and quotes in an argument stay; what it prints comes back."""
    installation = installed(tmp_path)
    script(installation, "tm/ssh/context", 'pwd; printf "%s|" "$@"; cat; echo "$MORE"')
    told = scripts(installation, {**os.environ, "MORE": "more"}).run("tm", "ssh", "context", ["a b", "'c'"], b"in")
    assert told == f"{tmp_path}/var\na b|'c'|inmore\n"


def test_a_script_that_fails_is_quoted_by_its_last_line(tmp_path: Path) -> None:
    """The sentence names the script."""
    installation = installed(tmp_path)
    script(installation, "tm/ssh/context", "echo first >&2; echo 'no space left' >&2; exit 3")
    with pytest.raises(ScriptFailed, match="tm/ssh/context failed: no space left"):
        scripts(installation).run("tm", "ssh", "context", [], b"")


def test_a_script_that_reads_nothing_does_not_break_the_call(tmp_path: Path) -> None:
    """However much standard input it leaves unread."""
    installation = installed(tmp_path)
    script(installation, "tm/ssh/mv", "echo done")
    assert scripts(installation).run("tm", "ssh", "mv", [], b"x" * 1_000_000) == "done\n"


def test_a_script_without_end_of_output_fails(tmp_path: Path) -> None:
    """Its output is bounded (rule 9)."""
    installation = installed(tmp_path)
    script(installation, "tm/ssh/mv", "head -c 3000000 /dev/zero")
    with pytest.raises(ScriptFailed, match="more than"):
        scripts(installation).run("tm", "ssh", "mv", [], b"")


@pytest.mark.parametrize("driver", ["missing", "..", "../../etc", "a/b", "", "-x"])
def test_a_script_that_is_not_there_does_not_exist(tmp_path: Path, driver: str) -> None:
    """The name of a driver comes from the template of a VM and never leads out of the tree."""
    found = scripts(installed(tmp_path))
    assert not found.exists("tm", driver, "mv")
    with pytest.raises(ScriptFailed):
        found.run("tm", driver, "mv", [], b"")


# -- programs --------------------------------------------------------------------------------------


def test_a_program_ends_at_its_limit_with_all_it_started() -> None:
    """The children, too."""
    began = time.monotonic()
    ended = processes.run(["bash", "-c", "sleep 60 & echo $!; wait"], seconds=0.3)
    assert ended.timed_out
    assert time.monotonic() - began < 30
    child = Path(f"/proc/{int(ended.out)}/stat")
    for _ in range(200):
        if not child.exists() or child.read_text().split()[2] == "Z":
            return
        time.sleep(0.02)
    pytest.fail("the child of the program still runs")


def test_a_forgotten_child_does_not_hold_the_order_up() -> None:
    """It keeps the pipes open, and the program has ended."""
    began = time.monotonic()
    ended = processes.run(["bash", "-c", "sleep 60 & echo done"], seconds=50)
    assert (ended.code, ended.out, ended.timed_out) == (0, b"done\n", False)
    assert time.monotonic() - began < 40


def test_output_is_bounded_and_the_last_error_is_kept() -> None:
    """A program that writes without end costs no memory, and its last words are what matters."""
    text = "import sys; sys.stdout.write('o' * 5000000); sys.stderr.write('e' * 5000000 + '\\nlast words\\n')"
    ended = processes.run([sys.executable, "-c", text], seconds=50)
    assert len(ended.out) == processes.LONGEST_OUTPUT
    assert ended.too_much
    assert ended.said == "last words"


def test_a_program_that_does_not_exist_is_an_os_error() -> None:
    """The caller knows what it wanted to do."""
    with pytest.raises(OSError, match="no-such-program"):
        processes.run(["no-such-program"], seconds=5)


# -- oned ------------------------------------------------------------------------------------------


def test_the_endpoint_is_looked_for_where_opennebula_does(tmp_path: Path) -> None:
    """ONE_XMLRPC, then the file in the home, then localhost (opennebula.md 7)."""
    home = {"HOME": str(tmp_path)}
    (tmp_path / ".one").mkdir()
    (tmp_path / ".one" / "one_endpoint").write_text("http://leader:2633/RPC2\n")
    assert rpc.endpoint({**home, "ONE_XMLRPC": "https://other/RPC2"}) == "https://other/RPC2"
    assert rpc.endpoint(home) == "http://leader:2633/RPC2"
    with pytest.raises(OnedUnreachable, match="http"):
        rpc.endpoint({"ONE_XMLRPC": "file:///etc/passwd"})


def test_the_session_is_looked_for_where_opennebula_does(tmp_path: Path) -> None:
    """ONE_AUTH names the file, else it lies in the home."""
    home = {"HOME": str(tmp_path)}
    (tmp_path / ".one").mkdir()
    (tmp_path / ".one" / "one_auth").write_text("oneadmin:home\n")
    (tmp_path / "auth").write_text("oneadmin:named\n")
    assert rpc.session({**home, "ONE_AUTH": str(tmp_path / "auth")}) == "oneadmin:named"
    assert rpc.session(home) == "oneadmin:home"
    with pytest.raises(OnedUnreachable, match="missing"):
        rpc.session({**home, "ONE_AUTH": str(tmp_path / "missing")})
