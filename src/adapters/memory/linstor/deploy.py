"""What satellites do: make volumes and devices, adjust DRBD, or fail half way (linstor.md 2.5, 2.17)."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.memory.linstor import quorum
from adapters.memory.linstor.objects import Definition, Node, Pool, Resource, VolumeDefinition, gross_kib, metadata_kib
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    MOD,
    MODIFIED,
    RSC,
    VLM,
    Refused,
    Reply,
    info,
    refuse,
    reported,
    success,
    warning,
)
from adapters.memory.linstor.space import Filter, Space
from adapters.memory.linstor.state import State

KIND_NAMES = {"LVM": "LVM", "LVM_THIN": "LVM-Thin", "ZFS": "ZFS", "ZFS_THIN": "ZFS-Thin"}
AUTO_VERIFY = "DrbdOptions/auto-verify-alg"


class Deploy:
    """Deployments as satellites carry them out."""

    def __init__(self, state: State, space: Space) -> None:
        self._state = state
        self._space = space

    def gross(self, definition: Definition, pool: Pool) -> int:
        """Backing size of all volumes in *pool*, KiB."""
        sizes = (volume.size for volume in definition.volumes.values())
        return sum(gross_kib(size, pool.granularity, drbd=definition.drbd) for size in sizes)

    def replicas(self, definition: Definition, wanted: Filter, count: int, context: int) -> list[Reply]:
        """Place replicas until there are *count*. Raises Refused 996."""
        have = definition.diskful()
        size = sum(volume.size for volume in definition.volumes.values())
        taken = [each.node for each in have]
        chosen = self._space.choose(wanted, size, taken, count - len(have))
        if len(chosen) < count - len(have):
            raise self._space.not_enough(context, wanted, size)
        if not definition.volumes:
            said = [success(context, CREATED, f"Resource '{definition.name}' successfully autoplaced")]
            return [*said, warning(context, 3000, "No volumes have been defined for resource")]
        return self._deploy_all(definition, chosen, context, first=not have)

    def _deploy_all(
        self, definition: Definition, chosen: list[tuple[Node, Pool]], context: int, *, first: bool
    ) -> list[Reply]:
        said = [success(CRT | RSC, CREATED, "Successfully set property key(s): StorPoolName") for _ in chosen]
        message = f"Resource '{definition.name}' successfully autoplaced on {len(chosen)} nodes"
        said.append(success(context, CREATED, message))
        if first:
            said += self.first_deployment(definition, context)
        for node, pool in chosen:
            old = definition.resources.pop(node.name, None)
            if old is not None:
                self._state.announce("vanished", definition, old)
            said += self._make_replica(definition, node, pool, context)
        said += quorum.settle_witness(self._state, definition, context)
        said += quorum.settle_quorum(definition, context)
        said += self.steps(definition, [node.name for node, _ in chosen], context)
        if definition.drbd and (first or definition.tiebreaker() is None):
            said += self._state.adjusted(definition, MOD | RSC)
        return said

    def first_deployment(self, definition: Definition, context: int) -> list[Reply]:
        """What the controller settles when a definition gets its first resource."""
        for volume in definition.volumes.values():
            self.prepare(definition, volume)
        if not definition.drbd or AUTO_VERIFY in definition.props:
            return []
        definition.props[AUTO_VERIFY] = "sha512"
        return [info(context, 0, f"Updated {definition.name} DRBD auto verify algorithm to 'sha512'")]

    def prepare(self, definition: Definition, volume: VolumeDefinition) -> None:
        """Give a volume its content and the properties that LINSTOR sets at the first deployment."""
        name = f"{definition.name}_{volume.number:05d}"
        if volume.content is None:
            volume.content = self._state.contents.new(f"{name}.{volume.uuid[:8]}", volume.size * 1024)
        volume.props.setdefault("StorDriver/internal/AllocationGranularity", "4096")
        if definition.drbd:
            volume.flags.add("DRBD_INITIALIZED")
            for key, value in _DRBD_VOLUME_PROPS.items():
                volume.props.setdefault(key, value)
            volume.props.setdefault("DrbdCurrentGi", volume.uuid.replace("-", "").upper()[:16])

    def _make_replica(self, definition: Definition, node: Node, pool: Pool, context: int) -> list[Reply]:
        """One replica with its volumes; a failing satellite leaves it recorded, without a device."""
        resource = Resource(node.name, props={"StorPoolName": pool.name}, pool=pool.name)
        resource.deployed = not self.cannot(definition, node.name, pool)
        self.fit(definition, pool)
        quorum.add_resource(self._state, definition, resource)
        if not resource.deployed:
            raise self.broken(context, node.name, f"Failed to create volume of '{definition.name}'").after(
                [success(CRT | RSC, CREATED, f"New resource '{definition.name}' on node '{node.name}' registered.")]
            )
        return []

    def fit(self, definition: Definition, pool: Pool) -> None:
        """Set backing and content size for the extents of *pool*."""
        for volume in definition.volumes.values():
            self.prepare(definition, volume)
            volume.gross = max(volume.gross, gross_kib(volume.size, pool.granularity, drbd=definition.drbd))
            volume.props["Linstor/Drbd/InitialUptoDateOn"] = volume.props.get("Linstor/Drbd/InitialUptoDateOn", "HOST")
            if not definition.drbd:
                volume.props.pop("Linstor/Drbd/InitialUptoDateOn", None)
            self.size_content(definition, volume)

    @staticmethod
    def size_content(definition: Definition, volume: VolumeDefinition) -> None:
        """The device is as large as the backing volume leaves room for; it never shrinks by that."""
        assert volume.content is not None
        usable = usable_kib(definition, volume) * 1024
        if volume.content.size < usable:
            volume.content.resize(usable)

    def cannot(self, definition: Definition, node: str, pool: Pool) -> bool:
        """Whether the satellite of *node* fails at the commands of a new replica."""
        volume_group = pool.props.get("StorDriver/StorPoolName", pool.name)
        commands = [f"lvcreate --config x -V 1k -n {definition.name}_00000 {volume_group}"]
        if definition.drbd:
            commands += [f"drbdadm create-md {definition.name}/0", f"drbdadm -vvv adjust {definition.name}"]
        return any(self._state.fails(node, command) for command in commands)

    def steps(self, definition: Definition, nodes: Iterable[str], context: int) -> list[Reply]:
        """The entries of the satellites about new replicas."""
        said = []
        for name in nodes:
            pool = self._state.nodes[name].pools[definition.resources[name].pool]
            kind = KIND_NAMES.get(pool.kind, pool.kind)
            text = f"({name}) Volume number 0 of resource '{definition.name}' [{kind}] created"
            said.append(success(CRT | VLM, CREATED, text))
            made = (context & 0x7C0000) | CRT
            said.append(success(made, MODIFIED, f"Created resource '{definition.name}' on '{name}'"))
            if definition.drbd:
                said.append(success(CRT | RSC, MODIFIED, f"({name}) Resource '{definition.name}' [DRBD] adjusted."))
                said.append(success(made, CREATED, f"Resource '{definition.name}' on '{name}' ready"))
        return said

    def diskless(self, definition: Definition, node: Node, context: int) -> list[Reply]:
        """An attachment; a witness elsewhere gives way to it (linstor.md 2.6)."""
        said = self._registered(definition, node, context)
        quorum.add_diskless(self._state, definition, node.name, set())
        said += quorum.settle_witness(self._state, definition, context)
        said += quorum.settle_quorum(definition, context)
        said += [success(CRT | RSC, MODIFIED, f"Created resource '{definition.name}' on '{node.name}'")]
        said += self._state.adjusted(definition, CRT | RSC) + self._state.not_connected(definition, context)
        online = [each for each in definition.active() if self._state.nodes[each.node].online]
        if not online:
            message = f"Resource did not become ready on node '{node.name}' within reasonable time"
            said.append(warning(0, 0, message))
        return said

    def diskful(self, definition: Definition, node: Node, pool: Pool, context: int) -> list[Reply]:
        """A replica on a chosen node."""
        first = not definition.resources
        said = self._registered(definition, node, context)
        if first:
            said += self.first_deployment(definition, context)
        said += self._make_replica(definition, node, pool, context)
        said += quorum.settle_witness(self._state, definition, context)
        said += quorum.settle_quorum(definition, context)
        said += self.steps(definition, [node.name], context)
        if not definition.drbd:
            said.append(success(CRT | RSC, MODIFIED, f"Created resource '{definition.name}' on '{node.name}'"))
        return said + self._state.not_connected(definition, context)

    @staticmethod
    def _registered(definition: Definition, node: Node, context: int) -> list[Reply]:
        refs = {"RscDfn": definition.name, "Node": node.name}
        return [
            success(context, CREATED, "Successfully set property key(s): StorPoolName", **refs),
            success(context, CREATED, f"New resource '{definition.name}' on node '{node.name}' registered.", **refs),
            success(CRT | VLM, CREATED, f"Volume with number '0' on resource '{definition.name}' registered", **refs),
        ]

    def adjust_options(self, definition: Definition, context: int) -> list[Reply]:
        """Let the satellites take over changed options. Raises Refused 998 where a kernel keeps one."""
        before = set(definition.kernel)
        said = self._state.adjusted(definition, context) + self._state.not_connected(definition, context)
        kept = [each for each in definition.kernel & before if not self._wanted(definition, each)]
        if kept:
            raise self.broken(context, "satellites", "Failed to adjust DRBD resource " + definition.name).after(
                said[:1]
            )
        return said

    @staticmethod
    def _wanted(definition: Definition, where: frozenset[str]) -> bool:
        option = "DrbdOptions/Net/allow-two-primaries"
        props = definition.connections.get(where, {}) if where else definition.props
        return props.get(option) == "yes"

    def broken(self, context: int, node: str, message: str) -> Refused:
        """998: a satellite failed; an error report is written."""
        error = refuse(context, 998, f"({node}) {message}", details="Command and output of the satellite.")
        return reported(error, self._state.report())

    def unexpected(self, context: int, message: str) -> Refused:
        """998: the controller itself failed."""
        return reported(refuse(context, 998, message), self._state.report())


_DRBD_VOLUME_PROPS = {
    "DrbdOptions/Disk/block-size": "512",
    "DrbdOptions/Disk/discard-zeroes-if-aligned": "yes",
    "DrbdOptions/Disk/rs-discard-granularity": "4096",
}


def usable_kib(definition: Definition, volume: VolumeDefinition) -> int:
    """Size of the device that programs see, KiB."""
    if not definition.drbd or not volume.gross:
        return max(volume.size, volume.gross)
    return volume.gross - metadata_kib(volume.gross)
