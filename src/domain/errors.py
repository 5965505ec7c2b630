"""What can go wrong, and the sentence a person reads.

    DriverError
    ├── BadOrder                 argv, stdin or XML that is no order
    │   └── BadName
    ├── BadConfiguration         an attribute of a datastore, image or VM
    │   └── UnknownGroup
    ├── VolumeError              about one volume
    │   ├── UnknownVolume, VolumeExists, ForeignVolume, VolumeInUse, BeingDeleted, HasSnapshots
    │   ├── NoUsableReplica, NotInSync, NoPlacement, NotAttached, NotPossible, CopyFailed, StillTwoWriters
    │   └── UnknownSnapshot, SnapshotExists, SnapshotFailed, NotTheNewest, HalfWritten, Interrupted, NoBaseOfBackup
    ├── ClusterError             LINSTOR: ControllerUnreachable, AccessDenied, UnknownHostNode
    │   └── ControllerFailed, and of its kind DeviceHeldOpen
    ├── HostError                about one host: HostUnreachable, HostCommandFailed, GuestNotFrozen
    ├── OnedError                oned: OnedUnreachable, OnedRefused, PartialView
    ├── SourceError              what an image is made from: SourceRefused, SourceUnreadable
    ├── ExportFailed             the file that an image is exported to
    ├── ScriptFailed             one of OpenNebula's own scripts
    ├── Expired                  a limit ran out
    └── SeveralFailed            more than one of the above, all named

Each error knows the object it is about and says what to do next (*advice*).
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.masking import masked, one_line


class DriverError(Exception):
    """The root: whatever reaches the user is one of these."""

    advice = ""

    def __str__(self) -> str:
        """The sentence: what happened, to which object, and what to do. One line, never a credential."""
        told = one_line(masked(self.tell()))
        return f"{told}; {self.advice}" if self.advice else told

    def tell(self) -> str:
        """What happened, without the advice."""
        return super().__str__()


class BadOrder(DriverError):
    """oned (or a person) called the driver in a way that no contract describes."""


class BadName(BadOrder):
    """A name that must not travel any further."""

    def __init__(self, name: str, wanted: str) -> None:
        self.name, self.wanted = name, wanted
        super().__init__(f"{name!r} is not {wanted}")


class BadConfiguration(DriverError):
    """An attribute that is missing or makes no sense."""


class UnknownGroup(BadConfiguration):
    """The resource group that a volume is to be placed by does not exist."""

    advice = "create it (linstor resource-group create) or correct LINSTOR_RESOURCE_GROUP of the datastore, image or VM"

    def __init__(self, group: str) -> None:
        self.group = group
        super().__init__(f"LINSTOR has no resource group {group!r}")


class VolumeError(DriverError):
    """Something about one volume."""

    sentence = "the order cannot be carried out"

    def __init__(self, volume: str, detail: str = "") -> None:
        self.volume, self.detail = volume, detail
        super().__init__(f"volume {volume}: {self.sentence}" + (f" ({detail})" if detail else ""))


class UnknownVolume(VolumeError):
    """LINSTOR has no volume of that name."""

    sentence = "LINSTOR has no such volume"


class VolumeExists(VolumeError):
    """The name is taken, and not by an earlier try of this order."""

    sentence = "exists already and was not made by this order"
    advice = "look at it with linstor resource-definition list, and delete it if nobody needs it"


class ForeignVolume(VolumeError):
    """A volume that neither name nor mark makes ours."""

    sentence = "does not belong to this disk, so it is left alone"


class VolumeInUse(VolumeError):
    """Somebody has the volume open."""

    sentence = "is in use"
    advice = "stop what uses it, then retry"


class BeingDeleted(VolumeError):
    """A deletion waits for a node that is offline."""

    sentence = "is still being deleted"
    advice = "bring back the offline node it waits for, then retry"


class NoUsableReplica(VolumeError):
    """No node that is online holds an up-to-date copy of the volume."""

    sentence = "no online node holds an up-to-date copy"
    advice = "bring one of its nodes back, then retry"


class NotInSync(VolumeError):
    """A replica is behind, cut off or failed, and the step needs all of them."""

    sentence = "not all of its replicas are connected and up to date"
    advice = "wait for the synchronisation (linstor resource list), then retry"


class NoPlacement(VolumeError):
    """Not enough nodes, or not enough space on them."""

    sentence = "LINSTOR finds no place for it"
    advice = "free space or bring nodes back, see linstor resource-group query-size-info"


class HasSnapshots(VolumeError):
    """A volume with snapshots cannot be deleted."""

    sentence = "still has snapshots"


class CopyFailed(VolumeError):
    """A copy did not get complete."""

    sentence = "the copy failed"
    advice = "see linstor error-reports list, then retry"


class NotAttached(VolumeError):
    """LINSTOR said done, but the host has no device."""

    sentence = "has no device on the host"
    advice = "see linstor resource list and linstor error-reports list, then retry"


class StillTwoWriters(VolumeError):
    """Two hosts write, so DRBD refuses to take the permission away (linstor.md 2.18)."""

    sentence = "two hosts still have it open for writing"
    advice = "see on which of them its guest runs (virsh list), end it elsewhere, then retry"


class UnknownSnapshot(VolumeError):
    """The volume has no snapshot of that name."""

    sentence = "has no such snapshot"


class SnapshotExists(VolumeError):
    """The name of the snapshot is taken."""

    sentence = "has a snapshot of that name already"


class NotTheNewest(VolumeError):
    """LINSTOR would have to give up younger snapshots: servers up to 1.30, and ZFS (linstor.md 2.11, decision 3).

    A user sees it of volumes without DRBD only; the data of others is written over them.
    """

    sentence = "LINSTOR can only go back to the newest snapshot of it, so nothing was changed"
    advice = (
        "update LINSTOR to 1.31.2 or later, on ZFS set StorDriver/Zfs/RollbackStrategy to Dynamic, or delete the "
        "younger snapshots, then retry; onevm disk-saveas --snapshot gets at its data without any of this"
    )


class HalfWritten(VolumeError):
    """A revert ended while it was writing, so the volume holds neither the old data nor the new (decision 3)."""

    sentence = "a revert of it was interrupted and has left its data half written"
    advice = "revert it to a snapshot again, to the same or to another one, or restore it from a backup"


class NoBaseOfBackup(VolumeError):
    """An increment would be made against data that is not that of the backup before."""

    sentence = "what the backup before has of it is not there any more, so no increment can be made"
    advice = "begin a new chain with onevm backup --reset"


class SnapshotFailed(VolumeError):
    """A snapshot that is not usable on every replica."""

    sentence = "the snapshot failed"
    advice = "see linstor error-reports list, then retry"


class Interrupted(VolumeError):
    """The answer about a snapshot or a copy was lost, or its work has no end.

    A controller that dies there leaves the I/O of the volume suspended on its hosts (linstor.md 2.17 no. 0a).
    """

    sentence = "LINSTOR was interrupted in a snapshot or a copy of it"
    advice = (
        "if its guests hang, drbdsetup status on their hosts shows suspended:user: end that with drbdadm resume-io "
        "for the volume on each of these hosts, then retry"
    )


class NotPossible(VolumeError):
    """The volume's layers or pool cannot do it."""

    sentence = "its layers or storage pool cannot do that"


