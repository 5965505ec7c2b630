"""Volume definitions: create, grow, properties (linstor.md 2.4, 2.10)."""

from __future__ import annotations

from adapters.memory.linstor.definitions import MAXIMUM_KIB, Definitions
from adapters.memory.linstor.deploy import Deploy
from adapters.memory.linstor.objects import Definition, VolumeDefinition, gross_kib
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DEL,
    DELETED,
    MOD,
    MODIFIED,
    RSC,
    VLM,
    VLM_DFN,
    Reply,
    refuse,
    success,
    warning,
)
from adapters.memory.linstor.space import Space
from adapters.memory.linstor.state import State


class Volumes:
    """Operations on volume definitions."""

    def __init__(self, state: State, space: Space, deploy: Deploy, definitions: Definitions) -> None:
        self._state = state
        self._space = space
        self._deploy = deploy
        self._definitions = definitions

    def find(self, name: str, number: int, context: int) -> tuple[Definition, VolumeDefinition]:
        """The volume. Raises Refused 301, 303."""
        definition = self._state.definition(name, context)
        volume = definition.volumes.get(number)
        if volume is None:
            message = f"Volume definition '{name}' with volume number '{number}' not found."
            where = f"Resource definition: {name}, volume number: {number}"
            raise refuse(
                context, 303, message, cause="No such volume definition.", details=where, correction="Create it first."
            )
        return definition, volume

    def create(self, name: str, size: int, number: int | None = None) -> list[Reply]:
        """Add a volume definition; while nothing is deployed any size is taken."""
        with self._state.lock:
            context = CRT | VLM_DFN
            definition = self._state.definition(name, context)
            if number is None:
                number = next(each for each in range(65535) if each not in definition.volumes)
            if number in definition.volumes:
                raise refuse(context, 503, f"Volume definition {number} of '{name}' already exists")
            self._definitions.add_volume(definition, number, size)
            return [success(context, CREATED, f"New volume definition with number '{number}' created.")]

    def delete(self, name: str, number: int) -> list[Reply]:
        """Remove a volume definition that nobody uses."""
        with self._state.lock:
            context = DEL | VLM_DFN
            definition, volume = self.find(name, number, context)
            if self._state.devices.primaries(definition):
                raise refuse(context, 997, f"Volume definition {number} of '{name}' is in use.")
            del definition.volumes[number]
            if volume.content is not None:
                volume.content.discard()
            return [success(context, DELETED, f"Volume definition {number} deleted.")] * 2

    def resize(self, name: str, number: int, size: int) -> list[Reply]:
        """Grow a volume (linstor.md 2.10): DRBD never shrinks, a bare volume does."""
        with self._state.lock:
            context = MOD | VLM_DFN
            definition, volume = self.find(name, number, context)
            if size == volume.size:
                message = "VolumeDefinition already has the expected size, no satellite update will be triggered."
                return [warning(context, 1023, message), self._modified(definition, context)]
            self._check_resize(definition, volume, size, context)
            volume.size = size
            if not definition.resources:
                return [self._modified(definition, context)]
            return [self._modified(definition, context), *self._carry_out(definition, volume, context)]

    @staticmethod
    def _modified(definition: Definition, context: int) -> Reply:
        return success(context, MODIFIED, f"Volume definition of resource definition '{definition.name}' modified.")

    def _check_resize(self, definition: Definition, volume: VolumeDefinition, size: int, context: int) -> None:
        if size < volume.size and definition.drbd and definition.resources:
            message = "Shrinking volumes is not supported by layer 'DRBD'. Volumes can only grow in size."
            raise refuse(context, 206, message, details=f"Resource definition: {definition.name}")
        if size >= MAXIMUM_KIB:
            raise refuse(context, 206, f"The given size [{size}] is invalid", details="Net size of a volume")
        if definition.props.get("DrbdOptions/ExactSize", "").lower() == "true":
            raise refuse(context, 213, "A volume with ExactSize cannot be resized")
        self._check_replicas(definition, context)
        self._check_room(definition, volume, size, context)

    def _check_replicas(self, definition: Definition, context: int) -> None:
        behind = [each for each in definition.diskful() if each.disk_state not in ("", "UpToDate")]
        offline = [each for each in definition.diskful() if not self._state.nodes[each.node].online]
        if definition.drbd and (behind or offline):
            message = "Cannot resize volume, because we have a non-UpToDate DRBD device."
            raise refuse(context, 974, message, details=f"Resource definition: {definition.name}")

    def _check_room(self, definition: Definition, volume: VolumeDefinition, size: int, context: int) -> None:
        """Thick pools are checked, thin ones are not (linstor.md 2.10)."""
        for each in definition.diskful():
            pool = self._state.nodes[each.node].pools[each.pool]
            more = gross_kib(size, pool.granularity, drbd=definition.drbd) - volume.gross
            if not pool.thin and more > self._space.free(each.node, pool):
                raise refuse(context, 980, f"Not enough free space on '{each.node}' in '{pool.name}'")

    def _carry_out(self, definition: Definition, volume: VolumeDefinition, context: int) -> list[Reply]:
        said: list[Reply] = []
        for each in definition.diskful():
            pool = self._state.nodes[each.node].pools[each.pool]
            if self._state.fails(each.node, f"lvresize --size 1k {definition.name}_{volume.number:05d}"):
                volume.flags.add("RESIZE")
                for other in definition.resources.values():
                    other.volume_flags.add("RESIZE")
                raise self._deploy.broken(context, each.node, f"Failed to resize {definition.name}").after(said)
            said.append(success(MOD | VLM, MODIFIED, f"({each.node}) Volume number 0 resized"))
            gross = gross_kib(volume.size, pool.granularity, drbd=definition.drbd)
            volume.gross = gross if not definition.drbd else max(volume.gross, gross)
        return said + self._grown(definition, volume, context)

    def _grown(self, definition: Definition, volume: VolumeDefinition, context: int) -> list[Reply]:
        volume.flags.discard("RESIZE")
        for each in definition.resources.values():
            each.volume_flags.discard("RESIZE")
        if definition.drbd:
            self._deploy.size_content(definition, volume)
        elif volume.content is not None:
            volume.content.resize(volume.size * 1024)
        self._state.changed(definition)
        said = [self._modified(definition, context)]
        if definition.drbd:
            said.append(success(MOD | RSC, 0, f"Resource '{definition.name}' [DRBD] not adjusted"))
            said += self._state.adjusted(definition, MOD | RSC)
        return said

    def modify(self, name: str, number: int, override: dict[str, str], delete: list[str]) -> list[Reply]:
        """Change properties of a volume definition."""
        with self._state.lock:
            context = MOD | VLM_DFN
            definition, volume = self.find(name, number, context)
            self._definitions.check_props(override, context)
            volume.props.update(override)
            for key in delete:
                volume.props.pop(key, None)
            return [self._modified(definition, context), *self._state.adjusted(definition, MOD | RSC)]
