"""The rules that keep disks safe (design.md 4), as questions to a cloud; an answer is a list of what is broken."""

from __future__ import annotations

from collections.abc import Iterator

from tests.properties.guests import plain
from tests.properties.oned import PropertyCloud
from tests.properties.world import FRONT_END, HOSTS

from adapters.memory.cluster_seen import MARKS
from adapters.memory.file_tree import Link
from adapters.memory.linstor.objects import Definition
from domain import marks as marking
from domain.names import SnapshotName, is_of_backup, snapshot_number
from entrypoints.sandbox.cloud import SYSTEM_LINSTOR
from entrypoints.sandbox.guests import BLOCK

Broken = Iterator[str]


def _definitions(cloud: PropertyCloud) -> dict[str, Definition]:
    return cloud.world.linstor.state.definitions


def data_is_safe(cloud: PropertyCloud) -> Broken:
    """Whatever was acknowledged is on every replica that calls itself up to date, and there is one (rules 3, 4, 7)."""
    for volume, blocks in cloud.must_hold.items():
        found = _definitions(cloud).get(volume)
        good = [each for each in found.diskful() if each.disk_state in ("", "UpToDate")] if found is not None else []
        if found is None or not good:
            yield f"{volume} has no replica any more"
            continue
        for replica in good:
            if cloud.world.linstor.state.nodes[replica.node].networks_cut:
                continue  # it catches up before anybody reads it
            content = found.content(replica, 0)
            lost = [offset for offset, block in blocks.items() if content.read(offset, BLOCK) != block]
            if lost:
                yield f"{volume} on {replica.node} lost what was written at {lost}"


def sizes_never_shrink(cloud: PropertyCloud) -> Broken:
    """No volume is smaller than oned was told (rule 8)."""
    for volume, size_mib in cloud.sizes.items():
        found = _definitions(cloud).get(volume)
        if found is not None and found.volumes[0].size < size_mib * 1024:
            yield f"{volume} has {found.volumes[0].size} KiB, {size_mib} MiB were promised"


def one_writer(cloud: PropertyCloud) -> Broken:
    """No two hosts write one volume (rule 5)."""
    for name, each in _definitions(cloud).items():
        writers = cloud.world.linstor.devices.primaries(each)
        if len(writers) > 1:
            yield f"{name} is written on {writers}"


def no_permission_left(cloud: PropertyCloud) -> Broken:
    """Neither LINSTOR nor a kernel lets a second host write (rule 5)."""
    for name, each in _definitions(cloud).items():
        if each.kernel or cloud.world.linstor.state.wanted_options(each):
            yield f"{name} may be written by two hosts"


def everything_has_an_owner(cloud: PropertyCloud) -> Broken:
    """Every volume belongs to an image or a VM that oned knows (rule 2)."""
    owned = cloud.owned()
    yield from (f"{name} has no owner" for name in _definitions(cloud) if name not in owned)


def nothing_is_unfinished(cloud: PropertyCloud) -> Broken:
    """No mark says that work is going on (rule 2), but on an image that oned calls broken."""
    broken_images = {image.source for image in cloud.images.values()} - cloud.must_hold.keys()
    for name, each in _definitions(cloud).items():
        for mark in (marking.STATE, marking.MIGRATION, marking.REWRITTEN):
            if MARKS + mark in each.props and not (mark == marking.STATE and name in broken_images):
                yield f"{name} still has the mark {mark}={each.props[MARKS + mark]}"
        if any(MARKS + marking.HALF_WRITTEN in one.props for one in each.resources.values()):
            yield f"{name} is still marked as half written"


def _root(cloud: PropertyCloud) -> str:
    return plain(cloud.world.one / "var" / "datastores" / str(SYSTEM_LINSTOR))


def attached_where_used(cloud: PropertyCloud) -> Broken:
    """A volume is attached only where a VM of that host has it (rule 2)."""
    # on a shared file system a host takes the links of all VMs for those of its own
    common = cloud.common_volumes() if cloud.world.hosts_share(_root(cloud)) else set()
    used = {(cloud.volume(vm, disk), cloud.place_of(vm)) for vm, each in cloud.vms.items() for disk in each.disks}
    for name, each in _definitions(cloud).items():
        for there in each.wanted_diskless():
            if not there.tiebreaker and (name, there.node) not in used and name not in common:
                yield f"{name} is attached to {there.node} for nobody"


def files_where_used(cloud: PropertyCloud) -> Broken:
    """A host has files of the VMs that are there, and of no other (rule 2)."""
    root = plain(cloud.world.one / "var" / "datastores")
    homes = {plain(cloud.directory(vm)): cloud.place_of(vm) for vm in cloud.vms}
    for host in HOSTS:
        for path, entry in cloud.world.memory_hosts.host(host).below(root):
            home = next((home for home in homes if path == home or path.startswith(f"{home}/")), None)
            here = home is not None and (homes[home] == host or cloud.world.hosts_share(path))
            if not here and (isinstance(entry, bytes | Link) or path.count("/") > root.count("/") + 1):
                yield f"{path} is left on {host}"