class ClusterError(DriverError):
    """LINSTOR as a whole."""


class ControllerUnreachable(ClusterError):
    """No controller answered within the limit."""

    advice = "see that linstor-controller runs and LINSTOR_CONTROLLERS of the datastore names it"

    def __init__(self, controllers: Sequence[str], reason: str) -> None:
        self.controllers = tuple(controllers)
        super().__init__(f"no LINSTOR controller answers at {', '.join(controllers)}: {reason}")


class ControllerFailed(ClusterError):
    """The controller answered with an error that has no meaning of its own here."""

    advice = "see linstor error-reports list, then retry"

    def __init__(self, doing: str, said: str, *, reports: Sequence[str] = (), unclear: bool = False) -> None:
        self.doing, self.said, self.reports = doing, said, tuple(reports)
        self.unclear = unclear
        more = f" (error report {', '.join(reports)})" if reports else ""
        super().__init__(f"LINSTOR failed to {doing}: {said}{more}")


class DeviceHeldOpen(ControllerFailed):
    """A host could not shut the volume down, mostly because a program has its device open; half done: repeat it."""

    advice = "end what has the device open on that host (udev and dead orders let go soon), then retry"


def interruption(volume: str, failed: ControllerFailed) -> DriverError:
    """What *failed* means in a snapshot or a copy of *volume*: Interrupted where nobody knows what was done."""
    return Interrupted(volume, failed.tell()) if failed.unclear else failed


