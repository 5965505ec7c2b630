"""Snapshots: take, delete, change (linstor.md 2.11). Restoring is in `restoring`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.memory.linstor import commands, properties
from adapters.memory.linstor.contents import Content
from adapters.memory.linstor.objects import SNAPSHOT_KINDS, Definition, Resource, Snapshot, new_uuid
from adapters.memory.linstor.properties import Given
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DEL,
    DELETED,
    MOD,
    MODIFIED,
    SNAPSHOT,
    WARN,
    Refused,
    Reply,
    not_found,
    number,
    refuse,
    reported,
    success,
    warning,
)
from adapters.memory.linstor.satellites import Satellites
from adapters.memory.linstor.state import RESOURCE_NAME, State, reported_name

GOOD_STATES = ("", "UpToDate")
SKIP_DISK = "DrbdOptions/SkipDisk"
Taken = tuple[Definition, Snapshot]


@dataclass(frozen=True)
class Wanted:
    """A snapshot that somebody asks for; *nodes*: only there."""

    resource: str
    name: str
    props: Given
    nodes: Sequence[str] = ()


class Snapshots:
    """Operations on snapshots. Each gives its replies or raises Refused."""

    def __init__(self, state: State, satellites: Satellites) -> None:
        self._state = state
        self._satellites = satellites

    # -- look-ups -------------------------------------------------------------------------------

    def find(self, resource: str, name: str, context: int) -> Taken:
        """The snapshot. Raises Refused 301, 313."""
        definition = self._state.definition(resource, context)
        for each in definition.snapshots.values():
            if each.name.lower() == name.lower():
                return definition, each
        message = f"Snapshot '{name}' of resource '{resource}' not found."
        raise refuse(context, 313, message, details=f"Resource: {resource}, Snapshot: {name}")

    def seen(self, resource: str, name: str) -> Taken:
        """The snapshot, for a read. Raises Refused 301, 315."""
        with self._state.lock:
            if self._state.find(resource) is None:
                raise not_found("Resource definition", resource)
            try:
                return self.find(resource, name, 0)
            except Refused as refused:
                raise not_found("Snapshot", name) from refused

    # -- take -----------------------------------------------------------------------------------

    def create(self, resource: str, name: str, props: Given | None = None, nodes: Sequence[str] = ()) -> list[Reply]:
        """Take a snapshot on every online replica, or on those of *nodes*."""
        with self._state.lock:
            return self._create([Wanted(resource, name, props or {}, nodes)])

    def create_multi(self, wanted: Sequence[tuple[str, str]]) -> list[Reply]:
        """Take several at once; when one name is taken or one definition is missing, none is made."""
        with self._state.lock:
            return self._create([Wanted(resource, name, {}) for resource, name in wanted])

    def _create(self, wanted: Sequence[Wanted]) -> list[Reply]:
        context = CRT | SNAPSHOT
        checked = [(self._checked(each, context), each) for each in wanted]
        said: list[Reply] = []
        for definition, _ in checked:
            said += self._missed(definition, context)
        taken: list[Taken] = []
        for definition, each in checked:
            put = properties.allowed(self._state, each.props, context, f"Snapshot: {each.name}")
            said += properties.told(SNAPSHOT, put, ())
            taken.append((definition, self.register(definition, each.name, put, each.nodes)))
            text = f"New snapshot '{each.name}' of resource '{definition.name}' registered."
            said.append(success(context, CREATED, text))
        try:
            return said + self.take(taken, context)
        except Refused as refused:
            raise refused.after(said) from refused

    def _checked(self, wanted: Wanted, context: int) -> Definition:
        if not RESOURCE_NAME.fullmatch(wanted.name):
            raise reported_name(context, 218, f"The given snapshot name '{wanted.name}' is invalid.", self._state)
        definition = self._state.definition(wanted.resource, context)
        if any(each.lower() == wanted.name.lower() for each in definition.snapshots):
            where = f"in resource definition '{definition.name}'"
            message = f"A snapshot definition with the name '{wanted.name}' already exists {where}."
            raise refuse(context, 514, message, cause="The name is taken.", details=f"Snapshot: {wanted.name}")
        self._check_replicas(definition, context)
        self._check_nodes(definition, wanted.nodes, context)
        return definition

    def _check_replicas(self, definition: Definition, context: int) -> None:
        if not any(self._satellites.online(each) for each in definition.active()):
            raise self._reported(context, 995, "No diskful connected satellite for snapshot or no resources.")
        for each in definition.active():
            kind = self._satellites.pool(each).kind
            if kind not in SNAPSHOT_KINDS:
                raise self._reported(context, 994, f"Storage driver '{kind}' does not support snapshots.")
            if each.props.get(SKIP_DISK, "").lower() == "true":
                raise self._reported(context, 979, f"SkipDisk is enabled for resource {definition.name}")

    def _check_nodes(self, definition: Definition, nodes: Sequence[str], context: int) -> None:
        for name in nodes:
            here = definition.resources.get(self._state.node(name, context).name)
            if here is None:
                raise refuse(context, 302, f"Resource '{definition.name}' on node '{name}' not found.")
            if here.diskless:
                raise self._reported(context, 994, f"Cannot create snapshot from diskless resource on node '{name}'")

    def _reported(self, context: int, code: int, message: str) -> Refused:
        return reported(refuse(context, code, message, details="Snapshot creation"), self._state.report(message))

    def _missed(self, definition: Definition, context: int) -> list[Reply]:
        text = "Snapshot for resource '{}' will not be created on node '{}' because that node is currently offline."
        away = [each for each in definition.active() if not self._satellites.online(each)]
        return [Reply(number(WARN, context, 0), text.format(definition.name, each.node)) for each in away]

    def register(self, definition: Definition, name: str, props: dict[str, str], nodes: Sequence[str] = ()) -> Snapshot:
        """Put a snapshot on record, with no data yet."""
        only = {each.lower() for each in nodes}
        replicas = [each for each in definition.active() if self._satellites.online(each)]
        replicas = [each for each in replicas if not only or each.node.lower() in only]
        snapshot = Snapshot(
            name,
            {volume.number: volume.size for volume in definition.volumes.values()},
            {each.node: {} for each in replicas},
            {each.node: each.pool for each in replicas},
            props={**self._own_props(definition), **props},
            definition_props=dict(definition.props),
            volume_props={volume.number: dict(volume.props) for volume in definition.volumes.values()},
            flags=set(),
            part_uuids={each.node: (new_uuid(), new_uuid()) for each in replicas},
        )
        definition.snapshots[name] = snapshot
        return snapshot

    @staticmethod
    def _own_props(definition: Definition) -> dict[str, str]:
        """What LINSTOR notes on each snapshot for itself."""
        used = [int(each.props["SequenceNumber"]) for each in definition.snapshots.values()]
        own = {"SequenceNumber": str(max(used, default=0) + 1)}
        if definition.drbd:
            own["BackupShipping/BackupNodeIdsToReset"] = ",".join(str(each.node_id) for each in definition.active())
        return own

    # -- the rounds -----------------------------------------------------------------------------

    def take(self, taken: Sequence[Taken], context: int) -> list[Reply]:
        """Suspend, take, resume on all nodes of all definitions; a failure resumes and leaves them failed."""
        names = f"[{', '.join(definition.name for definition, _ in taken)}]"
        said = self._round(taken, context, f"Suspended IO of '{names}' on '{{}}' for snapshot")
        if any(each.disk_state not in GOOD_STATES for definition, _ in taken for each in definition.active()):
            raise self._aborted(taken, context, said)
        for definition, _ in taken:
            self._state.live_through("snapshot", definition)
        try:
            said += self._round(taken, context, f"Took snapshot of '{names}' on '{{}}'", takes=True)
        except Refused as refused:
            for _, snapshot in taken:
                snapshot.flags = {"FAILED_DEPLOYMENT"}
            abort = self._round(taken, context, f"Aborted snapshot and resumed IO of '{names}' on '{{}}'")
            raise Refused(*said, *refused.replies, *abort) from refused
        for _, snapshot in taken:
            snapshot.flags, snapshot.created = {"SUCCESSFUL"}, self._state.millis()
        return said + self._round(taken, context, f"Resumed IO of '{names}' on '{{}}' after snapshot")

    def _aborted(self, taken: Sequence[Taken], context: int, said: list[Reply]) -> Refused:
        """979: a replica is not up to date; the controller takes everything back itself."""
        said += self._round(taken, context, "Aborted snapshot on '{}' and resumed IO")
        for definition, snapshot in taken:
            for name in snapshot.parts:
                text = f"Marked snapshot for deletion snapshot '{snapshot.name}' on '{name}'"
                said += [success(context, DELETED, text), success(context, MODIFIED, f"Deleted on '{name}'")]
            self._forget(definition, snapshot)
            said.append(success(context, DELETED, f"Snapshot '{snapshot.name}' deleted."))
        message = "Cannot take snapshot from non-UpToDate DRBD device. Snapshot creation aborted"
        return refuse(context, 979, message).after(said)

    def _round(self, taken: Sequence[Taken], context: int, text: str, *, takes: bool = False) -> list[Reply]:
        nodes = dict.fromkeys(name for definition, _ in taken for name in definition.resources)
        said: list[Reply] = []
        failed = False
        for name in [name for name in nodes if self._state.nodes[name].online]:
            try:
                for definition, snapshot in taken:
                    said += self._on_node(definition, snapshot, name, context, takes=takes)
            except Refused as refused:
                said += refused.replies
                failed = True
            else:
                said.append(success(context, MODIFIED, text.format(name)))
        if failed:
            raise Refused(*said)
        return said

    def _on_node(
        self, definition: Definition, snapshot: Snapshot, node: str, context: int, *, takes: bool
    ) -> list[Reply]:
        here = definition.resources.get(node)
        if here is None:
            text = f"({node}) Skipping processing resource: {definition.name}"
            said = [success(context, 0, text, cause="It is not deployed here.")]
        else:
            said = self._satellites.adjusts(definition, context)(here)
        if node not in snapshot.parts:
            text = f"({node}) Skipping processing unknown snapshot '{snapshot.name}' of resource '{definition.name}'"
            return [*said, success(context, 0, text, cause="Snapshot not found.")]
        if not takes or here is None:
            return said
        try:
            return said + self._takes(definition, snapshot, here, context)
        except Refused as refused:
            raise refused.after(said) from refused

    def _takes(self, definition: Definition, snapshot: Snapshot, here: Resource, context: int) -> list[Reply]:
        """Copy what the volumes hold; where an old volume of that name was left on a node, that stays (2.17 no. 0)."""
        left = definition.leftovers.get((here.node, snapshot.name.lower()))
        if left is not None:
            snapshot.parts[here.node] = left
            return []
        said = []
        for own, volume in definition.volumes.items():
            name = commands.backing(definition, volume)
            command = commands.snapshot(self._satellites.pool(here), f"{name}_{snapshot.name}", name)
            message = f"Failed to create snapshot {name}_{snapshot.name} from {name}"
            self._satellites.run(here.node, command, message, context)
            snapshot.parts[here.node][own] = self._part(definition, snapshot, definition.content(here, own), own)
            text = f"({here.node}) Snapshot with name '{snapshot.name}' of '{definition.name}', volume {own} created."
            said.append(success(context, CREATED, text))
        return said

    @staticmethod
    def _part(definition: Definition, snapshot: Snapshot, content: Content, own: int) -> Content:
        """Up-to-date replicas are equal, so their snapshots share one copy."""
        shared = content is definition.volumes[own].content and definition.drbd
        for node, part in snapshot.parts.items():
            if shared and own in part and not definition.resources[node].own:
                return part[own]
        return content.copy(f"{commands.backing(definition, definition.volumes[own])}_{snapshot.name}.{new_uuid()[:8]}")

    # -- delete ---------------------------------------------------------------------------------

    def delete(self, resource: str, name: str, nodes: Sequence[str] = ()) -> list[Reply]:
        """Delete a snapshot, or its parts on *nodes*; an offline node keeps its part, which LINSTOR then forgets."""
        with self._state.lock:
            context = DEL | SNAPSHOT
            try:
                definition, snapshot = self.find(resource, name, context)
            except Refused:
                message = f"Snapshot definition {name} of resource {resource} not found."
                return [warning(context, 3000, message, f"Snapshot {name}")]
            only = {each.lower() for each in nodes}
            gone = [node for node in snapshot.parts if not only or node.lower() in only]
            return self.drop(definition, snapshot, gone, context)

    def drop(self, definition: Definition, snapshot: Snapshot, gone: Sequence[str], context: int) -> list[Reply]:
        """Delete the parts on the nodes *gone*, and the snapshot with the last one."""
        about = f"snapshot '{snapshot.name}' of resource '{definition.name}'"
        said = [success(context, DELETED, f"Marked for deletion {about} on nodes '{node}'") for node in gone]
        failed = False
        for node in list(snapshot.parts):
            if node not in gone:
                said.append(success(context, MODIFIED, f"Updated {about} on '{node}'"))
                continue
            try:
                said += self._removes(definition, snapshot, node, context)
            except Refused as refused:
                said += refused.replies
                failed = True
            else:
                said.append(success(context, MODIFIED, f"Deleted {about} on '{node}'"))
        if failed:
            snapshot.flags.add("DELETE")
            raise Refused(*said)
        said.append(success(context, DELETED, f"Snapshot {about} on nodes '{', '.join(gone)}' deleted."))
        return said + self._without(definition, snapshot, gone, about, context)

    def _removes(self, definition: Definition, snapshot: Snapshot, node: str, context: int) -> list[Reply]:
        if not self._state.nodes[node].online:
            definition.leftovers[(node, snapshot.name.lower())] = snapshot.parts[node]
            return [self._satellites.away(context, node)]
        pool = self._state.nodes[node].pools[snapshot.pools[node]]
        said = []
        for own in snapshot.parts[node]:
            name = f"{definition.name}_{own:05d}_{snapshot.name}"
            self._satellites.run(node, commands.remove(pool, name), "Failed to delete lvm snapshot", context)
            said.append(success(context, DELETED, f"({node}) Snapshot volume {name} deleted."))
        return said

    def _without(
        self, definition: Definition, snapshot: Snapshot, gone: Sequence[str], about: str, context: int
    ) -> list[Reply]:
        if len(gone) < len(snapshot.parts):
            for node in gone:
                del snapshot.parts[node], snapshot.pools[node], snapshot.part_uuids[node]
            return []
        self._forget(definition, snapshot)
        return [success(context, DELETED, f"Snapshot {about} deleted.")]

    @staticmethod
    def _forget(definition: Definition, snapshot: Snapshot) -> None:
        definition.snapshots.pop(snapshot.name, None)
        kept = {id(content) for left in definition.leftovers.values() for content in left.values()}
        for content in {id(each): each for part in snapshot.parts.values() for each in part.values()}.values():
            if id(content) not in kept:
                content.discard()

    # -- change ---------------------------------------------------------------------------------

    def modify(self, resource: str, name: str, override: Given, delete: Sequence[str] = ()) -> list[Reply]:
        """Change the properties of a snapshot."""
        with self._state.lock:
            context = MOD | SNAPSHOT
            definition, snapshot = self._to_modify(resource, name, context)
            put = properties.allowed(self._state, override, context, f"Snapshot: {name} of {definition.name}")
            properties.change(snapshot.props, put, delete)
            return properties.told(SNAPSHOT, put, delete)

    def _to_modify(self, resource: str, name: str, context: int) -> Taken:
        try:
            return self.find(resource, name, context)
        except Refused as refused:
            if refused.error.code != 313:
                raise
            raise refuse(context, 313, f"Snapshot definition '{resource}/{name}' not found.") from refused
