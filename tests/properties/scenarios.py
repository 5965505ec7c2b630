"""For each action one operation of oned in which it is called, and what oned may do after it failed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.properties.oned import PropertyCloud
from tests.properties.oned_images import CDROM, SHAREABLE
from tests.properties.rules import broken
from tests.properties.world import World

from entrypoints.sandbox.cloud import SYSTEM_LINSTOR, OrderFailed

VM, IMAGE, PERSISTENT, DISC, COMMON, NEW = 7, 20, 21, 22, 23, 30
Operation = Callable[[PropertyCloud], object]


def stranger(cloud: PropertyCloud, image: int = PERSISTENT, *, beside: str = "") -> str:
    """A host that holds no replica of the image."""
    holds = {each.node for each in cloud.world.linstor.state.definitions[cloud.images[image].source].diskful()}
    return next(host for host in ("alpha", "beta", "gamma", "delta") if host not in {*holds, beside})


def fresh(*, shared: bool = False, wired: bool = False) -> PropertyCloud:
    """A cloud with an image and a persistent image; *wired* as in `World`."""
    cloud = PropertyCloud(World([SYSTEM_LINSTOR] if shared else [], wired=wired))
    cloud.add_image(IMAGE)
    cloud.add_image(PERSISTENT, persistent=True)
    return cloud


def with_shared_images(cloud: PropertyCloud) -> PropertyCloud:
    """The cloud, with a CD-ROM and a shareable image, too."""
    cloud.add_image(DISC, kind=CDROM)
    cloud.add_image(COMMON, persistent=True, kind=SHAREABLE)
    return cloud


def running(cloud: PropertyCloud) -> None:
    """A VM with a clone, a persistent and a volatile disk runs where no replica of the persistent one is."""
    cloud.start(VM, stranger(cloud), [IMAGE, PERSISTENT], volatile="fs")


def snapshotted(cloud: PropertyCloud) -> None:
    """The running VM has a snapshot of its first disk, and wrote on."""
    running(cloud)
    cloud.snapshot(VM, 0, 0, live=True)
    cloud.world.guests.write_all(VM, 3)


def off(cloud: PropertyCloud) -> None:
    """The VM with the snapshot is powered off."""
    snapshotted(cloud)
    cloud.world.guests.stop(VM)


def undeployed(cloud: PropertyCloud) -> None:
    """The VM's files are on the front-end."""
    running(cloud)
    cloud.undeploy(VM)


def image_with_snapshots(cloud: PropertyCloud) -> None:
    """The persistent image kept two snapshots from a VM that has ended."""
    running(cloud)
    for number in (0, 1):
        cloud.snapshot(VM, 1, number)
        cloud.world.guests.write(VM, 1, 2)
    cloud.finish(VM)


def on_an_old_server(prepare: Operation) -> Operation:
    """The same on a LINSTOR that goes back to the newest snapshot only."""

    def prepared(cloud: PropertyCloud) -> None:
        prepare(cloud)
        cloud.world.linstor.rest_api_version = "1.24.0"

    return prepared


def twice_snapshotted(cloud: PropertyCloud) -> None:
    """The VM is off, has two snapshots of its first disk, and wrote after each."""
    snapshotted(cloud)
    cloud.snapshot(VM, 0, 1, live=True)
    cloud.world.guests.write_all(VM, 3)
    cloud.world.guests.stop(VM)


def two_disks(cloud: PropertyCloud) -> None:
    """A VM with a copy and a persistent image runs."""
    cloud.start(VM, stranger(cloud), [IMAGE, PERSISTENT])


def two_disks_off(cloud: PropertyCloud) -> None:
    """The same VM is powered off."""
    two_disks(cloud)
    cloud.world.guests.stop(VM)


def chained(cloud: PropertyCloud) -> None:
    """The VM runs, and has a backup that increments are made to."""
    two_disks(cloud)
    cloud.backups.save(VM, mode="INCREMENT")
    cloud.world.guests.write_all(VM, 2)


def saved(cloud: PropertyCloud) -> None:
    """The VM is off, has a snapshot of its first disk and a whole backup, and wrote on before it was powered off."""
    two_disks(cloud)
    cloud.snapshot(VM, 0, 0, live=True)
    cloud.backups.save(VM)
    cloud.world.guests.write_all(VM, 3)
    cloud.world.guests.stop(VM)


