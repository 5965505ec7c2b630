"""Clones: started by one request, finished by the satellites, failing behind a success (linstor.md 2.12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.memory.linstor import commands, properties, quorum
from adapters.memory.linstor.deploy import Deploy
from adapters.memory.linstor.objects import (
    CLONE_KINDS,
    Definition,
    Pool,
    Resource,
    VolumeDefinition,
    by_name,
    new_uuid,
)
from adapters.memory.linstor.properties import Given
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    MOD,
    MODIFIED,
    RSC,
    RSC_DFN,
    VLM,
    Refused,
    Reply,
    refuse,
    reported,
    success,
)
from adapters.memory.linstor.satellites import Satellites
from adapters.memory.linstor.snapshots import GOOD_STATES, SKIP_DISK
from adapters.memory.linstor.state import State, check_resource_name

CLONED_FROM = "cloned-from"
NOT_COPIED_VOLUME_PROPS = ("DrbdOptions/Disk/rs-discard-granularity",)


class Clones:
    """Clones of definitions. *slow*: by name, how often a clone answers CLONING before it is COMPLETE."""

    def __init__(self, state: State, satellites: Satellites, deploy: Deploy) -> None:
        self._state = state
        self._satellites = satellites
        self._deploy = deploy
        self.slow: dict[str, int] = {}

    def start(
        self,
        source_name: str,
        name: str,
        *,
        group: str = "",
        override: Given | None = None,
        delete: Sequence[str] = (),
        namespaces: Sequence[str] = (),
        layers: Sequence[str] = (),
    ) -> list[Reply]:
        """Start a clone node by node. A satellite that fails is no error here: only the status tells."""
        with self._state.lock:
            context = CRT | RSC_DFN
            source = self._source(source_name, layers, context)
            self._check_name(name, context)
            pools = self._pools(source, self._group(group or source.group, context), context)
            put = properties.allowed(self._state, override or {}, context, f"Resource definition: {name}")
            target = self._target(source, name, by_name(self._state.groups, group) or source.group)
            _give(target, put, delete, namespaces)
            said = self._satellites.round(source, context, f"Suspend IO on clone source {source.name}")
            if "clone" in self._state.dies_in:
                self._leave(source, target, pools, context)
            said += properties.told(RSC_DFN, put, delete)
            return said + self._copy(source, target, pools, context)

    # -- checks ---------------------------------------------------------------------------------

    def _source(self, name: str, layers: Sequence[str], context: int) -> Definition:
        found = self._state.find(name)
        if found is None:
            members = {"cause": "It is not in the database.", "correction": "Create it first."}
            raise refuse(0, 301, f"Resource definition '{name}' not found.", **members)
        wanted = [each.upper() for each in layers] or found.layers
        if wanted != found.layers and any(each.diskless for each in found.resources.values()):
            raise refuse(context, 225, "The layers of a clone with diskless peers cannot be changed", details=name)
        return found

    def _check_name(self, name: str, context: int) -> None:
        if not name:
            details = "Neither a name nor an external name is given."
            raise refuse(context, 202, "No name for the cloned resource was specified.", details=details)
        check_resource_name(name, context, self._state)
        if self._state.find(name) is not None:
            message = f"A resource definition with the name '{name}' already exists"
            raise refuse(context, 501, message, cause="The name is taken.", details=f"Resource definition: {name}")

    def _group(self, name: str, context: int) -> list[str]:
        """The pools that a group may use, none for all. Raises Refused 317."""
        found = by_name(self._state.groups, name)
        if found is None:
            raise self._reported(context, 317, f"Resource group '{name}' could not be found.")
        return self._state.groups[found].pools

    def _reported(self, context: int, code: int, message: str) -> Refused:
        return reported(refuse(context, code, message, details="Clone"), self._state.report(message))

    def _pools(self, source: Definition, members: Sequence[str], context: int) -> dict[str, Pool]:
        """The pool of every replica of the clone. Raises Refused 243, 996, 227, 974."""
        diskful = source.diskful()
        for each in diskful:
            if each.props.get(SKIP_DISK, "").lower() == "true":
                message = f"Resource Node: '{each.node}', Rsc: '{source.name}' has skip-disk set, unable to clone."
                raise refuse(context, 243, message, details=f"Source: {source.name}")
            if each.disk_state not in GOOD_STATES:
                message = "Cannot clone resource-definition, because we have a non-UpToDate DRBD device."
                raise refuse(context, 974, message, details=f"Source: {source.name}")
        pools = {each.node: pool for each in diskful if (pool := self._pool(each, members)) is not None}
        if len(pools) < len(diskful) or not pools or "DELETE" in source.flags:
            raise self._reported(context, 996, "No suitable storage pools found for cloning.")
        used = [self._satellites.pool(each) for each in diskful]
        if any(pool.kind not in CLONE_KINDS for pool in [*pools.values(), *used]):
            raise self._reported(context, 227, "Clone source contains unsupported storage pools")
        return pools

    def _pool(self, each: Resource, members: Sequence[str]) -> Pool | None:
        """The pool of the source where the group allows it, else the first other one on that node."""
        node = self._state.nodes[each.node]
        if not node.online:
            return None
        if not members or by_name(members, each.pool) is not None:
            return node.pools[each.pool]
        found = [own for name in members if (own := by_name(node.pools, name)) is not None]
        return node.pools[found[0]] if found else None

    # -- work -----------------------------------------------------------------------------------

    def _target(self, source: Definition, name: str, group: str) -> Definition:
        props = {**source.props, CLONED_FROM: source.name}
        target = Definition(name, group, list(source.layers), props=props, port=self._state.free_port())
        target.layers_known = True
        self._state.add(target)
        for volume in source.volumes.values():
            copied = VolumeDefinition(volume.number, volume.size, self._state.free_minor())
            copied.props = {key: value for key, value in volume.props.items() if key not in NOT_COPIED_VOLUME_PROPS}
            if source.drbd:
                copied.props["DrbdCurrentGi"] = new_uuid().replace("-", "").upper()[:16]
                copied.flags.add("DRBD_INITIALIZED")
            target.volumes[volume.number] = copied
        return target

    def _copy(self, source: Definition, target: Definition, pools: dict[str, Pool], context: int) -> list[Reply]:
        said: list[Reply] = []
        for each in [each for each in source.resources.values() if not each.going]:
            said += self._record(target, each, pools.get(each.node), context)
        said += self._satellites.round(
            source, context, f"Set snapshot for clone property of '{source.name}' on '{{node}}'"
        )
        said += self._satellites.round(source, context, f"Resumed IO of '{source.name}' on '{{node}}' after clone")
        failed = [node for node, pool in pools.items() if not self._copied(source, target, node, pool)]
        said += self._created(target, context)
        self._finish(target, failed)
        quorum.settle_quorum(target, context)
        text = f"Disabled start cloning flag {target.name}"
        return said + self._satellites.round(target, context, text)

    def _leave(self, source: Definition, target: Definition, pools: dict[str, Pool], context: int) -> None:
        """Die: the clone is on record, says CLONING, and nobody goes on with it. Raises ControllerDied."""
        for each in [each for each in source.resources.values() if not each.going]:
            self._record(target, each, pools.get(each.node), context)
        for each in target.diskful():
            each.disk_state, each.volume_flags = "CloningDone", {"CLONING", "CLONING_FINISHED"}
        target.flags.add("CLONING")
        self._state.live_through("clone", source)

    def _record(self, target: Definition, each: Resource, pool: Pool | None, context: int) -> list[Reply]:
        pool_name = pool.name if pool is not None else each.pool
        resource = Resource(each.node, set(each.flags), {"StorPoolName": pool_name}, pool=pool_name, deployed=False)
        resource.created = self._state.millis()
        quorum.record(self._state, target, resource).node_id = each.node_id
        text = f"New resource '{target.name}' on node '{each.node}' registered."
        volume = "Volume with number '{}' on resource '{}' on node '{}' successfully registered"
        numbers = sorted(target.volumes)
        volumes = [success(CRT | VLM, CREATED, volume.format(own, target.name, each.node)) for own in numbers]
        return [success(context, CREATED, text), *volumes]

    def _copied(self, source: Definition, target: Definition, node: str, pool: Pool) -> bool:
        """Copy what the source's replica on *node* holds; whether the satellite could."""
        here = target.resources[node]
        for own, volume in target.volumes.items():
            name, of = commands.backing(target, volume), commands.backing(source, source.volumes[own])
            same = self._satellites.pool(source.resources[node]).kind == pool.kind and pool.thin
            command = commands.restore(pool, name, of) if same else commands.create(pool, name, volume.size)
            if any(self._state.fails(node, each) for each in (command, f"lvconvert {name}")):
                here.backed = False
                return False
            copy = source.content(source.resources[node], own).copy(f"{name}.{here.uuid[:8]}")
            volume.gross = max(volume.gross, source.volumes[own].gross)
            if volume.content is None:
                volume.content = copy
            elif target.drbd:
                copy.discard()
            else:
                here.own[own] = copy
        self._deploy.fit(target, pool)
        for volume in target.volumes.values():
            for key in NOT_COPIED_VOLUME_PROPS:
                volume.props.pop(key, None)
        return True

    def _created(self, target: Definition, context: int) -> list[Reply]:
        """Volumes are there; a diskless peer has its device at once."""
        said: list[Reply] = []
        for each in target.resources.values():
            if each.diskless and self._satellites.online(each):
                self._up(target, each)
                said += self._satellites.adjusts(target, context)(each)
                said += self._satellites.adjusts(target, MOD | RSC)(each)
            elif not each.diskless:
                said += self._satellites.per_volume(target, each, CRT | VLM, CREATED, "created")
            said.append(success(context, MODIFIED, f"Created resource '{target.name}' on '{each.node}'"))
        return said

    def _up(self, target: Definition, each: Resource) -> None:
        each.deployed = True
        each.volume_flags = {"CLONING_FINISHED"}
        self._state.announce("appeared", target, each)

    def _finish(self, target: Definition, failed: Sequence[str]) -> None:
        """The devices of the replicas come up, unless one node failed: then none does, for good."""
        for each in target.diskful():
            if not failed:
                self._up(target, each)
                continue
            broken = each.node in failed
            each.volume_flags = {"DELETE", "CLONING"} if broken else {"CLONING", "CLONING_FINISHED"}
            each.disk_state = "CloningFailed" if broken else "CloningDone"
        if failed:
            target.flags |= {"CLONING", "FAILED"}

    # -- status ---------------------------------------------------------------------------------

    def asked_status(self, name: str) -> str:
        """The status as a client gets it. Raises Refused 301 for what is no clone."""
        found = self.status(name)
        if found is None:
            raise refuse(0, 301, "Cloned resource not found.")
        return found

    def status(self, name: str) -> str | None:
        """CLONING, COMPLETE, FAILED, or None for what is no clone; FAILED also while a node is away (2.12)."""
        with self._state.lock:
            target = self._state.find(name)
            if target is None or CLONED_FROM not in target.props:
                return None
            if self.slow.get(target.name, 0) > 0:
                self.slow[target.name] -= 1
                return "CLONING"
            if "FAILED" in target.flags or self._state.offline(target):
                return "FAILED"
            return "CLONING" if "CLONING" in target.flags else "COMPLETE"


def _give(target: Definition, put: Mapping[str, str], delete: Sequence[str], namespaces: Sequence[str]) -> None:
    """What the request puts outlives what it deletes."""
    properties.change(target.props, {}, delete, namespaces)
    target.props.update(put)
