"""No text of an order, of oned, of LINSTOR or of a template is more than one word for any shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import recorded, shell_words, spoiling
from tests.fuzz.budget import tried
from tests.fuzz.ordering import carried_out, judge, world
from tests.fuzz.test_orders import spoilt_calls
from tests.fuzz.wire import ADDRESS, Wire, steady, through

from adapters.linstor.clusters import RestClusters
from adapters.opennebula import rendering, scripts_for_hosts
from adapters.opennebula.ssh import Shell
from domain import steps
from domain.errors import BadName
from domain.names import HostName
from domain.opennebula import Vm
from domain.settings import Limits, StorageSettings
from entrypoints.remotes.parser import Call

RECORDER = """
record() { printf '%s\\0' "$@" end >> "$WORDS"; }
perform() { record "$@"; }
finish() { :; }
"""
COMMANDS = {
    "images": ("write_device", "send_device"),
    "files": ("send_files", "receive_files", "copy_here"),
}
KINDS = get_args(steps.Step)
texts = st.builds(
    lambda one, other: spoiling.argument(one + other),
    spoiling.pieces,
    st.sampled_from(("", "/dev/x", " y")) | spoiling.pieces,
)


@st.composite
def any_steps(draw: st.DrawFn) -> steps.Step:
    """A step whose texts are anything."""
    kind = draw(st.sampled_from(KINDS))
    values: dict[str, Any] = {}
    for name, hint in get_type_hints(kind).items():
        if hint in (int, float):
            values[name] = draw(st.integers(0, 2**40))
        elif "tuple" in str(hint):
            values[name] = tuple(draw(st.lists(texts, max_size=3)))
        else:
            values[name] = draw(texts)
    made: steps.Step = kind(**values)
    return made


@tried(200)
@given(st.lists(any_steps(), min_size=1, max_size=6))
def test_what_a_host_gets_is_functions_and_quoted_words(wanted: Sequence[steps.Step]) -> None:
    """By the text of the script."""
    shell_words.check(wanted)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[list[str]]]:
    """Runs a command line as sshd does, with functions that only write their words down; what they wrote."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "bash").symlink_to("/bin/bash")
    stubs = {
        name: RECORDER + "".join(f'{each}() {{ record "$@"; }}\n' for each in each_of)
        for name, each_of in COMMANDS.items()
    }
    for module in (rendering, scripts_for_hosts):
        monkeypatch.setattr(module, "library", lambda name: {"common": "", "steps": RECORDER, **stubs}[name])
    environment = {"PATH": str(tmp_path / "bin"), "WORDS": str(tmp_path / "words")}

    def ran(line: str) -> list[list[str]]:
        (tmp_path / "words").write_bytes(b"")
        before = sorted(os.listdir(tmp_path))
        subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, check=True)
        assert sorted(os.listdir(tmp_path)) == before, "the host carried a text out"
        return _calls((tmp_path / "words").read_bytes())

    return ran


def _calls(written: bytes) -> list[list[str]]:
    """The calls, each a list of words; `end` is the last word of each."""
    found: list[list[str]] = [[]]
    for word in written.split(b"\0")[:-1]:
        found[-1].append(os.fsdecode(word))
        if word == b"end":
            found.append([])
    return [each[:-1] for each in found[:-1]]


@tried(60)
@given(st.lists(any_steps(), min_size=1, max_size=8))
def test_a_real_shell_makes_these_words_of_steps(
    run: Callable[[str], list[list[str]]], wanted: list[steps.Step]
) -> None:
    """And nothing else is carried out."""
    called = run(rendering.script(wanted, "mark"))
    assert len(called) == len(wanted)
    for step, call in zip(wanted, called, strict=True):
        assert all(each in call[1:] for each in shell_words.meant(step))


@tried(60)
@given(st.sampled_from([(name, each) for name, some in COMMANDS.items() for each in some]), st.lists(texts, max_size=4))
def test_a_real_shell_makes_these_words_of_a_command(
    run: Callable[[str], list[list[str]]], command: tuple[str, str], given_words: list[str]
) -> None:
    """The same for images and files."""
    name, function = command
    assert run(scripts_for_hosts.command(name, "mark", function, *given_words)) == [given_words]


@tried(100)
@given(spoiling.words("host-a").map(spoiling.argument))
def test_a_host_is_one_word_of_ssh_and_never_an_option(host: str) -> None:
    """Or it is refused."""
    try:
        *options, name, line = Shell(Limits()).command(HostName(host), "true")
    except BadName:
        return
    assert (name, line) == (host, "true")
    assert not name.startswith("-")
    assert options[0] == "ssh"


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_what_no_program_can_be_given_is_refused(text: str) -> None:
    """LINSTOR's JSON can hold it; the operating system would fail in a way that says nothing."""
    with pytest.raises(BadName):
        rendering.script([steps.Unlink(text)], "mark")


class _Checked:
    """Hosts whose every list of steps is rendered and read before it is carried out."""

    def __init__(self, hosts: Any) -> None:
        self._hosts = hosts

    def run(self, host: HostName, wanted: Sequence[steps.Step]) -> tuple[str, ...]:
        """See the port."""
        Shell(Limits()).command(host, "true")
        if wanted:
            shell_words.check(wanted)
        told: tuple[str, ...] = self._hosts.run(host, wanted)
        return told

    def copy_files(
        self, source: HostName, directory: str, target: HostName, to: str, then: Sequence[steps.Step] = ()
    ) -> bool:
        """See the port."""
        for line in (scripts_for_hosts.command("files", "mark", "send_files", directory, to),):
            assert shell_words.script_in(line)
        return bool(self._hosts.copy_files(source, directory, target, to, then))


def _spoilt_vm(vm: Vm, text: str) -> Vm:
    """What users and administrators can write into a VM is *text*."""
    disks = tuple(
        replace(each, file_system=text if each.volatile else "", attributes={"LINSTOR_RESOURCE_GROUP": text})
        for each in vm.disks
    )
    return replace(vm, deploy_id=text or vm.deploy_id, disks=disks, name=text)


@tried(150)
@given(st.data(), st.sampled_from(recorded.calls()) | spoilt_calls(), texts, st.booleans())
def test_every_command_line_of_an_order_is_words(data: st.DataObject, call: Call, text: str, plain: bool) -> None:
    """Of spoilt orders, spoilt VMs and spoilt answers of LINSTOR."""
    with steady():
        driver = world()
        driver.hosts = _Checked(driver.hosts)  # type: ignore[assignment]
        if not plain:
            whole = driver.oned.vm
            driver.oned.vm = lambda number: _spoilt_vm(whole(number), text)  # type: ignore[method-assign]
        driver.cluster = RestClusters({}).of(StorageSettings(100, (ADDRESS,)))  # type: ignore[assignment]
        with through(Wire(driver.model, data.draw, data.draw(st.integers(0, 12)))):
            judge(carried_out(driver, call))