@dataclass(frozen=True)
class Scenario:
    """*operate* calls *action* (`kind/action`); *again* is what oned does after a failure, by the name of the way.

    *forgets_files*: oned ignores the failure and never again names the host that the VM has left, so that its links
    and files stay there; volumes and attachments may not. *long*: an ordinary run takes one way
    out at each call, in turn.
    """

    action: str
    operate: Operation
    prepare: Operation = lambda _cloud: None
    again: tuple[tuple[str, Operation], ...] = ()
    forgets_files: bool = False
    long: bool = False

    def ways(self) -> tuple[tuple[str, Operation], ...]:
        """Every way out of a failure; the same operation again where nothing else is said."""
        return (("retry", self.operate), *self.again)


def _delete(cloud: PropertyCloud) -> None:
    """`recover --delete`; the VM is DONE, whatever its scripts said."""
    cloud.recover_delete(VM)
    cloud.forget(VM)


def _recreate(cloud: PropertyCloud) -> None:
    """`recover --recreate`, and the VM is deployed on another host."""
    cloud.recreate(VM, "delta")
    cloud.bring_all(VM)


def _delete_saved(cloud: PropertyCloud) -> None:
    """The image is in ERROR, and the user deletes it."""
    cloud.drop_image(NEW)


def _target(cloud: PropertyCloud) -> str:
    return stranger(cloud, beside=cloud.vms[VM].now.host)


def _restart(cloud: PropertyCloud) -> None:
    """The VM that is off is terminated."""
    cloud.finish(VM)


def _boot(cloud: PropertyCloud) -> None:
    """The user starts the VM after a restore that failed, and ends it; a VM with a half written disk does not start."""
    cloud.backups.look_after_failure(VM)
    with suppress(OrderFailed, OSError):
        cloud.boot(VM)
    assert not broken(cloud, settled=False)
    cloud.finish(VM)


ENDS = (("delete", _delete),)
REBORN = (*ENDS, ("recreate", _recreate))
SAVED = (*ENDS, ("remove", _delete_saved))
STARTS = (*REBORN, ("terminate", _restart))

ENDED_BACKUP = (*ENDS, ("terminate", _restart), ("clean up", lambda cloud: cloud.backups.end(VM)))
RESTORED = (*ENDS, ("terminate", _restart), ("boot", _boot))

