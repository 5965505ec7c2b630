"""What LINSTOR holds that nothing in oned accounts for: what it is, how old, and why it must not be touched yet.

A pure rule over two pictures, LINSTOR's and oned's. It errs on the side of keeping: what could be owned is owned, what
could be in use is in use, what could be young is young, and what could be somebody else's is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import PurePosixPath

from domain import marks as marking
from domain.belongings import ERROR, Belongings, Named, Owner, named
from domain.inventory import Holding
from domain.names import HostName, VolumeName, is_of_backup, is_safety, same_host, snapshot_number
from domain.sight import Sight
from domain.strangers import strangers
from domain.volumes import Definition, Deployment, Role, Snapshot


class Kind(Enum):
    """The classes that an administrator is asked about one by one."""

    DISK = "disk"
    IMAGE = "image"
    EARLIER = "earlier-life"
    HALF_MADE = "half-made"
    SNAPSHOT = "snapshot"
    ATTACHMENT = "attachment"
    WRITERS = "two-writers"
    DEBT = "debt"


WHOLE = frozenset({Kind.DISK, Kind.IMAGE, Kind.EARLIER, Kind.HALF_MADE})
"""The kinds of which the whole volume is meant; of the others it is a part, and the data stays."""


@dataclass(frozen=True)
class Finding:
    """One thing too many. *part* is the host or the snapshot that is meant, "" for the whole volume.

    *since*: when its youngest part was made, seconds since 1970, 0 where LINSTOR does not tell. *kept*: why it must not
    be touched, "" where it may be. *linstor* names the LINSTOR that holds it.
    """

    kind: Kind
    volume: VolumeName
    why: str
    since: int = 0
    part: str = ""
    size_kib: int = 0
    kept: str = ""
    linstor: str = ""

    @property
    def key(self) -> tuple[str, Kind, str, str, int]:
        """What must be the same when one looks again."""
        return self.linstor, self.kind, self.volume, self.part, self.since


def classify(holdings: Sequence[Holding], belongings: Belongings, sight: Sight) -> list[Finding]:
    """Everything too many in one LINSTOR; all is kept where there are signs that oned does not know everything."""
    found = [each for holding in holdings for each in _about(holding, belongings, sight)]
    foreign = strangers(holdings, belongings, sight)
    if foreign:
        reason = f"another OpenNebula seems to use this LINSTOR, or oned's database is an older copy: {foreign[0]}"
        return [replace(each, kept=each.kept or reason) for each in found]
    return found


def _about(holding: Holding, belongings: Belongings, sight: Sight) -> Iterator[Finding]:
    definition = holding.definition
    owner, told = belongings.owner(definition.name), named(definition.name, definition.marks)
    if owner is None:
        if told is not None:
            yield _unowned(holding, told, belongings, sight)
    elif _given_up(definition, owner):
        yield _whole(holding, Kind.HALF_MADE, "the image that it was made for is in error and has no source", sight)
    else:
        yield from _too_many_snapshots(holding, owner, sight)
        yield from _too_many_writers(holding, owner, sight)
        yield from _too_many_attachments(holding, owner, sight)
        yield from _debts(definition, belongings)


# -- whole volumes --------------------------------------------------------------------------------


def _unowned(holding: Holding, told: Named, belongings: Belongings, sight: Sight) -> Finding:
    definition = holding.definition
    if definition.deleting:
        return _whole(holding, Kind.HALF_MADE, "its deletion was begun and has not ended", sight)
    origin = marking.laid_out_for(definition.name, definition.marks)
    owner = belongings.owner(origin) if origin is not None else None
    if owner is not None:
        found = _whole(holding, Kind.HALF_MADE, f"a revert, restore or backup of {origin} laid it out", sight)
        return replace(found, kept=found.kept or _busy(owner))
    if told.disk is None:
        return _unowned_image(holding, told.image, sight)
    whose = f"VM {told.disk.vm}, disk {told.disk.disk}"
    found = _whole(holding, Kind.DISK, f"oned has no {whose}", sight)
    if belongings.has_disk(told.disk):
        found = replace(found, kind=Kind.EARLIER, why=f"{whose} is another volume now")
    if _unfinished(definition):
        found = replace(found, kind=Kind.HALF_MADE, why=f"it was never finished, and {found.why}")
    busy = f"oned has an order under way about VM {told.disk.vm}" if belongings.busy(told.disk.vm) else ""
    return replace(found, kept=found.kept or busy)


def _unowned_image(holding: Holding, image: int | None, sight: Sight) -> Finding:
    why = f"oned has no image {image}"
    if _unfinished(holding.definition):
        return _whole(holding, Kind.HALF_MADE, f"it was never finished, and {why}", sight)
    return _whole(holding, Kind.IMAGE, why, sight)


def _unfinished(definition: Definition) -> bool:
    return definition.failed or definition.copying or definition.marks.get(marking.STATE) == marking.CREATING


def _given_up(definition: Definition, owner: Owner) -> bool:
    """Whether oned has an image of that name which never got a volume: nothing ever removes what is left of it."""
    image = owner.image
    gone = image is not None and image.state == ERROR and not image.source and not owner.vms
    return gone and definition.marks.get(marking.STATE) == marking.CREATING


def _whole(holding: Holding, kind: Kind, why: str, sight: Sight) -> Finding:
    definition = holding.definition
    return Finding(
        kind,
        definition.name,
        why,
        since=holding.touched,
        size_kib=definition.size_kib,
        kept=_kept_whole(holding, sight),
    )


def _kept_whole(holding: Holding, sight: Sight) -> str:
    """Why the volume must stay, "" where nothing speaks for it."""
    definition = holding.definition
    if definition.group not in sight.groups:
        return f"resource group {definition.group} is that of no datastore, image or VM of this OpenNebula"
    open_on = [each.host for each in holding.deployments if each.in_use]
    if open_on:
        return f"it is in use on {', '.join(open_on)}"
    unknown = [each.host for each in holding.deployments if _maybe_open(each)]
    if unknown and not definition.failed:
        return f"nobody can tell whether it is in use on {', '.join(unknown)}"
    foreign = [each.name for each in holding.snapshots if snapshot_number(each.name) is None]
    if foreign:
        return f"it has snapshots that this driver did not take: {', '.join(foreign)}"
    if definition.copying and not _older(holding.touched, sight.now, sight.copy):
        return "LINSTOR is still copying it"
    return _too_young(holding.touched, sight)


def _maybe_open(each: Deployment) -> bool:
    return each.in_use is None and each.role is not Role.WITNESS


def _too_young(since: int, sight: Sight) -> str:
    if sight.older <= 0:
        return ""
    if not since:
        return "LINSTOR does not tell its age, so an order that still runs may have made it"
    return "" if _older(since, sight.now, sight.older) else f"it is younger than {sight.older} seconds"


def _older(since: int, now: int, seconds: int) -> bool:
    return 0 < since <= now - seconds


# -- parts of volumes that are owned --------------------------------------------------------------


def _busy(owner: Owner) -> str:
    return "" if owner.at_rest else "oned has an order under way about its image or VM"


def _too_many_snapshots(holding: Holding, owner: Owner, sight: Sight) -> Iterator[Finding]:
    for each in holding.snapshots:
        number = snapshot_number(each.name)
        if number is not None and number[0] not in owner.snapshots and not _begins_increments(each, owner):
            why = f"oned knows no snapshot {number[0]} of it"
            if is_safety(each.name):
                why = "a revert took it to keep the data of before, and has ended"
            if is_of_backup(each.name):
                why = "a backup took it, and no later one will begin from it"
            kept = _half_written(holding) or _busy(owner) or _too_young(each.created, sight)
            yield Finding(Kind.SNAPSHOT, holding.definition.name, why, each.created, each.name, each.size_kib, kept)


def _begins_increments(snapshot: Snapshot, owner: Owner) -> bool:
    """Whether a VM may still need it for its next backup; what it says of its own backup is empty for all others."""
    return is_of_backup(snapshot.name) and bool(snapshot.marks.get(marking.ASKED)) and owner.makes_increments


def _half_written(holding: Holding) -> str:
    half = any(each.half_written for each in holding.deployments)
    return "a revert was interrupted and may have to go back to it: revert the disk again" if half else ""


def _too_many_writers(holding: Holding, owner: Owner, sight: Sight) -> Iterator[Finding]:
    definition = holding.definition
    pair = marking.migration_pair(definition.marks)
    if pair is None and not definition.two_writers:
        return
    several = len([each for each in holding.deployments if each.in_use]) > 1
    kept = "two hosts have it open for writing" if several else _busy(owner) or _too_young(holding.touched, sight)
    part = ">".join(pair) if pair else ""
    why = "two hosts may still write to it, and no migration is under way"
    yield Finding(Kind.WRITERS, definition.name, why, holding.touched, part, kept=kept)


def _too_many_attachments(holding: Holding, owner: Owner, sight: Sight) -> Iterator[Finding]:
    """Attachments where no VM is. A migration that was not ended is a finding of its own, and takes its ends along."""
    if marking.migration_pair(holding.definition.marks) is not None:
        return
    for each in holding.deployments:
        at_home = any(same_host(each.host, home) for home in owner.homes)
        if each.role is Role.ATTACHMENT and not at_home and not each.deleting:
            why = f"it is attached to {each.host}, where no VM of oned uses it"
            kept = _kept_attachment(each, owner, sight)
            yield Finding(Kind.ATTACHMENT, holding.definition.name, why, each.created, each.host, kept=kept)


def _kept_attachment(each: Deployment, owner: Owner, sight: Sight) -> str:
    if each.in_use:
        return f"it is in use on {each.host}"
    if each.in_use is None:
        return f"nobody can tell whether it is in use on {each.host}"
    return _busy(owner) or _too_young(each.created, sight)


def _debts(definition: Definition, belongings: Belongings) -> Iterator[Finding]:
    for host, paths in marking.debts(definition.marks).items():
        live = [path for path in paths if _lives(path, host, belongings)]
        kept = f"the VM is on that host now ({', '.join(live)})" if live else ""
        why = f"links on {host} are still to be removed: {', '.join(paths)}"
        yield Finding(Kind.DEBT, definition.name, why, 0, host, kept=kept)


def payable(definition: Definition, belongings: Belongings) -> Definition:
    """The definition with those debts alone that no VM's directory stands against."""
    owed = {
        marking.debt_key(host): " ".join(paths)
        for host, paths in marking.debts(definition.marks).items()
        if not any(_lives(path, host, belongings) for path in paths)
    }
    return replace(definition, marks=owed)


def _lives(path: str, host: HostName, belongings: Belongings) -> bool:
    """Whether the VM in whose directory *path* is (`.../VM/disk.N`) is on *host*; a path of another form may be."""
    vm = PurePosixPath(path).parent.name
    return not vm.isdigit() or belongings.lives_at(int(vm), host)
