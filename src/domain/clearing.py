"""Find what nobody in oned accounts for, and take it away: only what is still the same when looked at again.

Every look reads LINSTOR first and oned after it: oned knows of an image or disk before its volume is made, so what a
volume belongs to cannot be missing from the later list. Before anything is taken away the locks of its volume are held,
so that no order of this front-end is under way, and everything is read anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from domain.attachment import Attachment
from domain.belongings import Belongings
from domain.debts import Debts
from domain.errors import DriverError, Expired, OnedRefused
from domain.healing import Healing
from domain.inventory import Holding, Inventories
from domain.lifetime import Lifetime
from domain.names import GroupName, HostName, snapshot_number
from domain.opennebula import Datastore, Image, Vm
from domain.orphans import WHOLE, Finding, Kind, classify, payable
from domain.pools import Pools
from domain.ports import Clusters, Locks, Oned
from domain.settings import group_in, settings_of
from domain.sight import Past, Sight
from domain.sites import is_ours, storages_of
from domain.snapshots import Snapshots
from domain.storage import Storage
from domain.strangers import last_vm

AT_ONCE = 20
"""Volumes that are locked together: one look at everything serves so many."""


@dataclass(frozen=True)
class Asked:
    """What the administrator says. *now*: seconds since 1970. *older*: seconds, 0 says that no order is running.

    *groups* and *hosts* are further ones that belong to this OpenNebula, this front-end among them. *trusting*: what
    oned does not know is nobody's, whatever numbers, times and counts say.
    """

    now: int
    older: int = 3600
    groups: Collection[GroupName] = ()
    hosts: Collection[HostName] = ()
    trusting: bool = False


@dataclass(frozen=True)
class Done:
    """What became of a finding: *error* and *left* are "" where it is gone; *left* says what was different."""

    finding: Finding
    error: str = ""
    left: str = ""


@dataclass
class Picture:
    """One look at everything."""

    belongings: Belongings
    storages: Mapping[str, Storage]
    holdings: dict[tuple[str, str], Holding] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class Orphans:
    """The rule behind `onelinstor orphans`."""

    def __init__(
        self,
        pools: Pools,
        oned: Oned,
        inventories: Inventories,
        clusters: Clusters,
        environment: Mapping[str, str],
        locks: Locks,
        lifetime: Lifetime,
        attachment: Attachment,
        healing: Healing,
        debts: Debts,
        snapshots: Snapshots,
    ) -> None:
        self._pools = pools
        self._oned = oned
        self._inventories = inventories
        self._clusters = clusters
        self._environment = environment
        self._locks = locks
        self._lifetime = lifetime
        self._attachment = attachment
        self._healing = healing
        self._debts = debts
        self._snapshots = snapshots

    def find(self, asked: Asked) -> list[Finding]:
        """Everything too many in every LINSTOR that a datastore names.

        Raises PartialView, OnedUnreachable, OnedRefused, ClusterError, BadConfiguration: nothing is judged then.
        """
        return self._look(asked).findings

    def clear(self, findings: Sequence[Finding], asked: Asked) -> Iterator[Done]:
        """Take away those of *findings* that need not be kept, and tell of each. Raises as :meth:`find`."""
        wanted = [each for each in findings if not each.kept]
        for start in range(0, len(wanted), AT_ONCE):
            yield from self._clear(wanted[start : start + AT_ONCE], asked)

    def _clear(self, findings: Sequence[Finding], asked: Asked) -> Iterator[Done]:
        storages = storages_of(self._pools.datastores(), self._clusters, self._environment)
        limit = max(each.settings.limits.lock for each in storages.values())
        with ExitStack() as stack:
            try:
                stack.enter_context(self._locks.hold({each.volume for each in findings}, limit))
            except Expired as busy:
                yield from (Done(each, left=str(busy)) for each in findings)
                return
            picture = self._look(asked)
            again = {each.key: each for each in picture.findings}
            yield from (self._one(each, again.get(each.key), picture) for each in findings)

    def _one(self, finding: Finding, again: Finding | None, picture: Picture) -> Done:
        if again is None:
            return Done(finding, left="it is not the same any more")
        if again.kept:
            return Done(finding, left=again.kept)
        try:
            self._take_away(finding, picture)
        except DriverError as error:
            return Done(finding, error=str(error))
        return Done(finding)

    def _take_away(self, finding: Finding, picture: Picture) -> None:
        storage = picture.storages[finding.linstor]
        definition = picture.holdings[finding.linstor, finding.volume].definition
        if finding.kind in WHOLE:
            self._debts.settle(storage, payable(definition, picture.belongings))
            self._lifetime.delete(storage, finding.volume)
        elif finding.kind is Kind.SNAPSHOT and (number := snapshot_number(finding.part)) is not None:
            self._snapshots.delete(storage, finding.volume, number[0])
        elif finding.kind is Kind.ATTACHMENT:
            self._attachment.release(storage, finding.volume, HostName(finding.part))
        elif finding.kind is Kind.WRITERS:
            owner = picture.belongings.owner(finding.volume)
            self._healing.heal(storage, definition, owner.homes if owner else [])
        elif finding.kind is Kind.DEBT:
            self._debts.settle(storage, payable(definition, picture.belongings))

    # -- looking ----------------------------------------------------------------------------------

    def _look(self, asked: Asked) -> Picture:
        self._pools.require_whole()
        datastores = list(self._pools.datastores())
        storages = storages_of(datastores, self._clusters, self._environment)
        held = {name: self._inventories.of(each.settings).holdings() for name, each in storages.items()}
        images, vms = list(self._pools.images()), list(self._pools.vms())
        picture = Picture(Belongings(images, vms), storages)
        sight = self._sight(asked, datastores, images, vms)
        if not asked.trusting:
            sight = replace(sight, past=self._past(images, vms, self._last_vm(held.values(), picture, sight)))
        for name, holdings in held.items():
            picture.holdings.update({(name, each.definition.name): each for each in holdings})
            found = classify(
                holdings, picture.belongings, replace(sight, copy=int(storages[name].settings.limits.copy))
            )
            picture.findings += [replace(each, linstor=name) for each in found]
        return picture

    def _last_vm(self, held: Iterable[Sequence[Holding]], picture: Picture, sight: Sight) -> int:
        """The greatest number of a VM that is not in the list and that oned knows all the same, for it is DONE."""
        number = max((last_vm(each, picture.belongings, sight) for each in held), default=-1)
        try:
            return self._oned.vm(number).vm_id if number >= 0 else -1
        except OnedRefused as refused:
            if refused.missing:
                return -1
            raise

    def _past(self, images: list[Image], vms: list[Vm], last_vm: int) -> Past:
        numbers = {disk.image_id for vm in vms for disk in vm.disks if disk.image_id is not None}
        return Past(
            last_image=max({image.image_id for image in images} | numbers, default=-1),
            last_vm=max([last_vm, *(vm.vm_id for vm in vms)]),
            registered={image.image_id: image.registered for image in images},
        )

    def _sight(self, asked: Asked, datastores: Sequence[Datastore], images: list[Image], vms: list[Vm]) -> Sight:
        settings = [settings_of(each, self._environment) for each in datastores if is_ours(each)]
        templates = [image.attributes for image in images] + [vm.attributes for vm in vms]
        templates += [disk.attributes for vm in vms for disk in vm.disks]
        groups = {each.group for each in settings} | {group for each in templates if (group := _group(each))}
        hosts = {*self._pools.hosts(), *(bridge for each in settings for bridge in each.bridges)}
        return Sight(asked.now, groups | set(asked.groups), hosts | set(asked.hosts), asked.older)


def _group(template: Mapping[str, str]) -> GroupName | None:
    try:
        return group_in(template)
    except DriverError:
        return None