SCENARIOS = (
    Scenario("datastore/stat", lambda cloud: cloud.add_image(NEW)),
    Scenario("datastore/cp", lambda cloud: cloud.add_image(NEW)),
    Scenario("datastore/mkfs", lambda cloud: cloud.add_empty(NEW)),
    Scenario("datastore/clone", lambda cloud: cloud.clone_image(NEW, IMAGE)),
    Scenario("datastore/rm", lambda cloud: cloud.drop_image(IMAGE)),
    Scenario("datastore/rm", lambda cloud: cloud.drop_image(PERSISTENT), image_with_snapshots),
    Scenario("datastore/export", lambda cloud: cloud.export(IMAGE)),
    Scenario("datastore/monitor", lambda cloud: cloud.monitor()),
    Scenario(
        "datastore/snap_delete",
        lambda cloud: cloud.image_snapshot(PERSISTENT, "snap_delete", 0),
        image_with_snapshots,
    ),
    Scenario(
        "datastore/snap_revert",
        lambda cloud: cloud.image_snapshot(PERSISTENT, "snap_revert", 0),
        image_with_snapshots,
    ),
    Scenario(
        "datastore/snap_flatten",
        lambda cloud: cloud.image_snapshot(PERSISTENT, "snap_flatten", 0),
        image_with_snapshots,
    ),
    Scenario(
        "datastore/snap_revert",
        lambda cloud: cloud.image_snapshot(PERSISTENT, "snap_revert", 0),
        on_an_old_server(image_with_snapshots),
    ),
    Scenario(
        "datastore/snap_flatten",
        lambda cloud: cloud.image_snapshot(PERSISTENT, "snap_flatten", 0),
        on_an_old_server(image_with_snapshots),
    ),
    Scenario("tm/clone", lambda cloud: cloud.start(VM, "alpha", [IMAGE, PERSISTENT]), again=STARTS),
    Scenario("tm/clone", lambda cloud: cloud.attach_disk(VM, 5, IMAGE), running, again=ENDS),
    Scenario("tm/ln", lambda cloud: cloud.start(VM, stranger(cloud), [PERSISTENT]), again=STARTS),
    Scenario("tm/mkimage", lambda cloud: cloud.start(VM, "gamma", [IMAGE], volatile="fs"), again=STARTS),
    Scenario("tm/mkswap", lambda cloud: cloud.start(VM, "gamma", [IMAGE], volatile="swap"), again=STARTS),
    Scenario("tm/context", lambda cloud: cloud.start(VM, "gamma", [IMAGE]), again=STARTS),
    Scenario("tm/mvds", lambda cloud: cloud.finish(VM), running, again=ENDS),
    Scenario("tm/delete", lambda cloud: cloud.finish(VM), snapshotted, again=ENDS),
    Scenario("tm/delete", lambda cloud: cloud.detach_disk(VM, 0), running, again=ENDS),
    Scenario(
        "tm/premigrate",
        lambda cloud: cloud.migrate_live(VM, _target(cloud)),
        running,
        again=(*ENDS, ("stop", _restart)),
    ),
    Scenario(
        "tm/postmigrate",
        lambda cloud: cloud.migrate_live(VM, _target(cloud)),
        running,
        again=(*ENDS, ("terminate", _restart)),
        forgets_files=True,
    ),
    Scenario(
        "tm/failmigrate",
        lambda cloud: cloud.fail_migration(VM, _target(cloud)),
        running,
        again=(*ENDS, ("terminate", _restart)),
        forgets_files=True,
    ),
    Scenario("tm/mv", lambda cloud: cloud.undeploy(VM), running, again=ENDS),
    Scenario("tm/mv", lambda cloud: cloud.resume(VM, "delta"), undeployed, again=ENDS),
    Scenario("tm/mv", lambda cloud: cloud.migrate_cold(VM, "delta"), running, again=ENDS),
    Scenario("tm/resize", lambda cloud: cloud.resize(VM, 0, 5), running, again=ENDS),
    Scenario("tm/snap_create", lambda cloud: cloud.snapshot(VM, 0, 1), off, again=ENDS),
    Scenario("tm/snap_create_live", lambda cloud: cloud.snapshot(VM, 0, 1, live=True), snapshotted, again=ENDS),
    Scenario("tm/snap_revert", lambda cloud: cloud.revert(VM, 0, 0), off, again=ENDS),
    Scenario("tm/snap_revert", lambda cloud: cloud.revert(VM, 0, 0), on_an_old_server(twice_snapshotted), again=ENDS),
    Scenario("tm/snap_delete", lambda cloud: cloud.drop_snapshot(VM, 0, 0), snapshotted, again=ENDS),
    Scenario("tm/cpds", lambda cloud: cloud.save_as(VM, 0, NEW), running, again=SAVED),
    Scenario("tm/cpds", lambda cloud: cloud.save_as(VM, 0, NEW, 0), snapshotted, again=SAVED),
    Scenario("tm/prebackup", lambda cloud: cloud.backups.save(VM), two_disks_off, again=ENDED_BACKUP, long=True),
    Scenario(
        "tm/prebackup_live",
        lambda cloud: cloud.backups.save(VM, mode="INCREMENT", still="AGENT"),
        two_disks,
        again=ENDED_BACKUP,
        long=True,
    ),
    Scenario(
        "tm/prebackup_live",
        lambda cloud: cloud.backups.save(VM, mode="INCREMENT", still="SUSPEND"),
        chained,
        again=ENDED_BACKUP,
        long=True,
    ),
    Scenario("tm/prebackup_live", lambda cloud: cloud.backups.save(VM), chained, again=ENDED_BACKUP, long=True),
    Scenario("tm/postbackup", lambda cloud: cloud.backups.save(VM), two_disks_off, again=ENDED_BACKUP, long=True),
    Scenario(
        "tm/postbackup_live",
        lambda cloud: cloud.backups.save(VM, mode="INCREMENT"),
        chained,
        again=ENDED_BACKUP,
        long=True,
    ),
    Scenario("tm/restore", lambda cloud: cloud.backups.restore(VM), saved, again=RESTORED, long=True),
    Scenario("tm/monitor", lambda cloud: cloud.monitor("tm")),
)
