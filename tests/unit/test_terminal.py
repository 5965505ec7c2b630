"""What users call their VMs and what hosts say changes nothing on the terminal of an administrator."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from domain.inventory import Holding
from domain.names import GroupName, HostName, VolumeName
from domain.opennebula import Datastore
from domain.orphans import Finding, Kind
from domain.overview import Overview, Row, Section, Space
from domain.volumes import Capacity, Definition, Deployment, Role
from entrypoints.explaining.explanation import Explanation
from entrypoints.onelinstor import explain, orphans, report, trace
from entrypoints.onelinstor.doctor.checks import Line, Status
from entrypoints.onelinstor.doctor.telling import as_text
from entrypoints.tracing.box import Bounds, Box

NASTY = "web\x1b[2J\u202e\x9b2J\x07 [/x] [red]\nyes"


@pytest.fixture
def console() -> Console:
    """One that keeps what it is given."""
    return Console(file=io.StringIO(), width=400)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def harmless(text: str) -> bool:
    """Whether only printable lines are in it, and what looks like markup is shown as it is."""
    return all(line.isprintable() for line in text.splitlines()) and "[/x] [red]" in text


def test_the_report(console: Console) -> None:
    """Names of datastores, VMs, groups, volumes and hosts."""
    here = Deployment(VolumeName(NASTY), HostName(NASTY), Role.REPLICA)
    row = Row(NASTY, Holding(Definition(VolumeName(NASTY), 1, GroupName(NASTY)), (here,)), 100)
    spaces = (
        Space(Datastore(100, NASTY), NASTY, Capacity(1, 1, 1), "", ((NASTY, 1),)),
        Space(Datastore(104, NASTY), NASTY, None, NASTY, ()),
    )
    overview = Overview((HostName(NASTY),), spaces, (Section(NASTY, (row,), NASTY),))
    console.print(report._spaces(overview))
    console.print(report._section(overview.sections[0]))
    assert harmless(shown(console))


def test_what_is_left_over(console: Console) -> None:
    """Volumes and snapshots that LINSTOR tells of, and why they are judged so."""
    found = Finding(next(iter(Kind)), VolumeName(NASTY), part=NASTY, why=NASTY, kept=NASTY)
    console.print(orphans._table([found], 0))
    assert harmless(shown(console))


def test_a_trace(console: Console, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments, what was asked and what failed."""
    event: dict[str, Any] = {
        "port": "hosts",
        "call": "run",
        "with": [NASTY],
        "raised": NASTY,
        "began": 0.0,
        "seconds": 1.0,
    }
    told = {"seq": 1, "time": 0.0, "kind": "tm", "action": "clone", "argv": [NASTY], "exit_code": 1, "seconds": 1.0}
    told |= {"id": "abc123", "stderr": NASTY, "events": [event | {"lane": 0}]}
    box = Box(tmp_path / "box")
    box.switch_on(Bounds())
    box.keep(told)
    trace._draw(console, told)
    assert harmless(shown(console))
    assert trace.main(["--directory", str(tmp_path / "box"), "list"]) == 0
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


def test_an_explanation(console: Console) -> None:
    """Steps and the end."""
    told = Explanation()
    told.steps = [{"port": "hosts", "call": "run", "with": [NASTY]}]
    told.answer = NASTY
    explain._tell(console, told)
    assert harmless(shown(console))


def test_the_doctor() -> None:
    """What a host said, and what a datastore is called."""
    assert harmless(as_text([Line("host.udev", NASTY, Status.FAILED, "links", NASTY, "do")], colour=False))
