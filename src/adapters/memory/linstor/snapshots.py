"""Snapshots: take, delete, restore, roll back (linstor.md 2.11)."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.memory.linstor import quorum
from adapters.memory.linstor.contents import Content
from adapters.memory.linstor.deploy import Deploy
from adapters.memory.linstor.objects import SNAPSHOT_KINDS, Definition, Resource, Snapshot, VolumeDefinition, new_uuid
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DEL,
    DELETED,
    MOD,
    MODIFIED,
    RSC,
    SNAPSHOT,
    VLM,
    Refused,
    Reply,
    number,
    refuse,
    reported,
    success,
    warning,
)
from adapters.memory.linstor.state import RESOURCE_NAME, State, in_use, reported_name

GOOD_STATES = ("", "UpToDate")


class Snapshots:
    """Operations on snapshots. Each gives its replies or raises Refused."""

    def __init__(self, state: State, deploy: Deploy) -> None:
        self._state = state
        self._deploy = deploy

    # -- take -----------------------------------------------------------------------------------

    def create(self, resource: str, name: str, props: dict[str, str] | None = None) -> list[Reply]:
        """Take a snapshot on every online replica."""
        with self._state.lock:
            context = CRT | SNAPSHOT
            definition = self._checked(resource, name, context)
            return self._take(definition, name, dict(props or {}), context)

    def create_multi(self, wanted: Sequence[tuple[str, str]]) -> list[Reply]:
        """Take several at once; when one name is taken or one definition is missing, none is made."""
        with self._state.lock:
            context = CRT | SNAPSHOT
            checked = [(self._checked(resource, name, context), name) for resource, name in wanted]
            said: list[Reply] = []
            for definition, name in checked:
                said += self._take(definition, name, {}, context)
            return said

    def _checked(self, resource: str, name: str, context: int) -> Definition:
        if not RESOURCE_NAME.fullmatch(name):
            raise reported_name(context, 218, f"The given snapshot name '{name}' is invalid.", self._state)
        definition = self._state.definition(resource, context)
        if any(each.lower() == name.lower() for each in definition.snapshots):
            message = (
                f"A snapshot definition with the name '{name}' already exists in resource definition '{resource}'."
            )
            raise refuse(context, 514, message, cause="The name is taken.", details=f"Snapshot: {name}")
        self._check_replicas(definition, context)
        return definition

    def _check_replicas(self, definition: Definition, context: int) -> None:
        online = [each for each in definition.active() if self._state.nodes[each.node].online]
        if not online:
            raise refuse(context, 995, "No diskful connected satellite for snapshot or no resources")
        for each in definition.active():
            kind = self._state.nodes[each.node].pools[each.pool].kind
            if kind not in SNAPSHOT_KINDS:
                raise refuse(context, 994, f"Storage driver '{kind}' does not support snapshots.")
            if each.disk_state not in GOOD_STATES:
                raise refuse(context, 979, f"Replica on '{each.node}' is not UpToDate")

    def _take(self, definition: Definition, name: str, props: dict[str, str], context: int) -> list[Reply]:
        online = [each for each in definition.active() if self._state.nodes[each.node].online]
        snapshot = self._register(definition, name, props, online)
        said = self._offline_warnings(definition, context)
        said += self._taken(definition, name, context)
        for each in online:
            if self._state.fails(
                each.node, f"lvcreate -s --snapshot {definition.name}_00000 -n {definition.name}_00000_{name}"
            ):
                snapshot.flags = {"FAILED_DEPLOYMENT"}
                snapshot.created = 0
                raise self._broken(definition, each.node, name, said)
        self._fill(definition, snapshot)
        return said

    def _register(
        self, definition: Definition, name: str, props: dict[str, str], online: Sequence[Resource]
    ) -> Snapshot:
        ids = ",".join(str(each.node_id) for each in definition.active())
        taken = [int(each.props["SequenceNumber"]) for each in definition.snapshots.values()]
        own = {"BackupShipping/BackupNodeIdsToReset": ids, "SequenceNumber": str(max(taken, default=0) + 1)}
        snapshot = Snapshot(
            name,
            {volume.number: volume.size for volume in definition.volumes.values()},
            {each.node: {} for each in online},
            {each.node: each.pool for each in online},
            props={**own, **props},
            definition_props=dict(definition.props),
            volume_props={volume.number: dict(volume.props) for volume in definition.volumes.values()},
            created=self._state.millis(),
            part_uuids={each.node: (new_uuid(), new_uuid()) for each in online},
        )
        if not definition.drbd:
            snapshot.props.pop("BackupShipping/BackupNodeIdsToReset")
        definition.snapshots[name] = snapshot
        return snapshot

    def _offline_warnings(self, definition: Definition, context: int) -> list[Reply]:
        offline = [each.node for each in definition.active() if not self._state.nodes[each.node].online]
        text = "Snapshot for resource '{}' will not be created on node '{}' because that node is currently offline."
        return [Reply(number(2, context, 0), text.format(definition.name, node)) for node in offline]

    @staticmethod
    def _taken(definition: Definition, name: str, context: int) -> list[Reply]:
        said = [success(context, CREATED, f"New snapshot '{name}' of resource '{definition.name}' registered.")]
        if definition.drbd:
            said.append(success(CRT | RSC, MODIFIED, f"Resource '{definition.name}' [DRBD] adjusted."))
            if any(each.diskless for each in definition.resources.values()):
                said.append(success(context, 0, f"Skipping processing unknown snapshot '{name}'"))
        return [*said, success(context, MODIFIED, f"Took snapshot of '[{definition.name}]'")]

    def _broken(self, definition: Definition, node: str, name: str, said: list[Reply]) -> Refused:
        text = f"({node}) Failed to create snapshot {definition.name}_00000_{name} from {definition.name}_00000"
        error = refuse(CRT | SNAPSHOT, 998, text, details="Command 'lvcreate' returned with exitcode 20.")
        return reported(error, self._state.report()).after(said)

    def _fill(self, definition: Definition, snapshot: Snapshot) -> None:
        """Copy what the volumes hold; where an old volume of that name was left on a node, that stays (2.17 no. 0)."""
        for node in snapshot.parts:
            left = definition.leftovers.get((node, snapshot.name.lower()))
            if left is not None:
                snapshot.parts[node] = left
                continue
            for volume in definition.volumes.values():
                if volume.content is not None:
                    copy = f"{definition.name}_{volume.number:05d}_{snapshot.name}.{new_uuid()[:8]}"
                    snapshot.parts[node][volume.number] = self._shared(snapshot, volume.number, volume.content, copy)

    @staticmethod
    def _shared(snapshot: Snapshot, volume: int, content: Content, name: str) -> Content:
        """Replicas are equal, so their snapshots share one copy."""
        others = [part[volume] for part in snapshot.parts.values() if volume in part]
        return others[0] if others else content.copy(name)

    # -- delete ---------------------------------------------------------------------------------

    def find(self, resource: str, name: str, context: int) -> tuple[Definition, Snapshot]:
        """The snapshot. Raises Refused 301, 313."""
        definition = self._state.definition(resource, context)
        for each in definition.snapshots.values():
            if each.name.lower() == name.lower():
                return definition, each
        message = f"Snapshot '{name}' of resource '{resource}' not found."
        raise refuse(context, 313, message, details=f"Resource: {resource}, Snapshot: {name}")

    def delete(self, resource: str, name: str) -> list[Reply]:
        """Delete a snapshot; an offline node keeps its part, which LINSTOR then forgets (linstor.md 2.11)."""
        with self._state.lock:
            context = DEL | SNAPSHOT
            try:
                definition, snapshot = self.find(resource, name, context)
            except Refused:
                message = f"Snapshot definition {name} of resource {resource} not found."
                return [warning(context, 3000, message, f"Snapshot {name}")]
            offline = [node for node in snapshot.parts if not self._state.nodes[node].online]
            for node in snapshot.parts:
                if self._state.fails(node, f"lvremove -f {definition.name}_00000_{name}"):
                    snapshot.flags.add("DELETE")
                    raise self._deploy.broken(context, node, f"Failed to delete snapshot {name}")
            for node in offline:
                definition.leftovers[(node, snapshot.name.lower())] = snapshot.parts[node]
            self._discard(definition, snapshot)
            said = [success(context, DELETED, f"Snapshot '{name}' of resource '{resource}' deleted.")]
            said += [warning(context, 1002, f"No active connection to satellite '{node}'", "later") for node in offline]
            return [*said, success(context, MODIFIED, f"Deleted snapshot '{name}' of '{resource}'")]

    @staticmethod
    def _discard(definition: Definition, snapshot: Snapshot) -> None:
        del definition.snapshots[snapshot.name]
        kept = [id(content) for left in definition.leftovers.values() for content in left.values()]
        for part in snapshot.parts.values():
            for content in part.values():
                if id(content) not in kept:
                    content.discard()

    def modify(self, resource: str, name: str, override: dict[str, str], delete: Sequence[str]) -> list[Reply]:
        """Change the properties of a snapshot."""
        with self._state.lock:
            _, snapshot = self.find(resource, name, MOD | SNAPSHOT)
            snapshot.props.update(override)
            for key in delete:
                snapshot.props.pop(key, None)
            return [success(MOD | SNAPSHOT, MODIFIED, f"Snapshot '{name}' modified.")]

    # -- restore --------------------------------------------------------------------------------

    def restore_volumes(self, resource: str, name: str, target: str) -> list[Reply]:
        """Give *target* the volume definitions of a snapshot."""
        with self._state.lock:
            context = CRT | SNAPSHOT
            source, snapshot = self.find(resource, name, context)
            definition = self._state.definition(target, context)
            if set(snapshot.sizes) & set(definition.volumes):
                raise refuse(context, 503, f"Volume definition of '{target}' already exists")
            for each, size in snapshot.sizes.items():
                volume = self._deploy_volume(definition, each, size)
                volume.props = {
                    key: value for key, value in snapshot.volume_props[each].items() if key == "DrbdCurrentGi"
                }
            inherited = {key: value for key, value in snapshot.definition_props.items() if key not in definition.props}
            definition.props.update(inherited)
            return [success(context, DELETED, f"Volume definitions of '{source.name}' restored to '{target}'")]

    def _deploy_volume(self, definition: Definition, each: int, size: int) -> VolumeDefinition:
        volume = VolumeDefinition(each, size, self._state.free_minor())
        definition.volumes[each] = volume
        return volume

    def restore_resources(self, resource: str, name: str, target: str, nodes: Sequence[str] = ()) -> list[Reply]:
        """Make the replicas of *target* from a snapshot, on *nodes* or on all that hold it."""
        with self._state.lock:
            context = CRT | RSC
            _, snapshot = self.find(resource, name, context)
            definition = self._state.definition(target, context)
            if definition.resources:
                message = "Cannot restore to resource definition which already has resources"
                error = refuse(context, 502, message, details=f"Resource definition: {target}")
                raise reported(error, self._state.report())
            if "SUCCESSFUL" not in snapshot.flags:
                raise self._deploy.unexpected(context, "Unable to use failed snapshot")
            chosen = [node for node in snapshot.parts if not nodes or node.lower() in {each.lower() for each in nodes}]
            return self._restored(definition, snapshot, chosen)

    def _restored(self, definition: Definition, snapshot: Snapshot, nodes: Sequence[str]) -> list[Reply]:
        self._deploy.first_deployment(definition, CRT | SNAPSHOT)
        for node in nodes:
            pool = self._state.nodes[node].pools[snapshot.pools[node]]
            self._deploy.fit(definition, pool)
        self.put_back(definition, snapshot, nodes)
        for node in nodes:
            resource = Resource(node, props={"StorPoolName": snapshot.pools[node]}, pool=snapshot.pools[node])
            quorum.add_resource(self._state, definition, resource)
        said = quorum.settle_witness(self._state, definition, CRT | SNAPSHOT)
        said += quorum.settle_quorum(definition, CRT | SNAPSHOT)
        text = f"Resource '{definition.name}' on nodes '{', '.join(nodes)}' restored, snapshot '{snapshot.name}'."
        said += [success(CRT | RSC, CREATED, text), success(CRT | VLM, CREATED, "Volume number 0 created")]
        if definition.drbd:
            said.append(success(CRT | RSC, MODIFIED, f"Resource '{definition.name}' [DRBD] adjusted."))
        return [*said, success(CRT | SNAPSHOT, MODIFIED, f"Created resource '{definition.name}'")]

    def put_back(self, definition: Definition, snapshot: Snapshot, nodes: Sequence[str]) -> None:
        """Fill the volumes with what the first of *nodes* holds of the snapshot."""
        part = snapshot.parts[nodes[0]] if nodes else {}
        for each, content in part.items():
            volume = definition.volumes[each]
            assert volume.content is not None
            usable = volume.content.size
            volume.content.replace(content)
            if volume.content.size < usable:
                volume.content.resize(usable)

    # -- roll back ------------------------------------------------------------------------------

    def roll_back(self, resource: str, name: str) -> list[Reply]:
        """Set a definition back to any of its snapshots (1.31.2 and later); newer ones stay."""
        with self._state.lock:
            context = MOD | SNAPSHOT
            definition, snapshot = self.find(resource, name, context)
            for node in self._state.devices.primaries(definition):
                raise reported(in_use(definition, node, context), self._state.report())
            if self._state.offline(definition):
                raise refuse(context, 995, f"Not all satellites of '{resource}' are connected")
            for each, size in snapshot.sizes.items():
                volume = definition.volumes[each]
                volume.size = size
                volume.gross = 0
            definition.props = dict(snapshot.definition_props)
            return self._rolled_back(definition, snapshot, context)

    def _rolled_back(self, definition: Definition, snapshot: Snapshot, context: int) -> list[Reply]:
        for each in definition.diskful():
            self._deploy.fit(definition, self._state.nodes[each.node].pools[each.pool])
        definition.connections.clear()
        self.put_back(definition, snapshot, list(snapshot.parts))
        for volume in definition.volumes.values():
            if volume.content is not None:
                volume.content.resize(max(volume.size * 1024, min(volume.content.size, volume.gross * 1024)))
        said = self._steps_of_rollback(definition, context)
        spare = [each for each in definition.resources.values() if each.diskless]
        if spare and len(definition.diskful()) % 2 == 0:
            # the controller makes a witness, then the former diskless one comes back as a plain attachment (recorded)
            said.append(Reply(number(1, context, 10003), f"Tie breaker resource created on {spare[0].node}"))
            spare[0].flags.discard("TIE_BREAKER")
        self._state.changed(definition)
        return said

    @staticmethod
    def _steps_of_rollback(definition: Definition, context: int) -> list[Reply]:
        said = [success(context, code, "Rollback step") for code in (0, CREATED, DELETED, MODIFIED)]
        said += [success(MOD | VLM, code, "Volume step") for code in (CREATED, DELETED)]
        said += [success(MOD | RSC, code, "Resource step") for code in (DELETED, MODIFIED)]
        if definition.tiebreaker() is not None or definition.wanted_diskless():
            said += [success(CRT | RSC, code, "Resource already deployed as requested") for code in (0, CREATED)]
        return said