def snapshots_are_those_of_oned(cloud: PropertyCloud) -> Broken:
    """Every snapshot that oned has exists, and of each number one."""
    for name, each in _definitions(cloud).items():
        if name in cloud.backups.given_up:
            continue  # a restore that failed may have begun to drop them
        own = [SnapshotName(key) for key in each.snapshots if not is_of_backup(key)]
        found = sorted(parts[0] for key in own if (parts := snapshot_number(key)) is not None)
        if found != sorted(number for volume, number in cloud.snapshots if volume == name):
            yield f"{name} has the snapshots {sorted(each.snapshots)}"


def snapshots_of_backups_are_wanted(cloud: PropertyCloud) -> Broken:
    """A backup leaves snapshots only to a VM whose next increment begins from them (rule 2)."""
    for name, each in _definitions(cloud).items():
        found = {key: snapshot for key, snapshot in each.snapshots.items() if is_of_backup(key)}
        if found and name not in cloud.backups.chained():
            yield f"{name} has the snapshots {sorted(found)} of a backup, and no VM makes increments of it"
        for key, snapshot in found.items():
            if not snapshot.props.get(MARKS + marking.ASKED):
                yield f"{key} of {name} is of a backup that has ended"


def no_files_of_backups(cloud: PropertyCloud) -> Broken:
    """The host keeps no file that was prepared for a backup (rule 2)."""
    yield from (f"VM {vm} has {sorted(files)}" for vm in cloud.vms if (files := cloud.backups.files(vm)))


def restored_whole_or_not_at_all(cloud: PropertyCloud) -> Broken:
    """A disk whose restore failed has all data of before or all of the backup, or is no disk (rule 4)."""
    for volume, both in cloud.backups.unsure.items():
        for replica in _definitions(cloud)[volume].diskful():
            content = _definitions(cloud)[volume].content(replica, 0)
            shown = [all(content.read(at, BLOCK) == block for at, block in blocks.items()) for blocks in both]
            if not any(shown) and MARKS + marking.HALF_WRITTEN not in replica.props:
                yield f"{volume} on {replica.node} is half written and nothing says so"


def guests_went_on(cloud: PropertyCloud) -> Broken:
    """No order ended while a guest stood still, unless a host did not answer it: then its watchdog counts."""
    yield from (f"{each} stands still" for each in cloud.world.still)


def snapshots_hold_their_data(cloud: PropertyCloud) -> Broken:
    """A snapshot shows the volume as it was when it was taken (rule 4)."""
    for (volume, number), blocks in cloud.snapshots.items():
        if volume in cloud.backups.given_up:
            continue
        found = _definitions(cloud).get(volume)
        kept = found.snapshots if found is not None else {}
        usable = [key for key in kept if (parts := snapshot_number(SnapshotName(key))) and parts[0] == number]
        if not usable:
            yield f"snapshot {number} of {volume} is gone"
        for key in usable[-1:]:
            for part in kept[key].parts.values():
                if any(part[0].read(offset, BLOCK) != block for offset, block in blocks.items()):
                    yield f"snapshot {number} of {volume} shows other data"


def guests_run(cloud: PropertyCloud) -> Broken:
    """A guest that was not stopped can read what it wrote, and write on."""
    for vm, guest in cloud.world.guests.guests.items():
        yield from cloud.world.guests.lost(vm)
        if guest.open:
            cloud.world.guests.write_all(vm)


def nothing_is_left(cloud: PropertyCloud) -> Broken:
    """Without images and VMs there is no volume, no open device and no file."""
    yield from (f"volume {name}" for name in _definitions(cloud))
    root = plain(cloud.world.one / "var" / "datastores")
    for host in (*HOSTS, FRONT_END):
        files = cloud.world.memory_hosts.host(host).below(root)
        yield from (f"{path} on {host}" for path, entry in files if isinstance(entry, bytes | Link))


ALWAYS = (
    data_is_safe,
    sizes_never_shrink,
    one_writer,
    snapshots_hold_their_data,
    restored_whole_or_not_at_all,
    guests_went_on,
    guests_run,
)
AFTERWARDS = (
    no_permission_left,
    everything_has_an_owner,
    nothing_is_unfinished,
    attached_where_used,
    files_where_used,
    snapshots_are_those_of_oned,
    snapshots_of_backups_are_wanted,
    no_files_of_backups,
)


def broken(cloud: PropertyCloud, *, settled: bool) -> list[str]:
    """What is broken now; *settled*: all orders have ended, so nothing may be half done either."""
    rules = (*ALWAYS, *AFTERWARDS) if settled else ALWAYS
    return [f"{rule.__name__}: {each}" for rule in rules for each in rule(cloud)]
