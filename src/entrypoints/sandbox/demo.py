"""`onelinstor sandbox demo`: the life of a VM on LINSTOR disks, step by step, with what changed where."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from entrypoints.command_line import new_parser
from entrypoints.sandbox.cloud import Cloud, OrderFailed
from entrypoints.sandbox.guests import BLOCK, OpenDisk, differing
from entrypoints.sandbox.picture import Picture
from entrypoints.sandbox.world import Completed, Sandbox

OS_MIB, DATA_MIB = 64, 32
OS_IMAGE, DATA_IMAGE, VM = 0, 1, 7
OS_DISK, DATA_DISK = 0, 2  # disk 1 is the context
FILLED_EVERY = 512
"""One block of so many in the imported image is filled; the rest are holes, as in an image of an operating system."""

MIB = 1024 * 1024


class CheckFailed(Exception):
    """Data is not what it must be, or something is left over."""


@dataclass(frozen=True)
class Step:
    """One line of the table: a step and the executables that ran for it."""

    name: str
    calls: tuple[Completed, ...]
    error: str

    @property
    def row(self) -> tuple[str, ...]:
        """Its cells."""
        requests = sum(len(each.linstor_requests) for each in self.calls)
        sessions = sum(len(each.ssh_sessions) for each in self.calls)
        seconds = sum(each.seconds for each in self.calls)
        mark = "[red]failed[/]" if self.error else "[green]ok[/]"
        return (self.name, str(len(self.calls)), str(requests), str(sessions), f"{seconds:.2f}", mark)


class Life:
    """What happens to the images and the VM. Every step raises OrderFailed, OSError or CheckFailed."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.cloud = Cloud(sandbox)
        self._content: dict[int, bytes] = {}
        self._kept: dict[int, bytes] = {}

    def steps(self) -> list[tuple[str, Callable[[], object]]]:
        """The steps in order, by name."""
        cloud = self.cloud
        return [
            (f"import an image of {OS_MIB} MiB", self._import),
            (f"make a persistent disk of {DATA_MIB} MiB", self._make_data_disk),
            ("boot a VM from the image on host-a", lambda: cloud.deploy(VM, "host-a", [OS_IMAGE])),
            ("the guest finds the image on its disk", self._check_image),
            ("attach the second disk", lambda: cloud.attach(VM, DATA_DISK, DATA_IMAGE)),
            ("the guest writes to both disks", lambda: self._sandbox.guests.write_all(VM, 16)),
            ("live migration: make host-c ready", lambda: cloud.prepare_migration(VM, "host-c")),
            ("live migration: the guest moves", lambda: cloud.migrate_guest(VM)),
            ("live migration: clean up host-a", lambda: cloud.finish_migration(VM)),
            ("the guest reads back every write", self._check_writes),
            ("terminate the VM", self._terminate),
            ("the persistent disk has every write", self._check_kept),
            ("delete both images", self._delete_images),
            ("nothing is left behind", self._check_nothing_left),
        ]

    def _import(self) -> None:
        path = self.cloud.sources / "os.raw"
        self._content = _make_source(path)
        self.cloud.import_image(OS_IMAGE, "os", str(path))

    def _make_data_disk(self) -> None:
        self.cloud.make_image(DATA_IMAGE, "data", DATA_MIB, persistent=True)

    def _check_image(self) -> None:
        _check(self._sandbox.guests.guests[VM].open[OS_DISK], self._content, "the guest's disk")

    def _check_writes(self) -> None:
        if lost := self._sandbox.guests.lost(VM):
            raise CheckFailed(f"lost writes: {'; '.join(lost[:3])}")
        self._check_image()

    def _terminate(self) -> None:
        self._kept = dict(self._sandbox.guests.guests[VM].written[DATA_DISK])
        self.cloud.terminate(VM)

    def _check_kept(self) -> None:
        """The disk is read as a program on a host that still has it reads it."""
        handle = self._sandbox.linstor.devices.open("host-a", self.cloud.images[DATA_IMAGE].source, write=False)
        try:
            _check(OpenDisk(handle, Path()), self._kept, "the persistent disk")
        finally:
            handle.close()

    def _delete_images(self) -> None:
        for image in (OS_IMAGE, DATA_IMAGE):
            self.cloud.remove_image(image)

    def _check_nothing_left(self) -> None:
        if left := self._sandbox.picture():
            raise CheckFailed(f"left behind: {', '.join(left)}")


