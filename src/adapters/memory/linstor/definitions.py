"""Resource definitions: spawn, create, modify, delete (linstor.md 2.3, 2.4)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from adapters.memory.linstor import properties
from adapters.memory.linstor.deploy import MAXIMUM_KIB, MINIMUM_KIB
from adapters.memory.linstor.objects import DEFAULT_GROUP, Definition, Group, VolumeDefinition
from adapters.memory.linstor.properties import Given
from adapters.memory.linstor.removal import Removal
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DEL,
    MOD,
    MODIFIED,
    RSC,
    RSC_DFN,
    RSC_GRP,
    VLM_DFN,
    Refused,
    Reply,
    info,
    not_found,
    refuse,
    reported,
    success,
    warning,
)
from adapters.memory.linstor.resources import Resources
from adapters.memory.linstor.satellites import Satellites
from adapters.memory.linstor.space import Filter
from adapters.memory.linstor.state import RESOURCE_NAME, State, check_resource_name, in_use

LONGEST_NAME = 48


class Definitions:
    """Operations on definitions. Each gives its replies or raises Refused."""

    def __init__(self, state: State, satellites: Satellites, resources: Resources, removal: Removal) -> None:
        self._state = state
        self._satellites = satellites
        self._resources = resources
        self._removal = removal

    # -- look-ups -------------------------------------------------------------------------------

    def find(self, name: str) -> Definition:
        """The definition, for a read. Raises Refused 301."""
        with self._state.lock:
            found = self._state.find(name)
            if found is None:
                raise not_found("Resource definition", name)
            return found

    def names(self, wanted: Sequence[str]) -> list[Definition]:
        """The definitions of those names, all when none is named, sorted. Raises Refused 202 for what is no name."""
        with self._state.lock:
            for name in wanted:
                if not RESOURCE_NAME.fullmatch(name):
                    raise refuse(0, 202, f"The specified resource name '{name}' is invalid.")
            if not wanted:
                return sorted(self._state.definitions.values(), key=_order)
            found = {each.name: each for name in wanted if (each := self._state.find(name)) is not None}
            return sorted(found.values(), key=_order)

    # -- make -----------------------------------------------------------------------------------

    def spawn(
        self,
        group_name: str,
        name: str,
        sizes: Sequence[int],
        *,
        external_name: str = "",
        props: Given | None = None,
        definitions_only: bool = False,
        select_filter: dict[str, Any] | None = None,
        partial: bool = False,
    ) -> list[Reply]:
        """Make a definition from a group, with volumes and replicas; nothing is left of one that cannot be placed."""
        with self._state.lock:
            context = CRT | RSC_GRP
            group = self._state.group(group_name, context)
            name = self._free_name(name, external_name, context)
            said = self._check_sizes(group, sizes, context, partial=partial)
            put = properties.allowed(self._state, props or {}, context, f"Resource definition: {name}")
            wanted = Filter.of(group, select_filter)
            definition = self._new(name, group.name, list(wanted.layers), put, external_name)
            said += properties.told(RSC_DFN, put, ()) + self._volumes(definition, sizes)
            return self._placed(definition, wanted, said, context, definitions_only=definitions_only)

    def _placed(
        self, definition: Definition, wanted: Filter, said: list[Reply], context: int, *, definitions_only: bool
    ) -> list[Reply]:
        if definitions_only:
            text = (
                f"Resource definition {definition.name} and {len(definition.volumes)} created but no resources deployed"
            )
            return [*said, info(context, 10000, text, cause="definitions only")]
        try:
            return said + self._resources.fill_up(definition, wanted, wanted.place_count, context)
        except Refused as refused:
            if refused.error.code == 996:
                self._state.remove(definition)
                raise
            raise refused.after(said) from refused

    def _free_name(self, name: str, external_name: str, context: int) -> str:
        """The name to be used. Raises Refused 202, 501, 517."""
        if external_name and not name:
            if any(each.external_name == external_name for each in self._state.definitions.values()):
                raise refuse(context, 517, f"A resource definition with the external name '{external_name}' exists")
            name = internal_name(external_name)
        check_resource_name(name, context, self._state)
        if self._state.find(name) is not None:
            message = f"A resource definition with the name '{name}' already exists"
            details = f"Resource definition: {name}"
            raise refuse(context, 501, message, cause="The name is taken.", details=details)
        return name

    def _check_sizes(self, group: Group, sizes: Sequence[int], context: int, *, partial: bool) -> list[Reply]:
        """Raises Refused 206, 228."""
        wanted = len(group.volume_groups)
        said = []
        if not wanted and not partial:
            text = "Resource-group doesn't have any volume-groups, automatically assume partial mode."
            said.append(info(context, 0, text))
        if not sizes or (wanted and (len(sizes) < wanted or (len(sizes) > wanted and not partial))):
            message = f"Invalid count of volume sizes to spawn resource group '{group.name}'"
            members = {"details": f"{len(sizes)} given, {wanted} wanted", "correction": "Give one for each."}
            raise refuse(context, 228, message, **members)
        for size in sizes:
            if not MINIMUM_KIB <= size <= MAXIMUM_KIB:
                # nothing at all is refused by the volume definition, too little only by DRBD (recorded)
                by = context if size > 0 else CRT | VLM_DFN
                message = f"The size {size} is invalid. See cause for more details"
                raise refuse(by, 206, message, cause="The size is out of range", details="Net size of a volume")
        return said

    def _new(self, name: str, group: str, layers: list[str], props: dict[str, str], external: str = "") -> Definition:
        definition = Definition(name, group, layers, props=dict(props), external_name=external)
        definition.port = self._state.free_port()
        self._state.add(definition)
        return definition

    def _volumes(self, definition: Definition, sizes: Sequence[int]) -> list[Reply]:
        said = []
        for own, size in enumerate(sizes):
            self.add_volume(definition, own, size)
            text = f"Volume definition with number '{own}' successfully created in '{definition.name}'."
            said.append(success(CRT | VLM_DFN, CREATED, text))
        return [*said, success(CRT | RSC_DFN, CREATED, f"New resource definition '{definition.name}' created.")]

    def add_volume(self, definition: Definition, number: int, size: int) -> VolumeDefinition:
        """Put a volume into a definition."""
        volume = VolumeDefinition(number, size, self._state.free_minor())
        if definition.drbd:
            volume.props["DrbdCurrentGi"] = volume.uuid.replace("-", "").upper()[:16]
        definition.volumes[number] = volume
        return volume

    def create(
        self,
        name: str,
        group: str = "",
        props: Given | None = None,
        layers: Sequence[str] = (),
        *,
        external_name: str = "",
    ) -> list[Reply]:
        """Make a bare definition; without a group it goes into the default one, which comes back for it."""
        with self._state.lock:
            context = CRT | RSC_DFN
            name = self._free_name(name, external_name, context)
            if not group:
                self._state.groups.setdefault(DEFAULT_GROUP, Group(DEFAULT_GROUP, {"place_count": 2}))
            found = self._state.group(group or DEFAULT_GROUP, context)
            put = properties.allowed(self._state, props or {}, context, f"Resource definition: {name}")
            stack, said = self._stack(layers or found.layers)
            self._new(name, found.name, stack, put, external_name).layers_known = bool(layers)
            said += properties.told(RSC_DFN, put, ())
            return [*said, success(context, CREATED, f"New resource definition '{name}' created.")]

    @staticmethod
    def _stack(layers: Sequence[str]) -> tuple[list[str], list[Reply]]:
        """The layers with the one that must be there."""
        stack = [each.upper() for each in layers]
        if "STORAGE" in stack:
            return stack, []
        text = "The layer stack was extended by STORAGE, which must be there."
        return [*stack, "STORAGE"], [warning(0, 1012, text, details=f"Layers: {stack}")]

    # -- modify ---------------------------------------------------------------------------------

    def modify(
        self,
        name: str,
        override: Given | None = None,
        delete: Sequence[str] = (),
        namespaces: Sequence[str] = (),
        group: str = "",
    ) -> list[Reply]:
        """Change properties and the group; any real change makes the satellites adjust (linstor.md 2.18)."""
        with self._state.lock:
            context = MOD | RSC_DFN
            definition = self._state.definition(name, context)
            new_group = self._state.group(group, context) if group else None
            put = properties.allowed(self._state, override or {}, context, f"Resource definition: {name}")
            changed = properties.change(definition.props, put, delete, namespaces)
            said = properties.told(RSC_DFN, put, delete)
            said.append(success(context, MODIFIED, f"Resource definition '{name}' modified."))
            moves = new_group is not None and new_group.name != definition.group
            try:
                said += self._told_satellites(definition, context) if changed or moves else []
            except Refused as refused:
                raise refused.after(said) from refused
            return said + (self._regroup(definition, new_group) if moves and new_group is not None else [])

    def _told_satellites(self, definition: Definition, context: int) -> list[Reply]:
        away = [self._satellites.away(context, name) for name in self._state.offline(definition)]
        online = [each for each in definition.resources.values() if self._satellites.online(each)]
        return away + self._satellites.round(definition, context, among=online)

    def _regroup(self, definition: Definition, group: Group) -> list[Reply]:
        """Another group: more replicas are made at once, fewer are left alone (linstor.md 2.4)."""
        definition.group = group.name
        fits = not group.pools or any(each.pool in group.pools for each in definition.diskful())
        if not definition.resources or not fits or len(definition.diskful()) >= group.place_count:
            return []
        return self._resources.fill_up(definition, Filter.of(group), group.place_count, CRT | RSC)

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
            definition.flags.add("DELETE")
            return self._removal.delete_definition(definition)

    def _check_delete(self, definition: Definition, context: int) -> None:
        if definition.snapshots:
            message = f"Cannot delete resource definition '{definition.name}' because it has snapshots."
            refusal = refuse(context, 514, message, details=f"Resource definition: {definition.name}")
            raise reported(refusal, self._state.report(message))
        for node in self._state.devices.primaries(definition):
            if self._state.nodes[node].online:
                raise in_use(definition, node, context)

    def resume(self) -> None:
        """What the controller finishes by itself once a node is back; what still fails goes on waiting."""
        with self._state.lock:
            for definition in list(self._state.definitions.values()):
                try:
                    self._resume(definition)
                except Refused as refused:
                    self._state.report(str(refused))

    def _resume(self, definition: Definition) -> None:
        if "DELETE" in definition.flags:
            begun = any(each.going for each in definition.resources.values())
            if (begun or not definition.resources) and not self._state.devices.primaries(definition):
                self._removal.delete_definition(definition)
            return
        for each in [each for each in definition.resources.values() if self._satellites.online(each)]:
            if each.going:
                self._removal.finish(definition, each)
            elif each.diskless and not each.deployed and "FAILED" not in definition.flags:
                each.deployed = True
                self._state.announce("appeared", definition, each)


def _order(each: Definition) -> str:
    return each.name.lower()


def internal_name(external: str) -> str:
    """A valid name for an external one: what is not in the alphabet is replaced, and it is made unlike others."""
    plain = unicodedata.normalize("NFKD", external).encode("ascii", "ignore").decode()
    mark = hashlib.sha256(external.encode()).hexdigest()[:4]
    head, _, rest = re.sub(r"[^A-Za-z0-9_-]", "_", plain).partition("_")
    return f"{head or 'LS'}_{mark}_{rest}".rstrip("_")[:LONGEST_NAME]
