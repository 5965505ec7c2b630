"""VMs that change place without running, as oned moves them (opennebula.md 3.4): every disk, then the directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from entrypoints.sandbox.cloud import IMAGES, SYSTEM_TM, Cloud
from entrypoints.sandbox.documents import RUNNING, Record, VmDocument
from entrypoints.sandbox.world import Sandbox

CONTEXT_BYTES = b"the context of the VM\n"
MEMORY_BYTES = 64 * 1024
SECOND_SYSTEM = 110
"""Another system datastore of our own."""
AT_REST = 0
SAVE_STOP, EPILOG_UNDEPLOY = 10, 30
PROLOG_RESUME, PROLOG_UNDEPLOY = 9, 31
PROLOG_MIGRATE, PROLOG_MIGRATE_POWEROFF, PROLOG_MIGRATE_SUSPEND, PROLOG_MIGRATE_UNKNOWN = 8, 43, 45, 60
TM = {**SYSTEM_TM, SECOND_SYSTEM: "linstor"}


class MovingCloud(Cloud):
    """Begins, stops and moves VMs. A VM that was saved goes on with the memory that it had, or not at all."""

    def __init__(self, sandbox: Sandbox, attributes: Mapping[str, str] | None = None) -> None:
        super().__init__(sandbox, attributes)
        self.memory: dict[int, bytes] = {}
        self._on_front_end: set[int] = set()
        own = {"LINSTOR_CONTROLLERS": sandbox.controller, "SHARED": "YES"}
        self._tell_datastore(SECOND_SYSTEM, "system-second", ("-", "linstor"), own)

    def place_of(self, vm: int) -> str:
        """Also the front-end, while the VM is stopped or undeployed."""
        return self.sandbox.hosts.front_end if vm in self._on_front_end else super().place_of(vm)

    def begin(self, vm: int, host: str, images: list[int], system: int, **attributes: str) -> None:
        """A VM with these *attributes* runs; its context is a file that is there. Raises OSError, too."""
        here = [Record(host, system, TM[system])]
        document = VmDocument(vm, here, context_disk=len(images), attributes=attributes)
        self.vms[vm] = document
        document.disks.update({disk: self._disk(image, vm) for disk, image in enumerate(images)})
        self._tell(vm)
        for disk in document.disks:
            self._bring(vm, disk)
        self.file(vm, f"disk.{document.context_disk}").write_bytes(CONTEXT_BYTES)
        self.hypervisor.deploy(document, self.directory(vm))

    def file(self, vm: int, name: str, host: str = "") -> Path:
        """A file of the VM directory."""
        return self.sandbox.host_path(host or self.place_of(vm), f"{self.directory(vm)}/{name}")

    def _in_state(self, vm: int, lcm_state: int) -> None:
        self.vms[vm].lcm_state = lcm_state
        self._tell(vm)

    # -- where the guest is ---------------------------------------------------------------------

    def power_off(self, vm: int) -> None:
        """`onevm poweroff`: the hypervisor alone."""
        self.sandbox.guests.stop(vm)
        self.memory.pop(vm, None)
        self._in_state(vm, AT_REST)

    def suspend(self, vm: int) -> None:
        """`onevm suspend`: the memory is a file of the VM directory."""
        self.sandbox.guests.stop(vm)
        self.memory[vm] = os.urandom(MEMORY_BYTES)
        self.file(vm, "checkpoint").write_bytes(self.memory[vm])
        self._in_state(vm, AT_REST)

    def go_on(self, vm: int) -> None:
        """The hypervisor restores what was saved; what was not is booted with a new context. Raises OSError."""
        context = self.file(vm, f"disk.{self.vms[vm].context_disk}")
        if vm in self.memory:
            self._restore(vm, context)
        else:
            context.parent.mkdir(parents=True, exist_ok=True)
            context.write_bytes(CONTEXT_BYTES)
        self.hypervisor.deploy(self.vms[vm], self.directory(vm))
        self._in_state(vm, RUNNING)

    def _restore(self, vm: int, context: Path) -> None:
        found = (self.file(vm, "checkpoint").read_bytes(), context.read_bytes())
        if found != (self.memory.pop(vm), CONTEXT_BYTES):
            raise OSError(f"the checkpoint or the context of vm {vm} is not the one that it was saved with")
        self.file(vm, "checkpoint").unlink()

    # -- the front-end --------------------------------------------------------------------------

    def stop(self, vm: int) -> None:
        """`onevm stop`."""
        self.suspend(vm)
        self._to_front_end(vm, SAVE_STOP)

    def undeploy(self, vm: int) -> None:
        """`onevm undeploy`."""
        self.power_off(vm)
        self._to_front_end(vm, EPILOG_UNDEPLOY)

    def _to_front_end(self, vm: int, lcm_state: int) -> None:
        self._in_state(vm, lcm_state)
        self._move(vm, self.vms[vm].now.host, self.sandbox.hosts.front_end, self.directory(vm))
        self._on_front_end.add(vm)
        self._in_state(vm, AT_REST)

    def resume(self, vm: int, host: str) -> None:
        """`onevm resume` of a stopped or undeployed VM. Raises OSError, too."""
        now, old = self.vms[vm].now, self.directory(vm)
        self.vms[vm].history.append(Record(host, now.datastore, now.tm))
        self._in_state(vm, PROLOG_RESUME if vm in self.memory else PROLOG_UNDEPLOY)
        self._move(vm, self.sandbox.hosts.front_end, host, old)
        self._on_front_end.discard(vm)
        self.go_on(vm)

    # -- from host to host ----------------------------------------------------------------------

    def migrate(self, vm: int, host: str, lcm_state: int, system: int | None = None) -> None:
        """The mvs of `onevm migrate` to *host*, and to another system datastore where one is given."""
        now = self.vms[vm].now
        datastore = now.datastore if system is None else system
        self.vms[vm].history.append(Record(host, datastore, TM[datastore]))
        self._in_state(vm, lcm_state)
        self.move_again(vm)

    def move_again(self, vm: int) -> None:
        """`onevm recover --retry` of a migration: the same orders from the first to the last."""
        source = self.vms[vm].history[-2]
        old = f"{self.sandbox.one / 'var'}//datastores/{source.datastore}/{vm}"
        self._move(vm, source.host, self.vms[vm].now.host, old)

    def _move(self, vm: int, source: str, target: str, old: str) -> None:
        """From the directory *old* on *source* to the present one on *target*."""
        now, new = self.vms[vm].now, self.directory(vm)
        for disk in self.vms[vm].disks:
            places = (f"{source}:{old}/disk.{disk}", f"{target}:{new}/disk.{disk}")
            self.call("tm", "linstor", self._suffixed(vm, "mv"), *places, vm, IMAGES)
        self.call("tm", now.tm, "mv", f"{source}:{old}", f"{target}:{new}", vm, now.datastore)
