"""Resource definitions: spawn, create, modify, delete (linstor.md 2.3, 2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adapters.memory.linstor import quorum
from adapters.memory.linstor.deploy import Deploy
from adapters.memory.linstor.objects import DEFAULT_GROUP, Definition, Group, VolumeDefinition, by_name
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DEL,
    DELETED,
    MOD,
    MODIFIED,
    RSC,
    RSC_DFN,
    RSC_GRP,
    VLM,
    VLM_DFN,
    Refused,
    Reply,
    info,
    refuse,
    reported,
    success,
    warning,
)
from adapters.memory.linstor.resources import check_two_primaries
from adapters.memory.linstor.space import Filter
from adapters.memory.linstor.state import State, check_resource_name, in_use

LONGEST_VALUE = 4096
SETTABLE = (
    "Aux/",
    "DrbdOptions/",
    "FileSystem/",
    "StorPoolName",
    "StorDriver/",
    "UseZFSClone",
    "BalanceResourcesEnabled",
)
MINIMUM_KIB = 4
MAXIMUM_KIB = 2**40


class Definitions:
    """Operations on definitions. Each gives its replies or raises Refused."""

    def __init__(self, state: State, deploy: Deploy) -> None:
        self._state = state
        self._deploy = deploy

    # -- make -----------------------------------------------------------------------------------

    def spawn(
        self,
        group_name: str,
        name: str,
        sizes: Sequence[int],
        *,
        props: dict[str, str] | None = None,
        definitions_only: bool = False,
        select_filter: dict[str, Any] | None = None,
        partial: bool = False,
    ) -> list[Reply]:
        """Make a definition from a group, with volumes and replicas; nothing is left of one that cannot be placed."""
        with self._state.lock:
            context = CRT | RSC_GRP
            group = self._state.group(group_name, context)
            self._check_spawn(group, name, sizes, partial, context)
            self.check_props(props or {}, context)
            wanted = Filter.of(group, select_filter)
            definition = self._new(name, group.name, list(wanted.layers), dict(props or {}))
            said = self._volumes(definition, sizes)
            if definitions_only:
                text = f"Resource definition {name} and {len(sizes)} created but no resources deployed"
                cause = replace(info(context, 10000, text), cause="definitions only")
                return [*said, cause]
            return said + self._place(definition, wanted, context)

    def _check_spawn(self, group: Group, name: str, sizes: Sequence[int], partial: bool, context: int) -> None:
        check_resource_name(name, context, self._state)
        self._check_free(name, context)
        if len(sizes) < group.volume_groups or (
            len(sizes) > group.volume_groups and not partial and group.volume_groups
        ):
            raise refuse(context, 228, f"Resource group '{group.name}' has {group.volume_groups} volume groups")
        if not sizes:
            raise refuse(context, 228, "No volume sizes given")
        for size in sizes:
            if not MINIMUM_KIB <= size <= MAXIMUM_KIB:
                raise refuse(CRT | RSC_GRP, 206, f"The size {size} is invalid.", details="Net size of a volume")

    def _check_free(self, name: str, context: int) -> None:
        if self._state.find(name) is not None:
            message = f"A resource definition with the name '{name}' already exists"
            details = f"Resource definition: {name}"
            raise refuse(context, 501, message, cause="The name is taken.", details=details)

    def _new(self, name: str, group: str, layers: list[str], props: dict[str, str]) -> Definition:
        definition = Definition(name, group, layers, props=props, port=self._state.free_port())
        self._state.add(definition)
        return definition

    def _volumes(self, definition: Definition, sizes: Sequence[int]) -> list[Reply]:
        said = []
        for number, size in enumerate(sizes):
            self.add_volume(definition, number, size)
            said.append(
                success(CRT | VLM_DFN, CREATED, f"Volume definition with number '{number}' successfully created")
            )
        said.append(success(CRT | RSC_DFN, CREATED, f"New resource definition '{definition.name}' created."))
        return said

    def add_volume(self, definition: Definition, number: int, size: int) -> VolumeDefinition:
        """Put a volume into a definition."""
        volume = VolumeDefinition(number, size, self._state.free_minor())
        definition.volumes[number] = volume
        return volume

    def _place(self, definition: Definition, wanted: Filter, context: int) -> list[Reply]:
        try:
            return self._deploy.replicas(definition, wanted, wanted.place_count, context)
        except Refused as refused:
            if refused.error.code == 996:
                self._state.remove(definition)
            raise

    def create(
        self, name: str, group: str = "", props: dict[str, str] | None = None, layers: list[str] | None = None
    ) -> list[Reply]:
        """Make a bare definition; without a group it goes into the default one, which comes back for it."""
        with self._state.lock:
            context = CRT | RSC_DFN
            check_resource_name(name, context, self._state)
            if group:
                group = self._state.group(group, context).name
            else:
                group = DEFAULT_GROUP
                self._state.groups.setdefault(group, Group(group, {"place_count": 2}))
            self._check_free(name, context)
            self.check_props(props or {}, context)
            said = []
            stack = [*(layers or self._state.groups[group].layers)]
            if "STORAGE" not in stack:
                stack.append("STORAGE")
                said.append(warning(context, 1012, "The STORAGE layer was added."))
            self._new(name, group, stack, dict(props or {}))
            if props:
                said.append(success(context, CREATED, f"Successfully set property key(s): {', '.join(props)}"))
            return [*said, success(context, CREATED, f"New resource definition '{name}' created.")]

    def check_props(self, override: dict[str, str], context: int) -> None:
        """Raises Refused 213 for a key that is not white-listed, 998 for a value that the database cannot hold."""
        for key, value in override.items():
            if not key.startswith(SETTABLE) or key in ("Aux", "Aux/"):
                refused = refuse(
                    context,
                    213,
                    f"Invalid property key: {key}",
                    cause="The key is not whitelisted.",
                    details=f"Property {key}",
                )
                raise reported(refused, self._state.report())
            if value is not None and len(value) > LONGEST_VALUE:
                raise self._deploy.unexpected(context, "Database error: value too long")
        check_two_primaries(override, context)

    # -- modify ---------------------------------------------------------------------------------

    def modify(
        self,
        name: str,
        override: dict[str, str] | None = None,
        delete: Sequence[str] = (),
        namespaces: Sequence[str] = (),
        group: str = "",
    ) -> list[Reply]:
        """Change properties and the group; any real change makes the satellites adjust (linstor.md 2.18)."""
        with self._state.lock:
            context = MOD | RSC_DFN
            definition = self._state.definition(name, context)
            new_group = self._state.group(group, context) if group else None
            self.check_props(override or {}, context)
            before = dict(definition.props)
            said = self._change_props(definition, override or {}, delete, namespaces)
            said.append(success(context, MODIFIED, f"Resource definition '{name}' modified."))
            if new_group is not None and new_group.name != definition.group:
                said += self._regroup(definition, new_group)
            if definition.props != before and definition.resources:
                said += self._deploy.adjust_options(definition, MOD | RSC)
            return said

    @staticmethod
    def _change_props(
        definition: Definition, override: dict[str, str], delete: Sequence[str], namespaces: Sequence[str]
    ) -> list[Reply]:
        said = []
        definition.props.update(override)
        if override:
            said.append(success(CRT | RSC_DFN, CREATED, f"Successfully set property key(s): {', '.join(override)}"))
        for key in delete:
            definition.props.pop(key, None)
        if delete:
            said.append(success(DEL | RSC_DFN, DELETED, f"Successfully deleted property key(s): {', '.join(delete)}"))
        for space in namespaces:
            prefix = space.rstrip("/") + "/"
            for key in [key for key in definition.props if key.startswith(prefix)]:
                del definition.props[key]
        return said

    def _regroup(self, definition: Definition, group: Group) -> list[Reply]:
        """Another group: more replicas are made at once, fewer are left alone (linstor.md 2.4)."""
        definition.group = group.name
        said = self._state.adjusted(definition, MOD | RSC)
        wanted = Filter.of(group)
        fits = any(each.pool in group.pools for each in definition.diskful()) or not group.pools
        if definition.resources and fits and len(definition.diskful()) < group.place_count:
            said += self._deploy.replicas(definition, wanted, group.place_count, CRT | RSC)
        return said

    # -- delete ---------------------------------------------------------------------------------

    def delete(self, name: str) -> list[Reply]:
        """Delete everywhere; an offline node keeps it waiting (linstor.md 2.4)."""
        with self._state.lock:
            context = DEL | RSC_DFN
            definition = self._state.find(name)
            if definition is None:
                message = f"Resource definition: {name} not found."
                return [warning(context, 3000, message, f"Resource definition: {name}")]
            self._check_delete(definition, context)
            said = [success(context, DELETED, f"Resource definition '{name}' marked for deletion.")]
            definition.flags.add("DELETE")
            if self._state.offline(definition):
                return said + self._begin_delete(definition, context)
            return said + self._finish_delete(definition, context)

    def _check_delete(self, definition: Definition, context: int) -> None:
        if definition.snapshots:
            message = f"Cannot delete resource definition '{definition.name}' because it has snapshots."
            details = f"Resource definition: {definition.name}"
            raise reported(refuse(context, 514, message, details=details), self._state.report())
        for node in self._state.devices.primaries(definition):
            if self._state.nodes[node].online:
                raise in_use(definition, node, context)

    def _begin_delete(self, definition: Definition, context: int) -> list[Reply]:
        """The first step, which the offline node must confirm: the diskless ones go."""
        said = self._state.not_connected(definition, context)
        for each in definition.resources.values():
            if each.diskless:
                each.flags.add("DELETE")
                each.volume_flags.add("DELETE")
        said += [
            success(DEL | RSC, DELETED, f"Resource '{definition.name}' [DRBD] deleted."),
            success(context, MODIFIED, f"Resource '{definition.name}' marked for deletion"),
            success(DEL | RSC, MODIFIED, f"Resource '{definition.name}' [DRBD] adjusted."),
        ]
        return said

    def _finish_delete(self, definition: Definition, context: int) -> list[Reply]:
        replicated = definition.drbd and len(definition.diskful()) > 0
        held = [each for each in definition.resources if self._state.devices.openers(each, definition.name)]
        if held or any(self._state.fails(node, f"drbdadm down {definition.name}") for node in definition.resources):
            raise self._deploy.broken(
                context, (held or list(definition.resources))[0], "Shutdown of the DRBD resource failed"
            )
        said: list[Reply] = []
        if definition.resources:
            said = self._deleted(definition, context, adjusts=replicated and "CLONING" not in definition.flags)
        for each in list(definition.resources.values()):
            quorum.remove_resource(self._state, definition, each)
        self._state.remove(definition)
        return [*said, success(context, DELETED, f"Resource definition '{definition.name}' deleted.")]

    @staticmethod
    def _deleted(definition: Definition, context: int, *, adjusts: bool) -> list[Reply]:
        said = [success(context, MODIFIED, f"Resource '{definition.name}' marked for deletion")]
        if definition.drbd:
            said.append(success(DEL | RSC, DELETED, f"Resource '{definition.name}' [DRBD] deleted."))
        if definition.diskful():
            said.append(success(DEL | VLM, DELETED, f"Volume number 0 of resource '{definition.name}' deleted"))
        if adjusts:
            said.append(success(DEL | RSC, MODIFIED, f"Resource '{definition.name}' [DRBD] adjusted."))
        return said

    def resume_deletes(self) -> None:
        """What the controller finishes by itself once a node is back."""
        with self._state.lock:
            for definition in list(self._state.definitions.values()):
                if "DELETE" in definition.flags and not self._state.offline(definition):
                    self._finish_delete(definition, DEL | RSC_DFN)
                    continue
                for each in [each for each in definition.resources.values() if each.going]:
                    if self._state.nodes[each.node].online:
                        quorum.remove_resource(self._state, definition, each)

    def names(self, wanted: Sequence[str]) -> list[Definition]:
        """The definitions of that name, all when none is named, sorted."""
        known = self._state.definitions
        if not wanted:
            return [known[name] for name in sorted(known, key=str.lower)]
        found = {by_name([found.name], each) for each in wanted if (found := self._state.find(each)) is not None}
        return [known[name] for name in sorted((each for each in found if each), key=str.lower)]
