"""The VM directory on the hosts of a migration: whose it is, what travels, when it goes (opennebula.md 3.7).

Under another driver's system datastore the directory is that driver's. Under ours it holds the links and the files
of the VM (context, vm.xml), and may lie on a shared file system or not: a file named after the migration tells.
Before OpenNebula 6.0 nobody carries files of a VM on an ssh system datastore, and nobody clears its old directory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from domain.disks import DRIVER
from domain.errors import DriverError, VolumeInUse, raise_together
from domain.moving import Moving, other_users, token
from domain.names import HostName, VolumeName, same_host
from domain.orders import Migrate
from domain.ports import Hosts, Oned, Scripts
from domain.steps import MakeDirectory, MakeFile, RemoveFile, RemoveTree, Step
from domain.undoing import Undo

NOT_SHARED = "ssh"
"""The driver of system datastores that hosts do not share."""


class VmDirectory:
    """What pre-, post- and failmigrate do beside the volumes.

    *cared_for*: OpenNebula itself carries the files of a VM that migrates live to a host that does not share them, and
    clears the directory it leaves.
    """

    def __init__(self, hosts: Hosts, scripts: Scripts, oned: Oned, cared_for: bool = True) -> None:
        self._hosts = hosts
        self._scripts = scripts
        self._oned = oned
        self._cared_for = cared_for

    def arrive(self, order: Migrate, links: Sequence[Step], undo: Undo) -> None:
        """Make the directory and *links* on the target, with the VM's files when the directory is ours."""
        directory = order.directory
        if order.caller or same_host(order.source, order.target):
            self._arrive_with_others(order, [MakeDirectory(directory), *links])
            return
        undo.add(lambda: self._depart(order))
        # the source may still hold what an earlier try of this migration left there when it failed
        stale = RemoveFile(f"{directory}/{_stays(order)}")
        then = [MakeDirectory(directory), stale, MakeFile(f"{directory}/{token(order)}"), *links]
        self._hosts.copy_files(order.source, directory, order.target, directory, then)

    def _arrive_with_others(self, order: Migrate, steps: Sequence[Step]) -> None:
        """The directory is another driver's, or on this host already; of its files none but the context may be missing.

        A file that is a disk is never copied: the guest writes it.
        """
        context = order.vm.context_disk_id
        if context is None or not self._is_left_alone(order):
            self._hosts.run(order.target, steps)
            return
        directory = order.directory
        self._hosts.copy_files(order.source, directory, order.target, directory, steps, only=f"disk.{context}")

    def _is_left_alone(self, order: Migrate) -> bool:
        """Whether the driver of the system datastore, and oned, leave the directory to us."""
        return not self._cared_for and order.caller == NOT_SHARED and not same_host(order.source, order.target)

    def refuse_neighbours(self, order: Migrate, moving: Sequence[Moving]) -> None:
        """Raises VolumeInUse: another VM of the source has one of the disks that two hosts would be allowed to write.

        It stays there, so that the permission would never end (rule 5). HostUnreachable, HostCommandFailed.
        """
        asked = {each.volume: step for each in moving if each.written and (step := other_users(each, order.source))}
        told = self._hosts.run(order.source, list(asked.values())) if asked else ()
        shared = [volume for volume, number in zip(asked, told, strict=True) if int(number) > 0]
        if shared:
            raise VolumeInUse(shared[0], f"by another VM on {order.source}, too; migrate this one powered off")

    def _depart(self, order: Migrate) -> None:
        """Remove the directory on the target, unless it is the one that the running VM uses on the source."""
        self._hosts.run(order.target, self._clearing(order, order.target, order.source))

    def leave(self, order: Migrate, leave: HostName, stay: HostName, moving: Sequence[Moving]) -> frozenset[VolumeName]:
        """Clear the directory on *leave* where it is ours; the volumes that other VMs of that host still use.

        Raises HostUnreachable, HostCommandFailed.
        """
        asked = {each.volume: step for each in moving if (step := other_users(each, leave))}
        steps: list[Step] = [*self._clearing(order, leave, stay), *asked.values()]
        if not steps:
            return frozenset()
        told = self._hosts.run(leave, steps)
        numbers = told[len(told) - len(asked) :]
        return frozenset(volume for volume, number in zip(asked, numbers, strict=True) if int(number) > 0)

    def _clearing(self, order: Migrate, leave: HostName, stay: HostName) -> list[Step]:
        """Steps that clear the directory on *leave*, unless it is the very directory that *stay* uses.

        A premigrate that failed may not have left its file, and is no reason for other drivers not to go on. So a
        file of its own is left where the VM stays: on a shared file system it is seen on *leave*, too.
        """
        if order.caller and not self._is_left_alone(order):
            return []
        if same_host(leave, order.source) and not order.caller:
            return [RemoveTree(order.directory, unless=token(order))]
        self._hosts.run(stay, [MakeFile(f"{order.directory}/{_stays(order)}")])
        return [RemoveTree(order.directory, unless=_stays(order))]

    def leave_old(self, order: Migrate) -> None:
        """Same host, other system datastore: the old directory goes, never the one in use (linstor.md 8, row 1).

        The order carries the current history record only, so oned is asked for the one before.
        """
        if order.caller:
            return
        history = self._oned.vm(order.vm.vm_id).history
        if len(history) < 2 or not same_host(history[-2].host, order.source):
            return
        base = PurePosixPath(order.directory).parent.parent
        old = base / str(history[-2].datastore_id) / str(order.vm.vm_id)
        if str(old) != order.directory:
            self._hosts.run(order.source, [RemoveTree(str(old))])

    def pass_on(self, action: str, order: Migrate) -> None:
        """Call the same action of the other drivers of the VM's disks, when nobody called us.

        They get what oned gave us, where it gave it, and our name after it (opennebula.md 3.7).
        All are called; then what failed is raised.
        """
        if order.caller:
            return
        others = dict.fromkeys(disk.tm_mad for disk in order.vm.disks if disk.tm_mad not in ("", DRIVER))
        failed: list[DriverError] = []
        for other in others:
            if self._scripts.exists("tm", other, action):
                try:
                    self._scripts.run("tm", other, action, [*order.argv, DRIVER], order.payload)
                except DriverError as error:
                    failed.append(error)
        raise_together(failed)


def _stays(order: Migrate) -> str:
    """A file name that tells where the VM is after this migration failed."""
    return f"{token(order)}-stays"
