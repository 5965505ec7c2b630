"""Deployments: volumes, contents and devices come up, round by round (linstor.md 2.3, 2.5, 2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.memory.linstor import commands, quorum
from adapters.memory.linstor.objects import (
    DISKLESS_POOL,
    Definition,
    Node,
    Pool,
    Resource,
    Snapshot,
    VolumeDefinition,
    gross_kib,
    metadata_kib,
)
from adapters.memory.linstor.quorum import Settled
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DELETED,
    MOD,
    OPERATION,
    RSC,
    VLM,
    Refused,
    Reply,
    info,
    number,
    success,
    warning,
)
from adapters.memory.linstor.satellites import Satellites, one_by_one
from adapters.memory.linstor.state import State

AUTO_VERIFY = "DrbdOptions/auto-verify-alg"
MINIMUM_KIB = 4
MAXIMUM_KIB = 2**40


@dataclass(frozen=True)
class Source:
    """Where the data of new replicas comes from."""

    snapshot: Snapshot | None = None


class Deploy:
    """Deployments as satellites carry them out."""

    def __init__(self, state: State, satellites: Satellites) -> None:
        self._state = state
        self._satellites = satellites

    # -- recording ------------------------------------------------------------------------------

    def record_replica(self, definition: Definition, node: Node, pool: Pool) -> Resource:
        """Put a replica on record; its satellite has done nothing yet."""
        made = Resource(node.name, props={"StorPoolName": pool.name}, pool=pool.name, deployed=False, backed=False)
        return quorum.record(self._state, definition, made)

    def record_diskless(self, definition: Definition, node: Node) -> Resource:
        """Put an attachment on record."""
        flags, props = {"DISKLESS", "DRBD_DISKLESS"}, {"StorPoolName": DISKLESS_POOL}
        return quorum.record(self._state, definition, Resource(node.name, flags, props, deployed=False))

    def first_deployment(self, definition: Definition, context: int) -> list[Reply]:
        """What the controller settles when a definition gets its first resource."""
        definition.layers_known = True
        for volume in definition.volumes.values():
            self.prepare(definition, volume)
        if not definition.drbd or AUTO_VERIFY in definition.props:
            return []
        definition.props[AUTO_VERIFY] = "sha512"
        return [info(context, 0, f"Updated {definition.name} DRBD auto verify algorithm to 'sha512'")]

    def prepare(self, definition: Definition, volume: VolumeDefinition) -> None:
        """Give a volume its content and the properties that LINSTOR sets at the first deployment."""
        if volume.content is None:
            name = f"{commands.backing(definition, volume)}.{volume.uuid[:8]}"
            volume.content = self._state.contents.new(name, volume.size * 1024)
        if definition.drbd:
            volume.flags.add("DRBD_INITIALIZED")
            volume.props.setdefault("DrbdOptions/Disk/block-size", "512")
            volume.props.setdefault("DrbdOptions/Disk/rs-discard-granularity", "4096")

    def fit(self, definition: Definition, pool: Pool) -> None:
        """Set backing and content size for the extents of *pool*."""
        for volume in definition.volumes.values():
            self.prepare(definition, volume)
            volume.gross = max(volume.gross, gross_kib(volume.size, pool.granularity, drbd=definition.drbd))
            volume.props.setdefault("StorDriver/internal/AllocationGranularity", str(pool.granularity))
            if definition.drbd:
                volume.props.setdefault("DrbdOptions/Disk/discard-zeroes-if-aligned", "yes" if pool.thin else "no")
                volume.props.setdefault("Linstor/Drbd/InitialUptoDateOn", "HOST")
            self.size_content(definition, volume)

    @staticmethod
    def size_content(definition: Definition, volume: VolumeDefinition) -> None:
        """The device is as large as the backing volume leaves room for; it never shrinks by that."""
        usable = usable_kib(definition, volume) * 1024
        if volume.content is not None and volume.content.size < usable:
            volume.content.resize(usable)

    # -- bringing up ----------------------------------------------------------------------------

    def bring_up(
        self, definition: Definition, new: Sequence[Resource], context: int, source: Source = Source()
    ) -> list[Reply]:
        """The round that makes *new* resources and tells their peers; then whether they are ready.

        Raises Refused with what was said where a satellite fails: what is on record stays.
        """
        made, others = {each.node for each in new}, self._satellites.adjusts(definition, context)

        def does(each: Resource) -> list[Reply]:
            return self._makes(definition, each, context, source) if each.node in made else others(each)

        def updates(each: Resource) -> list[Reply]:
            what = "Created resource" if each.node in made else f"Added peer(s) {', '.join(sorted(made))} to resource"
            text = f"{what} '{definition.name}' on '{{node}}'"
            return self._satellites.round(definition, context, text, does, [each])

        return one_by_one(definition.resources.values(), updates)

    def _makes(self, definition: Definition, each: Resource, context: int, source: Source) -> list[Reply]:
        said = [] if each.diskless else self.makes_backing(definition, each, context, source)
        if not definition.drbd:
            self._appears(definition, each)
            return said
        if not any(not other.diskless and not other.going for other in definition.resources.values()):
            raise self._satellites.broken(context, each.node, "Linstor/Drbd/InitialUptoDateOn was unexpectedly null")
        for volume in definition.volumes.values():
            command = commands.create_metadata(definition, volume)
            self._satellites.run(each.node, command, "Failed to create meta-data", context)
        each.deployed = True
        try:
            said += self._satellites.adjusts(definition, context)(each)
        except Refused:
            each.deployed = False
            raise
        self._appears(definition, each)
        return [one for one in said if "resized" not in one.message]

    def makes_backing(
        self, definition: Definition, each: Resource, context: int, source: Source = Source()
    ) -> list[Reply]:
        """Backing volumes with their contents; their satellite's entries. Raises Refused 998."""
        pool = self._satellites.pool(each)
        self.fit(definition, pool)
        for volume in definition.volumes.values():
            command, message = self._command(definition, volume, pool, source)
            self._satellites.run(each.node, command, message, context)
        each.backed = True
        self._fill(definition, each, source)
        return self._satellites.per_volume(definition, each, (context & OPERATION) | VLM, CREATED, "created")

    @staticmethod
    def _command(definition: Definition, volume: VolumeDefinition, pool: Pool, source: Source) -> tuple[str, str]:
        name = commands.backing(definition, volume)
        if source.snapshot is None:
            return commands.create(pool, name, volume.size), "Failed to create lvm volume"
        of = f"{name}_{source.snapshot.name}"
        return commands.restore(pool, name, of), f"Failed to restore snapshot {of} into new volume {name}"

    def _fill(self, definition: Definition, each: Resource, source: Source) -> None:
        """Without DRBD a further volume has a content of its own; a restored one takes over its node's part."""
        if not definition.drbd and any(other.backed for other in definition.active() if other is not each):
            for own, volume in definition.volumes.items():
                name = f"{commands.backing(definition, volume)}.{each.uuid[:8]}"
                each.own[own] = self._state.contents.new(name, volume.size * 1024)
        part = source.snapshot.parts.get(each.node, {}) if source.snapshot else {}
        for own, content in part.items():
            target = definition.content(each, own)
            size = target.size
            target.replace(content)
            target.resize(max(size, target.size))

    def _appears(self, definition: Definition, each: Resource) -> None:
        each.deployed = True
        each.created = each.created or self._state.millis()
        self._state.announce("appeared", definition, each)

    def ready(self, definition: Definition, new: Sequence[Resource], context: int) -> list[Reply]:
        """Whether new resources found their peers; without DRBD or peers there is nothing to wait for."""
        if not definition.drbd or len(definition.resources) < 2:
            return []
        said = []
        for each in new:
            if self._all_connected(definition, each) and self._state.devices.data_reachable(definition, each):
                said.append(success(context, CREATED, f"Resource '{definition.name}' on '{each.node}' ready"))
            else:
                text = "Resource did not become ready on node '{}' within reasonable time, check Satellite for errors."
                said.append(Reply(number(2, context, 0), text.format(each.node)))
        return said

    def _all_connected(self, definition: Definition, each: Resource) -> bool:
        """Whether every peer with data whose satellite is online is connected."""
        peers = [one for one in definition.active() if one is not each and self._satellites.online(one)]
        return all(self._state.devices.linked(each.node, one.node) for one in peers)

    def settled(self, definition: Definition, settled: Settled, context: int, ready: int = 0) -> list[Reply]:
        """The rounds behind a change of the witness: a new one comes up, an old one is cleaned up."""
        if settled.made is not None:
            said = self.bring_up(definition, [settled.made], context)
            return said + self.ready(definition, [settled.made], ready or context)
        return self.clean_up(definition, settled.gone, context) if settled.gone is not None else []

    def clean_up(self, definition: Definition, gone: Resource, context: int) -> list[Reply]:
        """The last step of a deletion: the node removes what it has, the others are told."""
        gone.flags.add("DELETE")
        gone.volume_flags.add("DELETE")
        text = f"Notified '{{node}}' that '{definition.name}' is being cleaned up on Node(s): [{gone.node}]"
        said = self._satellites.round(definition, context, text)
        if self._satellites.online(gone):
            quorum.forget(self._state, definition, gone)
            said.append(success(context, DELETED, f"Node: {gone.node}, Resource: {definition.name} deletion complete."))
        return said

    # -- whole deployments ----------------------------------------------------------------------

    def place(
        self,
        definition: Definition,
        chosen: Sequence[tuple[Node, Pool]],
        context: int,
        diskless: Sequence[Resource] = (),
    ) -> list[Reply]:
        """Replicas on the nodes that an autoplacer has chosen, and *diskless* ones beside them (linstor.md 2.5)."""
        first = len(definition.resources) == len(diskless)
        said = [set_pool() for _ in [*chosen, *diskless]]
        message = f"Resource '{definition.name}' successfully autoplaced on {len(chosen)} nodes"
        said.append(success(context, CREATED, message))
        if first:
            said += self.first_deployment(definition, context)
        new = [*diskless, *self._chosen(definition, chosen, said)]
        settled = quorum.settle_witness(self._state, definition, context)
        said += settled.said + quorum.settle_quorum(definition, context)
        try:
            said += self._rounds(definition, new, context, settled, first=first)
        except Refused as refused:
            raise refused.after(said) from refused
        return said

    def _chosen(self, definition: Definition, chosen: Sequence[tuple[Node, Pool]], said: list[Reply]) -> list[Resource]:
        """Record the replicas on nodes that had nothing; those that had no disk get one, which *said* tells."""
        here = {name: definition.resources[name] for node, _ in chosen if (name := node.name) in definition.resources}
        absent = [(node, pool) for node, pool in chosen if node.name not in here]
        new = [self.record_replica(definition, node, pool) for node, pool in absent]
        for node, pool in chosen:
            said += self.add_disk(definition, here[node.name], pool) if node.name in here else []
        return new

    def _rounds(
        self, definition: Definition, new: Sequence[Resource], context: int, settled: Settled, *, first: bool
    ) -> list[Reply]:
        before = [dict(volume.props) for volume in definition.volumes.values()]
        said = self.bring_up(definition, new, context)
        if not definition.volumes:
            message = f"No volumes have been defined for resource '{definition.name}'"
            return [*said, warning(context, 3000, message)]
        said += self.ready(definition, new, context)
        changed = before != [volume.props for volume in definition.volumes.values()]
        if definition.drbd and (first or changed):
            said += self._satellites.round(definition, MOD | RSC)
        return said + self.settled(definition, settled, context)

    def add_disk(self, definition: Definition, here: Resource, pool: Pool) -> list[Reply]:
        """A diskless resource gets data (linstor.md 2.9)."""
        context = MOD | RSC
        text = f"Addition of disk to resource '{definition.name}' on node '{here.node}' registered"
        said = [set_pool(), set_pool(), success(context, 3, text)]
        said += self._satellites.round(definition, context, f"Prepared '{{node}}' to expect disk on '{here.node}'")
        here.flags -= {"DISKLESS", "DRBD_DISKLESS", "TIE_BREAKER"}
        here.pool = here.props["StorPoolName"] = pool.name
        here.props["DiskfulBy"] = "user"
        here.toggled = True
        try:
            said += self.makes_backing(definition, here, context)
            said += self._satellites.round(definition, context, "Added disk on '{node}'", among=[here])
        except Refused as refused:
            raise refused.after(said) from refused
        self._state.changed(definition)
        return said

    def single(
        self, definition: Definition, new: Resource, context: int, *, first: bool, pool_set: bool = True
    ) -> list[Reply]:
        """One new resource that somebody asked for by node (linstor.md 2.5, 2.6)."""
        said = [set_pool()] if pool_set else []
        if first:
            said += self.first_deployment(definition, context)
        settled = quorum.settle_witness(self._state, definition, context)
        said += settled.said + quorum.settle_quorum(definition, context)
        said += self._registered(definition, new, context)
        try:
            return said + self._rounds(definition, [new], context, settled, first=first)
        except Refused as refused:
            raise refused.after(said) from refused

    @staticmethod
    def _registered(definition: Definition, new: Resource, context: int) -> list[Reply]:
        refs = {"RscDfn": definition.name, "Node": new.node}
        text = f"New resource '{definition.name}' on node '{new.node}' registered."
        volume = "Volume with number '{}' on resource '{}' on node '{}' successfully registered"
        return [
            success(context, CREATED, text, **refs),
            *(
                success(CRT | VLM, CREATED, volume.format(own, definition.name, new.node), **refs)
                for own in definition.volumes
            ),
        ]


def set_pool() -> Reply:
    """What the controller says for each resource that it chooses a pool for."""
    return success(CRT | RSC, CREATED, "Successfully set property key(s): StorPoolName")


def usable_kib(definition: Definition, volume: VolumeDefinition) -> int:
    """Size of the device that programs see, KiB."""
    if not definition.drbd or not volume.gross:
        return max(volume.size, volume.gross)
    return volume.gross - metadata_kib(volume.gross)
