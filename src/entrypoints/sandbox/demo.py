"""`onelinstor sandbox demo`: the life of a VM on LINSTOR disks, step by step, with what changed where."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from entrypoints.sandbox.cloud import Cloud, OrderFailed
from entrypoints.sandbox.guests import BLOCK
from entrypoints.sandbox.world import Sandbox

OS_MIB, DATA_MIB = 64, 32
OS_IMAGE, DATA_IMAGE, VM = 0, 1, 7
DATA_DISK = 2  # disk 1 is the context


@dataclass(frozen=True)
class Step:
    """One line of the table."""

    name: str
    calls: int
    requests: int
    sessions: int
    seconds: float
    ok: bool


class Demo:
    """Walks through the life of a VM."""

    def __init__(self, sandbox: Sandbox, console: Console) -> None:
        self._sandbox = sandbox
        self._cloud = Cloud(sandbox)
        self._console = console
        self._steps: list[Step] = []
        self._content = b""

    def run(self) -> int:
        """All steps; 0 when every one succeeded and no data was lost."""
        self._console.print(
            "[bold]A cloud in a sandbox:[/] LINSTOR over HTTP at "
            f"{self._sandbox.controller}, oned over XML-RPC, hosts host-a, host-b, host-c and the front-end one-fe"
        )
        for name, work in self._plan():
            if not self._step(name, work):
                break
        self._table()
        return 0 if all(step.ok for step in self._steps) else 1

    def _plan(self) -> list[tuple[str, Callable[[], object]]]:
        cloud = self._cloud
        return [
            ("import an image of 64 MiB", lambda: cloud.import_image(OS_IMAGE, "os", self._source())),
            ("make a persistent data disk", lambda: cloud.make_image(DATA_IMAGE, "data", DATA_MIB, persistent=True)),
            ("boot a VM from the image on host-a", lambda: cloud.deploy(VM, "host-a", {OS_IMAGE: 0})),
            ("the guest finds the image on its disk", self._check_image),
            ("attach the data disk to the running VM", lambda: cloud.attach(VM, DATA_DISK, DATA_IMAGE)),
            ("the guest writes to both disks", self._write),
            ("migrate live to host-c, writing all the time", lambda: cloud.migrate_live(VM, "host-c")),
            ("the guest reads back every write", self._check_writes),
            ("terminate the VM", self._terminate),
            ("the persistent disk still has its data", self._check_persistent),
            ("delete both images", self._remove_images),
            ("nothing is left in LINSTOR or on a host", self._check_nothing_left),
        ]

    def _step(self, name: str, work: Callable[[], object]) -> bool:
        self._console.rule(f"[bold]{name}")
        before, calls = self._sandbox.picture(), len(self._cloud.calls)
        try:
            work()
            error = ""
        except (OrderFailed, OSError, AssertionError) as failed:
            error = str(failed)
        done = self._cloud.calls[calls:]
        for called, ended in done:
            self._console.print(
                f"  {called}: exit {ended.exit_code}, {len(ended.linstor)} requests to LINSTOR, "
                f"{len(ended.ssh)} ssh sessions, {ended.seconds:.2f} s",
                style="dim",
            )
        self._show_changes(before, self._sandbox.picture())
        if error:
            self._console.print(f"  [red]failed:[/] {error}", highlight=False)
        self._steps.append(
            Step(
                name,
                len(done),
                sum(len(ended.linstor) for _, ended in done),
                sum(len(ended.ssh) for _, ended in done),
                sum(ended.seconds for _, ended in done),
                not error,
            )
        )
        return not error

    def _show_changes(self, before: dict[str, str], after: dict[str, str]) -> None:
        for key in sorted(before.keys() | after.keys()):
            old, new = before.get(key), after.get(key)
            if old == new:
                continue
            sign, style = ("+", "green") if old is None else ("-", "red") if new is None else ("~", "yellow")
            told = new if old is None else old if new is None else f"{old} -> {new}"
            self._console.print(f"  {sign} {key}: {told}", style=style, highlight=False, markup=False)

    def _table(self) -> None:
        table = Table(title="What it took")
        for heading in ("step", "executables", "requests to LINSTOR", "ssh sessions", "seconds", ""):
            table.add_column(heading, justify="left" if heading == "step" else "right")
        for step in self._steps:
            mark = "[green]ok[/]" if step.ok else "[red]failed[/]"
            numbers = (str(step.calls), str(step.requests), str(step.sessions), f"{step.seconds:.2f}")
            table.add_row(step.name, *numbers, mark)
        self._console.print(table)

    # -- data -----------------------------------------------------------------------------------

    def _source(self) -> str:
        """A file with some numbered blocks and holes, as an image of an operating system has them."""
        path = self._sandbox.root / "sources" / "os.raw"
        with path.open("wb") as file:
            file.truncate(OS_MIB * 1024 * 1024)
            for number in range(0, OS_MIB * 256, 512):
                file.seek(number * BLOCK)
                file.write(hashlib.sha256(str(number).encode()).digest() * (BLOCK // 32))
        self._content = path.read_bytes()
        return str(path)

    def _check_image(self) -> None:
        disk = self._sandbox.guests.guests[VM].open[0]
        for number in range(0, OS_MIB * 256, 512):
            offset = number * BLOCK
            assert disk.read(offset) == self._content[offset : offset + BLOCK], f"block {number} differs"

    def _check_writes(self) -> None:
        lost = self._sandbox.guests.lost(VM)
        assert not lost, f"lost writes: {'; '.join(lost[:3])}"

    def _write(self) -> None:
        for disk in (0, DATA_DISK):
            self._sandbox.guests.write(VM, disk, 16)

    def _remove_images(self) -> None:
        for image in (OS_IMAGE, DATA_IMAGE):
            self._cloud.remove_image(image)

    def _terminate(self) -> None:
        self._kept = dict(self._sandbox.guests.guests[VM].written[DATA_DISK])
        self._cloud.terminate(VM)

    def _check_persistent(self) -> None:
        definition = self._sandbox.linstor.state.definitions[self._cloud.images[DATA_IMAGE][0]]
        content = definition.volumes[0].content
        lost = [offset for offset, data in self._kept.items() if content is None or content.read(offset, BLOCK) != data]
        assert self._kept and not lost, f"lost blocks at {lost[:3]}"

    def _check_nothing_left(self) -> None:
        left = self._sandbox.picture()
        assert not left, f"left behind: {left}"


def main() -> int:
    """Run the demonstration on the terminal."""
    console = Console()
    with Sandbox() as sandbox:
        return Demo(sandbox, console).run()
