"""How long a program may take, and from when on another limit counts."""

from __future__ import annotations

import pytest

from adapters.opennebula import processes
from adapters.opennebula.hosts import SshHosts
from adapters.opennebula.processes import Program
from domain.errors import HostError
from domain.names import HostName
from domain.settings import Limits
from domain.steps import CopyDevice, ExportDevice, MakeDirectory, Step

WAITS = "echo welcome; echo begun; read"
"""Says that it has begun, and waits for an input that never comes."""
LONG, SHORT = 3600.0, 0.2


def limit(awaited: bytes, first: float, then: float) -> tuple[float, bool]:
    """The limit that ended the program, and whether one did."""
    with processes.started(["bash", "-c", WAITS], seconds=first) as program:
        program.allow_after(awaited, then)
        ended = program.end()
        return program.seconds, ended.timed_out


def test_another_limit_counts_once_the_program_has_begun() -> None:
    """It replaces what is left of the first one."""
    assert limit(b"begun\n", LONG, SHORT) == (SHORT, True)


def test_the_first_limit_counts_for_a_program_that_does_not_begin() -> None:
    """Whatever else it says."""
    assert limit(b"ready\n", SHORT, LONG) == (SHORT, True)


class NoShell:
    """Nothing is reached."""

    def command(self, _host: HostName, _line: str) -> list[str]:
        """A program that ends at once."""
        return ["false"]


@pytest.mark.parametrize(
    ("step", "allowed"),
    [
        (CopyDevice("/dev/drbd1001", "/dev/drbd1000", 4), [130.0]),
        (ExportDevice("/dev/drbd1000", "/backup/disk.0.0"), [130.0]),
        (MakeDirectory("/var/lib/one/datastores/0"), []),
    ],
)
def test_only_the_data_of_a_disk_may_take_longer(
    monkeypatch: pytest.MonkeyPatch, step: Step, allowed: list[float]
) -> None:
    """And only once the host has begun with the session."""
    seen: list[float] = []
    monkeypatch.setattr(Program, "allow_after", lambda _self, _awaited, seconds: seen.append(seconds))
    limits = Limits(host=30.0, transfer=100.0)
    with pytest.raises(HostError):
        SshHosts(lambda: limits, NoShell()).run(HostName("alpha"), [step])  # type: ignore[arg-type]
    assert seen == allowed