def _make_source(path: Path) -> dict[int, bytes]:
    """Write the file that is imported; its filled blocks by offset."""
    content = {
        number * BLOCK: hashlib.sha256(str(number).encode()).digest() * (BLOCK // 32)
        for number in range(0, OS_MIB * MIB // BLOCK, FILLED_EVERY)
    }
    with path.open("wb") as file:
        for offset, data in content.items():
            file.seek(offset)
            file.write(data)
        file.truncate(OS_MIB * MIB)
    return content


def _check(disk: OpenDisk, expected: dict[int, bytes], what: str) -> None:
    if not expected or (wrong := differing(disk, expected)):
        raise CheckFailed(f"{what} differs at {wrong[:3] if expected else 'nothing, for nothing was written'}")


class Demo:
    """Plays a life and shows it."""

    def __init__(self, sandbox: Sandbox, console: Console) -> None:
        self._sandbox = sandbox
        self._life = Life(sandbox)
        self._console = console

    def run(self) -> int:
        """All steps up to the first that fails; 0 when none did."""
        self._console.print(
            f"[bold]A cloud in a sandbox[/]: LINSTOR over HTTP at {self._sandbox.controller}, oned over XML-RPC at "
            f"{self._sandbox.oned.url}, hosts {', '.join(self._sandbox.hosts.names)}",
            highlight=False,
        )
        done: list[Step] = []
        for name, work in self._life.steps():
            done.append(self._step(name, work))
            if done[-1].error:
                break
        self._console.print(_table(done))
        return 1 if any(step.error for step in done) else 0

    def _step(self, name: str, work: Callable[[], object]) -> Step:
        self._console.print(f"\n[bold]{name}[/]", highlight=False)
        before, called = self._sandbox.picture(), len(self._life.cloud.calls)
        error = ""
        try:
            work()
        except (OrderFailed, OSError, CheckFailed) as failed:
            error = str(failed)
        calls = self._life.cloud.calls[called:]
        for script, ended in calls:
            self._show_call(script, ended)
        self._show_changes(before, self._sandbox.picture())
        if error:
            self._console.print(f"  [red]failed[/]: {escape(error)}", highlight=False)
        return Step(name, tuple(ended for _, ended in calls), error)

    def _show_call(self, script: str, ended: Completed) -> None:
        hosts = ", ".join(each.host for each in ended.ssh_sessions) or "none"
        self._console.print(
            f"  {script}: exit {ended.exit_code}, requests to LINSTOR: {len(ended.linstor_requests)}, ssh to: {hosts}",
            style="dim",
            highlight=False,
        )

    def _show_changes(self, before: Picture, after: Picture) -> None:
        for key in sorted(before.keys() | after.keys()):
            old, new = before.get(key), after.get(key)
            if old != new:
                sign, style, told = _change(old, new)
                self._console.print(f"  {sign} {key}: {told}", style=style, highlight=False, markup=False)


def _change(old: str | None, new: str | None) -> tuple[str, str, str]:
    """Sign, colour and words for what became of one thing."""
    if old is None:
        return "+", "green", new or ""
    if new is None:
        return "-", "red", old
    return "~", "yellow", f"{old} -> {new}"


def _table(steps: Sequence[Step]) -> Table:
    """One row for each step: executables called, requests to LINSTOR, ssh sessions, seconds."""
    table = Table(title="\nWhat it took", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("step", no_wrap=True)
    for heading in ("calls", "LINSTOR", "ssh", "seconds", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for step in steps:
        table.add_row(*step.row)
    return table


def parser() -> argparse.ArgumentParser:
    """The parser of this action."""
    return new_parser(
        "onelinstor sandbox demo",
        "The life of a VM on LINSTOR disks in a sandbox, step by step, with what changed where. At the end the guest's "
        "data is read back and compared.",
        examples=("onelinstor sandbox demo",),
        exit_codes={0: "every step succeeded and no data was lost", 1: "a step failed, or data was lost"},
    )


def main(argv: Sequence[str]) -> int:
    """Run the demonstration on the terminal; 0 when every step succeeded and no data was lost."""
    parser().parse_args(argv)
    with Sandbox() as sandbox:
        return Demo(sandbox, Console()).run()
