"""Every command says what it does, how it is typed and what its exit codes mean, and all say it in the same way."""

from __future__ import annotations

import argparse
import importlib
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from entrypoints.command_line import Table
from entrypoints.onelinstor import main as root
from entrypoints.onelinstor.tree import tree

ROOT = Path(__file__).parents[2]


def parsers(prog: str, commands: Table) -> Iterator[argparse.ArgumentParser]:
    """The parser of each command, and of each of its actions that has a module of its own."""
    for name, (place, _) in commands.items():
        module = importlib.import_module(place)
        yield module.parser()
        yield from parsers(f"{prog} {name}", getattr(module, "ACTIONS", {}))


EVERY = [root.parser(), *parsers("onelinstor", root.COMMANDS)]
COMMANDS = pytest.mark.parametrize("parser", EVERY, ids=lambda each: each.prog)


def whole() -> argparse.ArgumentParser:
    return tree(root.parser(), "command", root.COMMANDS)


def lines_below(heading: str, parser: argparse.ArgumentParser) -> list[str]:
    """The indented lines below a heading of a help."""
    found = re.search(rf"^{heading}:?\n((?:  .*(?:\n|$))+)", parser.epilog or "", re.MULTILINE)
    return [line.strip() for line in found[1].splitlines()] if found else []


@COMMANDS
def test_the_help_says_what_the_command_does(parser: argparse.ArgumentParser) -> None:
    """In a sentence, before the options."""
    assert re.fullmatch(r"[A-Z].*\.", (parser.description or "").strip(), re.DOTALL)


@COMMANDS
def test_the_examples_of_the_help_are_accepted(parser: argparse.ArgumentParser) -> None:
    """What a person copies from there is no usage error."""
    examples = lines_below("examples", parser)

    assert examples
    for example in examples:
        assert f"{parser.prog} " in f"{example} "
        words = shlex.split(re.split(r" [|>] ", example[example.index(parser.prog) :])[0])
        if words[1:] != ["--version"] and "--help" not in words:
            whole().parse_args(words[1:])


@COMMANDS
def test_the_exit_codes_of_the_help_are_complete(parser: argparse.ArgumentParser) -> None:
    """Success, and the 2 of argparse, which every command can end with."""
    codes = [line.split()[0] for line in lines_below("exit codes", parser)]

    assert {"0", "2"} <= set(codes)
    assert codes == sorted(codes, key=int)


@COMMANDS
def test_the_exit_codes_stand_in_the_documents(parser: argparse.ArgumentParser) -> None:
    """Word for word as in the help."""
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    section = page.partition(f"## {parser.prog}\n")[2].partition("\n## ")[0]

    for line in lines_below("exit codes", parser):
        code, _, meaning = line.partition(" ")
        assert f"| {code} | {meaning.strip()} |" in section


@COMMANDS
def test_wrong_arguments_end_with_2(parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the command: nothing was done, and the usage was shown."""
    with pytest.raises(SystemExit) as ended:
        root.main([*parser.prog.split()[1:], "--no-such-option"])

    assert ended.value.code == 2
    assert "usage: onelinstor" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """What a person puts into a report."""
    with pytest.raises(SystemExit) as ended:
        root.main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"onelinstor {metadata.version('one-linstor-driver')}\n"


def test_ctrl_c_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """130, as shells call it, and no traceback."""

    class Interrupted:
        @staticmethod
        def main(_words: list[str]) -> int:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "interrupted_command", Interrupted)
    monkeypatch.setitem(root.COMMANDS, "manual", ("interrupted_command", ""))

    assert root.main(["manual"]) == 130


def test_whoever_stops_reading_gets_no_traceback() -> None:
    """As with `| head`; 141, as shells call it."""
    program = "import sys; from entrypoints.onelinstor.main import main; sys.exit(main(['manual']))"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT / "src")},
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert (process.returncode, said) == (141, b"")


def test_a_command_without_its_libraries_leaves_the_others_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the sandbox's extra has a manual and a completion."""
    monkeypatch.setitem(root.COMMANDS, "sandbox", ("no_such_module", "a small cloud"))

    assert whole().parse_args(["completion", "bash"]).shell == "bash"


def completed(*words: str) -> list[str]:
    """What bash offers for the last word."""
    script = 'source /dev/stdin <<<"$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shtab_onelinstor; '
    script += 'printf "%s\\n" "${COMPREPLY[@]}"'
    printed = subprocess.run(
        [sys.executable, "-m", "entrypoints.onelinstor", "completion", "bash"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    told = subprocess.run(
        ["bash", "-c", script, "bash", printed.stdout, "onelinstor", *words], capture_output=True, text=True, check=True
    )
    return told.stdout.split()


def test_bash_completes_commands_actions_options_and_paths(tmp_path: Path) -> None:
    """At every place what can stand there."""
    (tmp_path / "recording").mkdir()

    assert set(completed("")) == set(root.COMMANDS)
    assert completed("sandbox", "rep") == ["replay"]
    assert "--keep" in completed("sandbox", "replay", "--")
    assert completed("sandbox", "replay", f"{tmp_path}/rec") == [f"{tmp_path}/recording"]


def test_zsh_can_read_its_completion(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the file that compinit looks for, with every command in it."""
    assert root.main(["completion", "zsh"]) == 0
    told = capsys.readouterr().out

    assert told.startswith("#compdef onelinstor\n")
    assert all(f"    {name}:" in told for name in root.COMMANDS)
    if zsh := shutil.which("zsh"):
        subprocess.run([zsh, "-n", "/dev/stdin"], input=told, text=True, check=True)


def test_the_manual_has_every_command_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    """It is made from the parsers, so it says what the helps say."""
    assert root.main(["manual"]) == 0
    page = capsys.readouterr().out.replace("\\-", "-")

    for parser in EVERY[1:]:
        assert f".SS {parser.prog}\n" in page
    assert "\n.B --keep DIR\n" in page


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_the_manual_is_clean_roff(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a warning, and no line of it is taken for a request."""
    root.main(["manual"])
    page = capsys.readouterr().out
    told = subprocess.run(["groff", "-man", "-ww", "-z"], input=page, capture_output=True, text=True, check=True)

    assert told.stderr == ""


def test_the_manual_is_the_same_for_the_same_sources(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package is built twice to the same bytes."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    root.main(["manual"])

    assert '.TH ONELINSTOR 1 "1970-01-01"' in capsys.readouterr().out


BAR = """
from rich.console import Console
from entrypoints.sandbox.progress import progress
console = Console()
with progress(console, 2) as begin:
    begin("the first")
    console.print("a finding")
    begin("the second")
"""


def watched(stdout: int, stderr: int) -> None:
    subprocess.run(
        [sys.executable, "-c", BAR],
        stdout=stdout,
        stderr=stderr,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "xterm"},
    )


def test_a_bar_is_shown_to_a_person_and_never_gets_into_a_file(tmp_path: Path) -> None:
    """The findings of a long run can be kept while the bar is watched."""
    ours, theirs = pty.openpty()
    with (tmp_path / "findings").open("w") as findings:
        watched(findings.fileno(), theirs)
    shown = os.read(ours, 100_000).decode()

    assert "the second" in shown
    assert "1/2" in shown
    assert (tmp_path / "findings").read_text() == "a finding\n"


def test_nobody_who_watches_means_no_bar(tmp_path: Path) -> None:
    """A log has the findings only."""
    with (tmp_path / "log").open("w") as log:
        watched(log.fileno(), log.fileno())

    assert (tmp_path / "log").read_text() == "a finding\n"
