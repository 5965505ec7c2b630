"""Clones: started by one request, finished by the satellites, failing behind a success (linstor.md 2.12)."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.memory.linstor import quorum
from adapters.memory.linstor.definitions import Definitions
from adapters.memory.linstor.deploy import Deploy
from adapters.memory.linstor.objects import CLONE_KINDS, Definition, Pool, Resource, VolumeDefinition, by_name, new_uuid
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DEL,
    DELETED,
    MOD,
    MODIFIED,
    RSC,
    RSC_DFN,
    VLM,
    Reply,
    refuse,
    reported,
    success,
)
from adapters.memory.linstor.resources import TWO_PRIMARIES
from adapters.memory.linstor.state import State, check_resource_name

NOT_COPIED_VOLUME_PROPS = ("DrbdOptions/Disk/rs-discard-granularity",)


class Clones:
    """Clones of definitions."""

    def __init__(self, state: State, deploy: Deploy, definitions: Definitions) -> None:
        self._state = state
        self._deploy = deploy
        self._definitions = definitions
        self.slow: dict[str, int] = {}

    def start(
        self,
        source_name: str,
        name: str,
        *,
        group: str = "",
        override: dict[str, str] | None = None,
        delete: Sequence[str] = (),
        namespaces: Sequence[str] = (),
    ) -> list[Reply]:
        """Start a clone node by node. A satellite that fails is no error here: only the status tells."""
        with self._state.lock:
            context = CRT | RSC_DFN
            source = self._source(source_name)
            check_resource_name(name, context, self._state)
            if self._state.find(name) is not None:
                message = f"A resource definition with the name '{name}' already exists"
                raise refuse(context, 501, message, cause="The name is taken.", details=f"Resource definition: {name}")
            new_group = self._state.group(group, context).name if group else source.group
            pools = self._pools(source, new_group, context)
            target = self._target(source, name, new_group)
            said = self._change_props(target, override or {}, delete, namespaces)
            return said + self._copy(source, target, pools)

    def _source(self, name: str) -> Definition:
        found = self._state.find(name)
        if found is None:
            text = f"The specified resource definition '{name}' could not be found in the database"
            message = f"Resource definition '{name}' not found."
            raise refuse(0, 301, message, cause=text, correction="Create it first.")
        return found

    def _pools(self, source: Definition, group: str, context: int) -> dict[str, Pool]:
        """The pool of every replica of the clone. Raises Refused 996, 227, 974."""
        members = self._state.groups[group].pools
        behind = [each for each in source.diskful() if each.disk_state not in ("", "UpToDate")]
        offline = [each for each in source.diskful() if not self._state.nodes[each.node].online]
        if behind:
            raise refuse(context, 974, "Clone source is not UpToDate")
        pools: dict[str, Pool] = {}
        for each in source.diskful():
            pool = self._clone_pool(each, members)
            if pool is not None and not offline:
                pools[each.node] = pool
        if len(pools) < len(source.diskful()) or not pools or "DELETE" in source.flags:
            error = refuse(
                context, 996, "No suitable storage pools found for cloning.", details=f"Source: {source.name}"
            )
            raise reported(error, self._state.report())
        used = [self._state.nodes[each.node].pools[each.pool] for each in source.diskful()]
        if any(pool.kind not in CLONE_KINDS for pool in [*pools.values(), *used]):
            raise refuse(context, 227, "Clone source contains unsupported storage pools")
        return pools

    def _clone_pool(self, each: Resource, members: Sequence[str]) -> Pool | None:
        node = self._state.nodes[each.node]
        if not members or by_name(members, each.pool) is not None:
            return node.pools[each.pool]
        return next((node.pools[name] for name in members if name in node.pools), None)

    def _target(self, source: Definition, name: str, group: str) -> Definition:
        props = {key: value for key, value in source.props.items() if key != "cloned-from"}
        props["cloned-from"] = source.name
        target = Definition(name, group, list(source.layers), props=props, port=self._state.free_port())
        self._state.add(target)
        for volume in source.volumes.values():
            copied = VolumeDefinition(volume.number, volume.size, self._state.free_minor())
            copied.props = dict(volume.props)
            copied.props["DrbdCurrentGi"] = new_uuid().replace("-", "").upper()[:16]
            if not source.drbd:
                copied.props.pop("DrbdCurrentGi")
            target.volumes[volume.number] = copied
        return target

    @staticmethod
    def _change_props(
        target: Definition, override: dict[str, str], delete: Sequence[str], namespaces: Sequence[str]
    ) -> list[Reply]:
        said = []
        for space in namespaces:
            prefix = space.rstrip("/") + "/"
            for key in [key for key in target.props if key.startswith(prefix)]:
                del target.props[key]
        for key in delete:
            target.props.pop(key, None)
        if delete:
            said.append(success(DEL | RSC_DFN, DELETED, f"Successfully deleted property key(s): {', '.join(delete)}"))
        target.props.update(override)
        if override:
            said.append(success(CRT | RSC_DFN, CREATED, f"Successfully set property key(s): {', '.join(override)}"))
        return said

    def _copy(self, source: Definition, target: Definition, pools: dict[str, Pool]) -> list[Reply]:
        self._copy_contents(source, target, pools)
        failed = [node for node, pool in pools.items() if self._deploy.cannot(target, node, pool)]
        failed += [node for node in pools if self._state.fails(node, f"lvconvert {target.name}_00000")]
        for each in source.resources.values():
            if not each.going:
                self._copy_resource(target, each, pools.get(each.node), failed)
        if failed:
            target.flags |= {"CLONING", "FAILED"}
        else:
            quorum.settle_quorum(target, CRT | RSC_DFN)
        if target.props.get(TWO_PRIMARIES) == "yes":
            self._state.sync_kernel(target)
        return self._told(source, target)

    def _copy_contents(self, source: Definition, target: Definition, pools: dict[str, Pool]) -> None:
        for volume in target.volumes.values():
            content = source.volumes[volume.number].content
            assert content is not None
            volume.content = content.copy(f"{target.name}_{volume.number:05d}.{volume.uuid[:8]}")
            volume.gross = source.volumes[volume.number].gross
        for pool in pools.values():
            self._deploy.fit(target, pool)
        for volume in target.volumes.values():
            for key in NOT_COPIED_VOLUME_PROPS:
                volume.props.pop(key, None)

    def _copy_resource(self, target: Definition, each: Resource, pool: Pool | None, failed: Sequence[str]) -> None:
        pool_name = pool.name if pool is not None else each.pool
        resource = Resource(each.node, set(each.flags), {"StorPoolName": pool_name}, pool=pool_name)
        resource.volume_flags = {"CLONING_FINISHED"}
        if failed and not each.diskless:
            broken = each.node in failed
            resource.deployed = False
            resource.volume_flags = {"DELETE", "CLONING"} if broken else {"CLONING", "CLONING_FINISHED"}
            resource.disk_state = "CloningFailed" if broken else "CloningDone"
        quorum.add_resource(self._state, target, resource)

    @staticmethod
    def _told(source: Definition, target: Definition) -> list[Reply]:
        said = [
            success(CRT | RSC_DFN, CREATED, f"New resource '{target.name}' registered."),
            success(CRT | VLM, CREATED, f"Volume number 0 of resource '{target.name}' created"),
            success(CRT | RSC_DFN, MODIFIED, f"Created resource '{target.name}'"),
        ]
        if source.drbd:
            said.append(success(CRT | RSC, MODIFIED, f"Resource '{source.name}' [DRBD] adjusted."))
        if any(each.diskless for each in source.resources.values()) and source.drbd:
            said.append(success(MOD | RSC, MODIFIED, f"Resource '{target.name}' [DRBD] adjusted."))
        return said

    def status(self, name: str) -> str | None:
        """CLONING, COMPLETE, FAILED, or None for what is no clone; FAILED also while a node is away (2.12)."""
        with self._state.lock:
            target = self._state.find(name)
            if target is None or "cloned-from" not in target.props:
                return None
            if self.slow.get(target.name, 0) > 0:
                self.slow[target.name] -= 1
                return "CLONING"
            if "FAILED" in target.flags or self._state.offline(target):
                return "FAILED"
            return "CLONING" if "CLONING" in target.flags else "COMPLETE"
