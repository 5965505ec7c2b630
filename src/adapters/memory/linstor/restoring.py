"""What is made of snapshots: new definitions, and definitions set back (linstor.md 2.11)."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.memory.linstor import quorum
from adapters.memory.linstor.deploy import Deploy, Source
from adapters.memory.linstor.objects import Definition, Snapshot, VolumeDefinition, by_name
from adapters.memory.linstor.removal import Removal
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DELETED,
    MOD,
    RSC,
    SNAPSHOT,
    Refused,
    Reply,
    refuse,
    reported,
    success,
)
from adapters.memory.linstor.resources import Resources
from adapters.memory.linstor.satellites import Satellites
from adapters.memory.linstor.snapshots import Snapshots
from adapters.memory.linstor.state import State, in_use

SAFETY = "safety-snap"
ANY_SNAPSHOT = (1, 25, 0)
"""The REST version of LINSTOR 1.31, which goes back to any snapshot."""


class Restoring(Snapshots):
    """Operations on snapshots, restoring and rolling back among them."""

    def __init__(
        self, state: State, satellites: Satellites, deploy: Deploy, removal: Removal, resources: Resources
    ) -> None:
        super().__init__(state, satellites)
        self._deploy = deploy
        self._removal = removal
        self._resources = resources

    # -- into a new definition ------------------------------------------------------------------

    def restore_volumes(self, resource: str, name: str, target: str) -> list[Reply]:
        """Give *target* the volume definitions and the properties of a snapshot."""
        with self._state.lock:
            context = CRT | SNAPSHOT
            source, snapshot = self.find(resource, name, context)
            definition = self._state.definition(target, context)
            for own in snapshot.sizes:
                if own in definition.volumes:
                    message = f"A volume definition with the number {own} already exists in '{target}'."
                    raise refuse(context, 503, message, cause="It is there.", details=f"Resource definition: {target}")
            for own, size in snapshot.sizes.items():
                definition.volumes[own] = VolumeDefinition(own, size, self._state.free_minor())
                kept = ("DrbdCurrentGi",)
                props = snapshot.volume_props[own].items()
                definition.volumes[own].props = {key: value for key, value in props if key in kept}
            for key, value in snapshot.definition_props.items():
                definition.props.setdefault(key, value)
            return [success(context, DELETED, f"Volume definitions of '{source.name}' restored to '{target}'")]

    def restore_resources(self, resource: str, name: str, target: str, nodes: Sequence[str] = ()) -> list[Reply]:
        """Make the replicas of *target* from a snapshot, on *nodes* or on all that hold it."""
        with self._state.lock:
            context = CRT | RSC
            _, snapshot = self.find(resource, name, context)
            definition = self._state.definition(target, context)
            if definition.resources:
                message = "Cannot restore to resource definition which already has resources"
                refusal = refuse(context, 502, message, details=f"Resource definition: {target}")
                raise reported(refusal, self._state.report(message))
            if "SUCCESSFUL" not in snapshot.flags:
                raise self._state.internal("Unable to use failed snapshot", context)
            chosen = [node for node in snapshot.parts if not nodes or by_name(nodes, node) is not None]
            return self._restored(definition, snapshot, chosen, CRT | SNAPSHOT)

    def _restored(self, definition: Definition, snapshot: Snapshot, nodes: Sequence[str], context: int) -> list[Reply]:
        self._deploy.first_deployment(definition, context)
        new = []
        for node in nodes:
            pool = self._state.nodes[node].pools[snapshot.pools[node]]
            new.append(self._deploy.record_replica(definition, self._state.nodes[node], pool))
        settled = quorum.settle_witness(self._state, definition, context)
        said = settled.said + quorum.settle_quorum(definition, context)
        text = f"Resource '{definition.name}' on nodes '{', '.join(nodes)}' restored, snapshot '{snapshot.name}'."
        said.append(success(CRT | RSC, CREATED, text))
        try:
            said += self._deploy.bring_up(definition, new, context, Source(snapshot))
            said += self._deploy.ready(definition, new, CRT | RSC)
            return said + self._deploy.settled(definition, settled, context, CRT | RSC)
        except Refused as refused:
            raise refused.after(said) from refused

    # -- back in place --------------------------------------------------------------------------

    def roll_back(self, resource: str, name: str) -> list[Reply]:
        """Set a definition back to any of its snapshots; newer ones stay (servers before 1.31: the newest alone).

        A safety snapshot is taken, all resources are deleted and made again. Raises Refused 995, 997, or 998 where a
        satellite fails; then the work has gone on all the same, and a replica may hold nothing (linstor.md 2.17).
        Refused 514 where an old server would have to skip a newer one; nothing is changed then.
        """
        with self._state.lock:
            context = MOD | SNAPSHOT
            definition, snapshot = self.find(resource, name, context)
            self._check_roll_back(definition, snapshot, context)
            was = _placement(definition)
            safety = self.register(definition, f"{SAFETY}-{len(self._state.reports):04d}", {})
            said = self.take([(definition, safety)], context)
            said.append(success(context, DELETED, f"Resource definition '{definition.name}' marked for deletion."))
            said += self._removal.empty(definition, context)
            self._set_back(definition, snapshot)
            failed = self._made_again(definition, snapshot, context, said)
            said += self.drop(definition, safety, list(safety.parts), context)
            for node, diskless in was:
                said += self._resources.make_available(definition.name, node, diskful=not diskless)
            self._state.changed(definition)
            if failed:
                raise Refused(*said)
            return said

    def goes_back_to_any(self) -> bool:
        """Whether the server is one that does not need the snapshot to be the newest."""
        return tuple(int(part) for part in self._state.rest_api_version.split(".")) >= ANY_SNAPSHOT

    def _check_newest(self, definition: Definition, snapshot: Snapshot, context: int) -> None:
        """Servers up to 1.30 go back in place, to the newest snapshot only (linstor.md 2.11; no recording)."""
        if not self.goes_back_to_any() and snapshot is not list(definition.snapshots.values())[-1]:
            message = f"Rollback is only allowed with the most recent snapshot of '{definition.name}'"
            raise refuse(context, 514, message, details=f"Snapshot: {snapshot.name}")

    def _check_roll_back(self, definition: Definition, snapshot: Snapshot, context: int) -> None:
        self._check_newest(definition, snapshot, context)
        for node in self._state.devices.primaries(definition):
            refusal = in_use(definition, node, context)
            raise reported(refusal, self._state.report(refusal.error.message))
        for node in self._state.offline(definition):
            message = f"No active connection to satellite '{node}'."
            refusal = refuse(context, 995, message, details=f"Resource definition: {definition.name}")
            raise reported(refusal, self._state.report(message))

    @staticmethod
    def _set_back(definition: Definition, snapshot: Snapshot) -> None:
        """Sizes and properties as they were; what the volumes hold comes back with the replicas."""
        for own, size in snapshot.sizes.items():
            volume = definition.volumes[own]
            volume.size, volume.gross = size, 0
            if volume.content is not None:
                volume.content.resize(size * 1024)
        definition.props = dict(snapshot.definition_props)
        definition.flags.discard("DELETE")

    def _made_again(self, definition: Definition, snapshot: Snapshot, context: int, said: list[Reply]) -> bool:
        """Restore the replicas; whether a satellite failed. One that did gets an empty volume."""
        try:
            said += self._restored(definition, snapshot, list(snapshot.parts), context)
            return False
        except Refused as refused:
            said += refused.replies
        for each in [each for each in definition.resources.values() if not each.deployed]:
            if not each.diskless:
                said += self._deploy.makes_backing(definition, each, CRT | RSC)
            each.deployed = True
            self._state.announce("appeared", definition, each)
        return True


def _placement(definition: Definition) -> list[tuple[str, bool]]:
    """Each node and whether it is diskless, those with a disk first."""
    former = sorted(definition.resources.values(), key=lambda each: each.diskless)
    return [(each.node, each.diskless) for each in former]