class AccessDenied(ClusterError):
    """The controller wants other credentials."""

    advice = "check the user, token and certificate attributes of the datastore"


class UnknownHostNode(ClusterError):
    """A host of OpenNebula that is no node of LINSTOR."""

    advice = "add it to LINSTOR or map its name with LINSTOR_NODE_MAP of the datastore"

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"host {host} is not a node of LINSTOR")


class HostError(DriverError):
    """Something about one host."""

    def __init__(self, host: str, detail: str) -> None:
        self.host, self.detail = host, detail
        super().__init__(f"host {host}: {detail}")


class HostUnreachable(HostError):
    """ssh could not log in, or did not answer within the limit."""

    advice = "check that oneadmin can log in there without a password"


class HostCommandFailed(HostError):
    """A step on the host ended with an error."""

    advice = "put that right on the host, then retry"

    def __init__(self, host: str, doing: str, said: str) -> None:
        self.doing, self.said = doing, said
        super().__init__(host, f"cannot {doing}: {said}")


class GuestNotFrozen(HostError):
    """The file systems of a guest shall stand still, and nobody in it can do that."""

    advice = "see that qemu-guest-agent runs in the guest, or set FS_FREEZE of the backup to SUSPEND or NONE"

    def __init__(self, host: str, deploy_id: str) -> None:
        super().__init__(host, f"the guest {deploy_id} has no agent that answers")


class OnedError(DriverError):
    """Something about oned."""


class OnedUnreachable(OnedError):
    """oned does not answer over XML-RPC."""

    advice = "see that oned runs and ONE_XMLRPC or ~/.one/one_endpoint names it"


class OnedRefused(OnedError):
    """oned answered, and said no."""

    advice = "see that it exists and that the user in ONE_AUTH or ~/.one/one_auth may use it, then retry"

    def __init__(self, call: str, said: str, code: int = 0) -> None:
        self.call, self.code = call, code
        super().__init__(f"oned refused {call}: {said}")

    @property
    def missing(self) -> bool:
        """Whether oned has no such object (0x0400, opennebula.md 7)."""
        return self.code == 0x0400


class PartialView(OnedError):
    """oned hides objects from the user who asks."""

    advice = "run it as oneadmin, or with a session in ONE_AUTH of a user in the group oneadmin"


class SourceError(DriverError):
    """Something about what an image is made from."""


class SourceRefused(SourceError):
    """A path or file that must not become an image."""


class SourceUnreadable(SourceError):
    """A download, a check sum, a conversion or a read failed."""


class ExportFailed(DriverError):
    """The file that an image is exported to cannot be written."""

    advice = "give the datastore a STAGING_DIR that oneadmin can write to, with room for the whole image"


class ScriptFailed(DriverError):
    """One of OpenNebula's own scripts ended with an error."""

    advice = "see what it logged, then retry"

    def __init__(self, script: str, said: str) -> None:
        self.script, self.said = script, said
        super().__init__(f"{script} failed: {said}")


class Expired(DriverError):
    """A limit ran out."""

    advice = "see what it waits for, then retry"

    def __init__(self, what: str, seconds: float) -> None:
        self.what, self.seconds = what, seconds
        super().__init__(f"{what} did not happen within {seconds:g} seconds")


class SeveralFailed(DriverError):
    """More than one thing failed; the sentence names every one."""

    def __init__(self, errors: Sequence[BaseException]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(str(error) for error in errors))


def raise_together(failed: Sequence[BaseException]) -> None:
    """Raise what failed: nothing, the one error as it is, or SeveralFailed."""
    if len(failed) == 1:
        raise failed[0]
    if failed:
        raise SeveralFailed(failed)
