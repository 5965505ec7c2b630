"""What the hypervisor's scripts do on hosts, played: files of the VM directory, and guests (opennebula.md 3.4, 3.7)."""

from __future__ import annotations

import shutil

from entrypoints.sandbox.documents import VmDocument
from entrypoints.sandbox.world import Sandbox


class Hypervisor:
    """Starts, moves and ends guests as `vmm/kvm/*` do."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def deploy(self, vm: VmDocument, directory: str) -> None:
        """Write the files of the VM directory, and start the guest with all its disks. Raises OSError."""
        place = self._sandbox.host_path(vm.now.host, directory)
        place.mkdir(parents=True, exist_ok=True)
        (place / "vm.xml").write_text(vm.xml(), encoding="utf-8")
        (place / "ds.xml").write_text(f"<DATASTORE><ID>{vm.now.datastore}</ID></DATASTORE>", encoding="utf-8")
        context = [] if vm.context_disk is None else [vm.context_disk]
        self._sandbox.guests.start(vm.identity, vm.now.host, directory, [*vm.disks, *context], readonly=context)

    def migrate(self, vm: VmDocument, source: str, directory: str) -> None:
        """Carry the files and hand the guest over from *source*; on an error it stays there. Raises OSError."""
        target = vm.now.host
        self._carry_files(source, target, directory)
        try:
            self._sandbox.guests.begin_migration(vm.identity, target, directory)
        except OSError:
            self._give_up(source, target, directory)
            raise
        self._sandbox.guests.finish_migration(vm.identity, target, directory)

    def _carry_files(self, source: str, target: str, directory: str) -> None:
        """Plain files, and links that are missing, with the text that they have on the source."""
        old, new = (self._sandbox.host_path(host, directory) for host in (source, target))
        if new.exists() and old.samefile(new):
            return
        new.mkdir(parents=True, exist_ok=True)
        for each in old.iterdir():
            there = new / each.name
            if each.is_symlink():
                if not there.is_symlink():
                    there.symlink_to(each.readlink())
            else:
                shutil.copyfile(each, there)

    def _give_up(self, source: str, target: str, directory: str) -> None:
        """What was carried to the target goes, unless both hosts see one directory."""
        old, new = (self._sandbox.host_path(host, directory) for host in (source, target))
        if not old.samefile(new):
            shutil.rmtree(new)
