"""What the hypervisor's scripts do, played: guests start, stop, move, and get and lose disks (opennebula.md 3.4).

The recorded scripts answered without doing the work; here the guests really open and write the disks.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from entrypoints.sandbox.replay.blocks import block
from entrypoints.sandbox.replay.holdings import HeldDisk, Holdings
from entrypoints.sandbox.replay.knowledge import Knowledge
from entrypoints.sandbox.replay.machines import DiskFailed, Machines, Wanted
from entrypoints.sandbox.replay.recording import Call
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.subject import LINSTOR, At, Subject, subject
from entrypoints.sandbox.world import Sandbox

MIB = 1024 * 1024
CHECKPOINT = "checkpoint"
Step = Callable[[Call, Subject, int], None]
_NOTHING_TO_DO = ("prereconfigure", "reconfigure", "snapshot_create", "snapshot_revert", "snapshot_delete", "poll")


class Hypervisor:
    """Plays the calls of kind `vmm`. *shared*: system datastores whose directory every host sees.

    *carries*: the script for a live migration brings the files of a VM directory that is not shared, as since 6.0.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        machines: Machines,
        holdings: Holdings,
        knowledge: Knowledge,
        rewriting: Rewriting,
        shared: frozenset[int],
        carries: bool = True,
    ) -> None:
        self._sandbox = sandbox
        self._carries = carries
        self._machines = machines
        self._holdings = holdings
        self._knowledge = knowledge
        self._rewriting = rewriting
        self._shared = shared
        self._going: dict[int, At] = {}
        self._unprepared: set[int] = set()
        self._waiting: dict[int, At] = {}

    def heard(self, call: Call) -> list[str]:
        """A call of a storage driver was made; what a guest cannot do after it, one sentence each.

        While a backup is carried away, the guest goes on writing. A `premigrate` tells where a VM goes, and whether its
        disks were made ready there.
        """
        about = subject(call)
        if call.plain_action == "prebackup_live" and about.vm is not None:
            return self._played(self._work, call, about, about.vm)
        if call.plain_action == "premigrate" and about.vm is not None and about.place is not None:
            self._note_target(call, about.vm, about.place)
        return []

    def _note_target(self, call: Call, vm: int, place: At) -> None:
        self._going[vm] = place
        if call.driver == LINSTOR:
            (self._unprepared.add if call.exit_code else self._unprepared.discard)(vm)

    def play(self, call: Call) -> list[str]:
        """Play one call; what went wrong, one sentence each."""
        about = subject(call)
        step = self._steps().get(call.action)
        if about.vm is None or about.place is None or step is None:
            return [] if call.action in _NOTHING_TO_DO else [f"the hypervisor has no action {call.action} here"]
        return self._played(step, call, about, about.vm)

    @staticmethod
    def _played(step: Step, call: Call, about: Subject, vm: int) -> list[str]:
        try:
            step(call, about, vm)
        except DiskFailed as failed:
            return [str(failed)]
        except OSError as error:
            return [f"the hypervisor cannot work in the VM directory: {error}"]
        return []

    def _steps(self) -> dict[str, Step]:
        return {
            "deploy": self._deploy,
            "restore": self._restore,
            "save": self._save,
            "shutdown": self._stop,
            "cancel": self._stop,
            "reboot": self._work,
            "reset": self._work,
            "migrate": self._migrate,
            "attach_disk": self._attach,
            "detach_disk": self._detach,
            "resize_disk": self._resize,
        }

    # -- start and stop ---------------------------------------------------------------------------

    def _deploy(self, call: Call, about: Subject, vm: int) -> None:
        place = _place(about)
        directory = self._path(place)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "vm.xml").write_text(self._knowledge.vm(vm).render(), encoding="utf-8")
        (directory / "ds.xml").write_text(f"<DATASTORE><ID>{place.datastore}</ID></DATASTORE>", encoding="utf-8")
        if not call.exit_code:
            self._start(vm, place)

    def _restore(self, call: Call, about: Subject, vm: int) -> None:
        place = _place(about)
        checkpoint = self._path(place) / CHECKPOINT
        if not checkpoint.is_file() or checkpoint.read_bytes() != _memory_of(vm):
            raise DiskFailed(f"the memory of VM {vm} is not in {place.path}/{CHECKPOINT} on {place.host}")
        if not call.exit_code:
            self._start(vm, place)

    def _save(self, call: Call, about: Subject, vm: int) -> None:
        if call.exit_code:
            return
        self._stop(call, about, vm)
        (self._path(_place(about)) / CHECKPOINT).write_bytes(_memory_of(vm))

    def _stop(self, call: Call, _about: Subject, vm: int) -> None:
        if not call.exit_code:
            self._waiting.pop(vm, None)
            self._machines.work(vm)
            self._machines.stop(vm)

    def _work(self, _call: Call, _about: Subject, vm: int) -> None:
        self._machines.work(vm)

    # -- disks ------------------------------------------------------------------------------------

    def _attach(self, call: Call, about: Subject, vm: int) -> None:
        disk = next((each for each in self._holdings.vm_disks(vm) if each.of.disk == about.disk), None)
        if not call.exit_code and disk is not None:
            directory = _place(about).directory
            self._machines.attach(vm, directory.host, self._one(disk, directory))

    def _detach(self, call: Call, about: Subject, vm: int) -> None:
        if not call.exit_code and about.disk is not None:
            self._machines.detach(vm, about.disk)

    def _resize(self, call: Call, about: Subject, vm: int) -> None:
        size = self._machines.size(vm, about.disk or 0)
        if not call.exit_code and size is not None and size < about.size_mib * MIB:
            raise DiskFailed(f"the guest of VM {vm} sees {size} bytes of disk {about.disk}, not {about.size_mib} MiB")
        self._machines.work(vm)

    # -- migration --------------------------------------------------------------------------------

    def _migrate(self, call: Call, about: Subject, vm: int) -> None:
        target = self._going.get(vm)
        origin = about.origin
        if target is None or origin is None:
            raise DiskFailed(f"nothing prepared the migration of VM {vm}")
        old = self._directory_of(vm, origin.host)
        self._carry_files(vm, old, target)
        if call.exit_code:
            self._give_up(old, target)
        elif not self._machines.runs(vm):
            self._start(vm, target)
        else:
            self._hand_over(vm, old, target)

    def _hand_over(self, vm: int, old: At, target: At) -> None:
        """The guest goes on at the target. Where its disks are known not to be there, the recorded script said
        "success" all the same: the guest is closed, and waits until it can go on.
        """
        try:
            self._require_files(old, target)
            mirror = partial(self._mirror_files, vm, old, target)
            self._machines.migrate(vm, target.host, self._text(target), self._wanted(vm, target), mirror)
        except DiskFailed:
            if vm not in self._unprepared:
                raise
            self._machines.stop(vm)
            self._waiting[vm] = target

    def _carry_files(self, vm: int, old: At, target: At) -> None:
        """On a system datastore that is not shared: plain files, and links that are missing, to the target.

        A script that carries nothing could not have moved a guest whose disks are files, but the recording says that
        it did; so these are brought all the same.
        """
        carries = self._carries or old.host == target.host
        source, to = self._path(old), self._path(target)
        if source == to or self._is_one(old, target):
            return
        to.mkdir(parents=True, exist_ok=True)
        for each in sorted(source.iterdir()) if source.is_dir() else ():
            there = to / each.name
            if not carries and each.name not in self._files(vm):
                continue
            if each.is_symlink() and not there.is_symlink():
                there.symlink_to(each.readlink())
            elif each.is_file() and not each.is_symlink():
                _copy(each, there)

    def _require_files(self, old: At, target: At) -> None:
        """What a guest has open as a file is at the target, the context disk among it."""
        source, to = self._path(old), self._path(target)
        files = [each.name for each in sorted(source.glob("disk.*")) if each.is_file() and not each.is_symlink()]
        missing = [name for name in files if not (to / name).exists()]
        if missing:
            raise DiskFailed(f"the hypervisor finds no {', '.join(missing)} in {target.path} on {target.host}")

    def _files(self, vm: int) -> list[str]:
        """The disks that are plain files, by name."""
        return [f"disk.{each.of.disk}" for each in self._holdings.vm_disks(vm) if each.volume is None]

    def _mirror_files(self, vm: int, old: At, target: At) -> None:
        """What the guest wrote to plain files since they were carried."""
        source, to = self._path(old), self._path(target)
        for name in self._files(vm):
            if source != to and not self._is_one(old, target):
                _copy(source / name, to / name)

    def _give_up(self, old: At, target: At) -> None:
        """A failed migration: what was carried to the target goes, unless both are one directory.

        Before 6.0 nobody removes it, and the driver is not told, so this is not held against it (opennebula.md 3.7).
        """
        if not self._is_one(old, target) and self._path(old) != self._path(target):
            shutil.rmtree(self._path(target), ignore_errors=True)

    def _is_one(self, old: At, target: At) -> bool:
        return old.datastore == target.datastore and old.datastore in self._shared

    @property
    def waiting(self) -> set[int]:
        """The VMs that run as the recording says, and whose guests wait for their disks."""
        return set(self._waiting)

    # -- the end of an operation ------------------------------------------------------------------

    def after_operation(self, excused: bool) -> list[str]:
        """Guests that wait for their disks try again; what is still missing, unless the recording asked for it."""
        missing = []
        for vm, place in list(self._waiting.items()):
            try:
                self._start(vm, place)
            except DiskFailed as failed:
                self._waiting[vm] = place
                missing.append(f"the guest of VM {vm} cannot go on: {failed}")
        return [] if excused else missing

    # -- places -----------------------------------------------------------------------------------

    def _start(self, vm: int, place: At) -> None:
        """Wherever a guest starts, it does not wait elsewhere any more."""
        self._waiting.pop(vm, None)
        self._machines.start(vm, place.host, self._text(place), self._wanted(vm, place))

    def _wanted(self, vm: int, directory: At) -> list[Wanted]:
        return [self._one(disk, directory) for disk in self._holdings.vm_disks(vm)]

    def _one(self, disk: HeldDisk, directory: At) -> Wanted:
        readonly = self._knowledge.vm(disk.of.vm).value(disk.of.disk, "READONLY").upper() == "YES"
        return Wanted(disk, self._text(directory), readonly)

    def _text(self, place: At) -> str:
        """The path as the sandbox's hosts know it."""
        return self._rewriting.text(place.path)

    def _path(self, place: At) -> Path:
        return self._sandbox.host_path(place.host, self._text(place))

    def _directory_of(self, vm: int, host: str) -> At:
        """The VM directory that the guest runs from."""
        disks = self._holdings.vm_disks(vm)
        return At(host, disks[0].place.directory.path) if disks else At(host, self._going[vm].path)


def _copy(source: Path, target: Path) -> None:
    """Copy a file and keep its holes."""
    subprocess.run(["cp", "--sparse=always", "--", str(source), str(target)], check=True)


def _place(about: Subject) -> At:
    """Where a call acts; `play` has seen that it names a place."""
    return about.place or At("", "")


def _memory_of(vm: int) -> bytes:
    return block(f"memory of vm {vm}")
