"""Volume definitions: create, grow, properties (linstor.md 2.4, 2.10)."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.memory.linstor import commands, properties
from adapters.memory.linstor.definitions import Definitions
from adapters.memory.linstor.deploy import MAXIMUM_KIB, Deploy
from adapters.memory.linstor.objects import Definition, Resource, VolumeDefinition, gross_kib
from adapters.memory.linstor.properties import Given
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
    Refused,
    Reply,
    refuse,
    reported,
    success,
    warning,
)
from adapters.memory.linstor.satellites import Satellites, Says
from adapters.memory.linstor.space import Space
from adapters.memory.linstor.state import State


class Volumes:
    """Operations on volume definitions."""

    def __init__(
        self, state: State, space: Space, satellites: Satellites, deploy: Deploy, definitions: Definitions
    ) -> None:
        self._state = state
        self._space = space
        self._satellites = satellites
        self._deploy = deploy
        self._definitions = definitions

    def find(self, name: str, number: int, context: int) -> tuple[Definition, VolumeDefinition]:
        """The volume. Raises Refused 301, 303; reads (without context) say less."""
        definition = self._state.definition(name, context)
        volume = definition.volumes.get(number)
        if volume is None:
            if not context:
                raise refuse(0, 303, f"Volume definition '{number}' not found.")
            message = f"Volume definition '{name}' with volume number '{number}' not found."
            where = f"Resource definition: {name}, volume number: {number}"
            members = {"cause": "No such volume definition.", "details": where, "correction": "Create it first."}
            raise refuse(context, 303, message, **members)
        return definition, volume

    def create(self, name: str, size: int, number: int | None = None, props: Given | None = None) -> list[Reply]:
        """Add a volume definition; while nothing is deployed any size is taken, later it is deployed at once."""
        with self._state.lock:
            context = CRT | VLM_DFN
            definition = self._state.definition(name, context)
            if number is None:
                number = next(each for each in range(65535) if each not in definition.volumes)
            if number in definition.volumes:
                where = f"Resource definition: {name}, volume number: {number}"
                raise refuse(
                    context, 503, f"Volume definition {number} of '{name}' exists", cause="It is there.", details=where
                )
            put = properties.allowed(self._state, props or {}, context, f"Resource definition: {name}")
            self._definitions.add_volume(definition, number, size).props.update(put)
            said = properties.told(VLM_DFN, put, ())
            said += [success(context, CREATED, f"New volume definition with number '{number}' created.")]
            return said + (self._deployed(definition, number, context) if definition.resources else [])

    def _deployed(self, definition: Definition, number: int, context: int) -> list[Reply]:
        """The new volume on the nodes that have the definition."""

        def does(each: Resource) -> list[Reply]:
            said: list[Reply] = []
            if not each.diskless:
                self._deploy.fit(definition, self._satellites.pool(each))
                text = f"({each.node}) Volume number {number} of resource '{definition.name}' created"
                said.append(success(CRT | VLM, CREATED, text))
            return said + self._satellites.adjusts(definition, context)(each)

        text = f"Created volume for resource '{definition.name}' on '{{node}}'"
        return self._satellites.round(definition, context, text, does)

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
            about = f"Volume definition with number '{number}' of resource definition '{name}'"
            return [success(context, DELETED, f"{about} {verb}.") for verb in ("marked for deletion", "deleted")]

    # -- size -----------------------------------------------------------------------------------

    def resize(self, name: str, number: int, size: int) -> list[Reply]:
        """Grow a volume (linstor.md 2.10): DRBD never shrinks, a bare volume does."""
        with self._state.lock:
            context = MOD | VLM_DFN
            definition, volume = self.find(name, number, context)
            modified = self._modified(definition, number)
            if size == volume.size:
                message = "VolumeDefinition already has the expected size, no satellite update will be triggered."
                return [warning(context, 1023, message), modified]
            if definition.resources:
                self._check_resize(definition, volume, size, context)
            volume.size = size
            if not definition.resources:
                return [modified]
            try:
                return [modified, *self._carry_out(definition, volume, context)]
            except Refused as refused:
                raise refused.after([modified]) from refused

    @staticmethod
    def _modified(definition: Definition, number: int) -> Reply:
        text = f"Volume definition with number '{number}' of resource definition '{definition.name}' modified."
        return success(MOD | VLM_DFN, MODIFIED, text)

    def _check_resize(self, definition: Definition, volume: VolumeDefinition, size: int, context: int) -> None:
        if size < volume.size and definition.drbd:
            message = "Shrinking volumes is not supported by layer 'DRBD'. Volumes can only grow in size."
            raise refuse(context, 206, message, details=f"Resource definition: {definition.name}")
        if size >= MAXIMUM_KIB:
            raise refuse(context, 206, f"The given size [{size}] is invalid", details="Net size of a volume")
        if definition.props.get("DrbdOptions/ExactSize", "").lower() == "true":
            raise refuse(context, 213, "A volume with ExactSize cannot be resized", details="Remove the property first")
        self._check_replicas(definition, context)
        self._check_room(definition, volume, size, context)

    def _check_replicas(self, definition: Definition, context: int) -> None:
        behind = [each for each in definition.diskful() if each.disk_state not in ("", "UpToDate")]
        offline = [each for each in definition.diskful() if not self._satellites.online(each)]
        if definition.drbd and (behind or offline):
            message = "Cannot resize volume, because we have a non-UpToDate DRBD device."
            raise refuse(context, 974, message, details=f"Resource definition: {definition.name}")

    def _check_room(self, definition: Definition, volume: VolumeDefinition, size: int, context: int) -> None:
        """Thick pools are checked, thin ones are not (linstor.md 2.10)."""
        for each in definition.diskful():
            pool = self._satellites.pool(each)
            more = gross_kib(size, pool.granularity, drbd=definition.drbd) - volume.gross
            if not pool.thin and more > self._space.free(each.node, pool):
                message = f"Cannot grow the volume definition by {more}KiB: Node: {each.node}, StorPool: {pool.name}"
                refusal = refuse(context, 980, message, details=f"Resource definition: {definition.name}")
                raise reported(refusal, self._state.report(message))

    def _carry_out(self, definition: Definition, volume: VolumeDefinition, context: int) -> list[Reply]:
        """Backing volumes first, then DRBD; a failure leaves the new size on record and flags (linstor.md 2.10)."""
        volume.flags.add("RESIZE")
        for each in definition.resources.values():
            each.volume_flags.add("RESIZE")
        name = definition.name
        grows = self._grows(definition, volume, context)
        text = f"Updated volume {volume.number} of '{name}' on '{{node}}'"
        said = self._satellites.round(definition, context, text, grows)
        self._backed(definition, volume)
        if definition.drbd:
            said.append(self._drbd_grows(definition, context, said))
        self._grown(definition, volume)
        return said + self._satellites.round(definition, context, text)

    def _drbd_grows(self, definition: Definition, context: int, said: list[Reply]) -> Reply:
        """One node does it, and only while all that have data are connected (recorded). Raises Refused 998."""
        replicas = definition.diskful()
        apart = [each for each in replicas[1:] if not self._state.devices.joined(definition, replicas[0], each)]
        if apart and self._state.kernel_refuses:
            first = replicas[0]
            first.volume_flags.add("DRBD_RESIZE")
            failed = self._satellites.broken(context, first.node, f"Failed to resize DRBD resource {definition.name}")
            raise failed.after(said)
        return success(context, MODIFIED, f"Resized DRBD resource '{definition.name}'")

    def _backed(self, definition: Definition, volume: VolumeDefinition) -> None:
        """The backing volumes have their new size."""
        for each in definition.diskful():
            gross = gross_kib(volume.size, self._satellites.pool(each).granularity, drbd=definition.drbd)
            volume.gross = max(volume.gross, gross) if definition.drbd else gross

    def _grows(self, definition: Definition, volume: VolumeDefinition, context: int) -> Says:
        def does(each: Resource) -> list[Reply]:
            said: list[Reply] = []
            if not each.diskless:
                pool = self._satellites.pool(each)
                gross = gross_kib(volume.size, pool.granularity, drbd=definition.drbd)
                if gross != volume.gross or pool.kind.startswith("FILE"):
                    command = commands.resize(pool, commands.backing(definition, volume), gross)
                    self._satellites.run(each.node, command, "Failed to resize lvm volume", context)
                    said = self._satellites.per_volume(definition, each, MOD | VLM, MODIFIED, "resized")
            if definition.drbd:
                text = f"({each.node}) Resource '{definition.name}' [DRBD] not adjusted "
                said.append(success(MOD | RSC, 0, text, cause="The resource is being resized."))
            return said

        return does

    def _grown(self, definition: Definition, volume: VolumeDefinition) -> None:
        volume.flags.discard("RESIZE")
        for each in definition.resources.values():
            each.volume_flags -= {"RESIZE", "DRBD_RESIZE"}
        if definition.drbd:
            self._deploy.size_content(definition, volume)
        else:
            self._cut(definition, volume)
        self._state.changed(definition)

    @staticmethod
    def _cut(definition: Definition, volume: VolumeDefinition) -> None:
        """Without DRBD every node's volume gets exactly the size: what is beyond is gone (linstor.md 1.2)."""
        for each in definition.diskful():
            definition.content(each, volume.number).resize(volume.gross * 1024)

    # -- properties -----------------------------------------------------------------------------

    def modify(self, name: str, number: int, override: Given, delete: Sequence[str] = ()) -> list[Reply]:
        """Change properties of a volume definition."""
        with self._state.lock:
            context = MOD | VLM_DFN
            definition, volume = self.find(name, number, context)
            put = properties.allowed(self._state, override, context, f"Resource definition: {name}")
            changed = properties.change(volume.props, put, delete)
            said = [*properties.told(VLM_DFN, put, delete), self._modified(definition, number)]
            text = f"Updated volume {number} of '{name}' on '{{node}}'"
            return said + (self._satellites.round(definition, context, text) if changed else [])
