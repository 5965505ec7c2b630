"""Resources: placement, make-available, delete, activate, toggle-disk (linstor.md 2.5-2.9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.memory.linstor import properties, quorum
from adapters.memory.linstor.connections import Connections
from adapters.memory.linstor.deploy import Deploy
from adapters.memory.linstor.objects import Definition, Node, Pool, Resource, by_name
from adapters.memory.linstor.properties import Given
from adapters.memory.linstor.removal import Removal
from adapters.memory.linstor.replies import (
    CRT,
    DEL,
    DELETED,
    MOD,
    MODIFIED,
    RSC,
    VLM,
    Refused,
    Reply,
    info,
    missing,
    refuse,
    reported,
    success,
    warning,
)
from adapters.memory.linstor.satellites import Satellites
from adapters.memory.linstor.space import Filter, Space
from adapters.memory.linstor.state import State, in_use

LEAVING = {"EVACUATE", "EVICTED"}


class Resources(Connections):
    """Operations on resources. Each gives its replies or raises Refused."""

    def __init__(self, state: State, space: Space, satellites: Satellites, deploy: Deploy, removal: Removal) -> None:
        super().__init__(state, satellites)
        self._space = space
        self._deploy = deploy
        self._removal = removal

    def find(self, name: str, node_name: str, context: int) -> tuple[Definition, Resource]:
        """The resource. Raises Refused 300, 301, 302; reads (without context) say 302 for an unknown node, too."""
        with self._state.lock:
            definition = self._state.definition(name, context)
            own = self._state.node(node_name, context).name if context else self._state.node_name(node_name)
            here = definition.resources.get(own or "")
            if here is None:
                message = f"Resource '{name}' on node '{node_name}' not found."
                members = {"cause": "It is not deployed there.", "correction": "Create it first."} if context else {}
                raise refuse(context, 302, message, **members, details=f"Node: {node_name}" if context else "")
            return definition, here

    # -- autoplace ------------------------------------------------------------------------------

    def autoplace(self, name: str, select_filter: dict[str, Any] | None = None) -> list[Reply]:
        """Bring the replicas up to what the group, or the request, asks for."""
        with self._state.lock:
            context = CRT | RSC
            definition = self._state.definition(name, context)
            given = dict(select_filter or {})
            wanted = Filter.of(self._state.groups[definition.group], given)
            have = definition.diskful()
            count = wanted.place_count
            if additional := int(given.get("additional_place_count") or 0):
                count = len(have) + additional
            if len(have) >= count:
                message = f"Resource '{name}' was already deployed on {len(have)} nodes. Skipping."
                return [warning(context, 1006, message, "Used nodes: " + ", ".join(sorted(definition.resources)))]
            if given.get("diskless_on_remaining"):
                return self._on_all_nodes(definition, wanted, count, context)
            return self.fill_up(definition, wanted, count, context)

    def fill_up(
        self, definition: Definition, wanted: Filter, count: int, context: int, diskless: Sequence[Resource] = ()
    ) -> list[Reply]:
        """Place replicas until there are *count*, with the attachments on record. Raises Refused 996."""
        chosen = self._chosen(definition, wanted, count, context)
        return self._deploy.place(definition, chosen, context, diskless)

    def _chosen(self, definition: Definition, wanted: Filter, count: int, context: int) -> list[tuple[Node, Pool]]:
        have = definition.diskful()
        sizes = [volume.size for volume in definition.volumes.values()]
        chosen = self._space.choose(wanted, sizes, [each.node for each in have], count - len(have))
        if len(chosen) < count - len(have):
            raise self._space.not_enough(context, wanted, sum(sizes))
        return chosen

    def _on_all_nodes(self, definition: Definition, wanted: Filter, count: int, context: int) -> list[Reply]:
        """Replicas, and attachments on every other node."""
        taken = {node.name for node, _ in self._chosen(definition, wanted, count, context)} | set(definition.resources)
        others = [each for each in self._state.nodes.values() if each.name not in taken]
        usable = [each for each in others if each.online and not each.flags & LEAVING]
        diskless = [self._deploy.record_diskless(definition, each) for each in usable]
        return self.fill_up(definition, wanted, count, context, diskless)

    def adjust(self, group_name: str) -> list[Reply]:
        """Place what the definitions of a group lack."""
        with self._state.lock:
            group = self._state.group(group_name, CRT | RSC)
            said: list[Reply] = []
            for definition in list(self._state.definitions.values()):
                if definition.group == group.name and 0 < len(definition.diskful()) < group.place_count:
                    said += self.fill_up(definition, Filter.of(group), group.place_count, CRT | RSC)
            return said

    # -- create ---------------------------------------------------------------------------------

    def create(self, name: str, node_name: str, flags: set[str], pool: str = "") -> list[Reply]:
        """Deploy on one node, with data unless *flags* say diskless."""
        with self._state.lock:
            context = CRT | RSC
            definition = self._state.definition(name, context)
            node = self._state.node(node_name, 0)
            self._check_node(node, context)
            diskless = bool(flags & {"DISKLESS", "DRBD_DISKLESS"})
            here = definition.resources.get(node.name)
            if here is not None and not here.diskless:
                about = f"Resource '{name}' on node '{node.name}'"
                return [info(context, 10008, f"{about} already exists.", cause="It is there.", details=about)]
            if not node.online:
                message = f"Satellite '{node.name}' does not support the following layers: [DRBD]"
                refusal = refuse(context, 988, message, details=f"Node: {node.name}, Resource: {name}")
                raise reported(refusal, self._state.report(message))
            if diskless:
                return self._create_diskless(definition, node, context)
            return self._create_diskful(definition, node, here, pool, context)

    @staticmethod
    def _check_node(node: Node, context: int) -> None:
        if node.flags & LEAVING:
            raise refuse(context, 975, f"Node '{node.name}' is being evacuated")

    def _create_diskless(self, definition: Definition, node: Node, context: int) -> list[Reply]:
        """Over another diskless one it is made anew (linstor.md 2.5)."""
        if not definition.drbd:
            message = "Diskless volume is only supported in combination with DRBD and/or NVME"
            refusal = refuse(context, 225, message, details=f"Node: {node.name}, Resource: {definition.name}")
            raise reported(refusal, self._state.report(message))
        old = definition.resources.get(node.name)
        if old is not None:
            quorum.forget(self._state, definition, old)
        first = not definition.resources
        new = self._deploy.record_diskless(definition, node)
        return self._deploy.single(definition, new, context, first=first, pool_set=False)

    def _create_diskful(
        self, definition: Definition, node: Node, here: Resource | None, pool_name: str, context: int
    ) -> list[Reply]:
        pool = self._named_pool(definition, node, pool_name, context)
        gross = self._space.gross(definition, pool)
        if pool.kind != "DISKLESS" and gross > self._space.limit(node.name, pool):
            details = f"Node: {node.name}, storage pool: {pool.name}"
            message = f"Not enough free space available for resource '{definition.name}'."
            raise refuse(context, 206, message, details=details)
        if here is not None:
            return self._deploy.add_disk(definition, here, pool)
        first = not definition.resources
        new = self._deploy.record_replica(definition, node, pool)
        return self._deploy.single(definition, new, context, first=first)

    def _named_pool(self, definition: Definition, node: Node, pool_name: str, context: int) -> Pool:
        names = [pool_name] if pool_name else self._state.groups[definition.group].pools
        found = [own for each in names if (own := by_name(node.pools, each)) is not None]
        if not found:
            raise missing(context, 309, "Storage pool definition", names[0] if names else "")
        return node.pools[found[0]]

    # -- make-available -------------------------------------------------------------------------

    def make_available(
        self, name: str, node_name: str, *, diskful: bool = False, layers: Sequence[str] = ()
    ) -> list[Reply]:
        """The idempotent attach (linstor.md 2.6)."""
        with self._state.lock:
            context = CRT | RSC
            definition = self._state.definition(name, context)
            node = self._state.node(node_name, context)
            if layers and [each.upper() for each in layers] != definition.layers:
                raise refuse(context, 225, f"Resource definition '{name}' has other layers")
            here = definition.resources.get(node.name)
            if here is None:
                return self._make_new(definition, node, diskful, context)
            kept = self._keep(definition, here, context) if here.going else []
            if "INACTIVE" in here.flags:
                return kept + self.activate(name, node.name)
            if diskful and here.diskless:
                return kept + self._toggle_into(definition, node, here, context)
            here.flags.discard("TIE_BREAKER")
            return [success(context, 0, "Resource already deployed as requested"), *kept]

    def _keep(self, definition: Definition, here: Resource, context: int) -> list[Reply]:
        """A resource that was about to be deleted stays."""
        here.flags -= {"DELETE", "DRBD_DELETE"}
        here.volume_flags -= {"DELETE", "DRBD_DELETE"}
        if self._satellites.online(here) and not here.deployed:
            here.deployed = True
            self._state.announce("appeared", definition, here)
        return self._satellites.round(definition, context)

    def _toggle_into(self, definition: Definition, node: Node, here: Resource, context: int) -> list[Reply]:
        pool = self._space.pool_of(definition, node)
        if pool is None:
            raise self._no_pool(node, "diskful", context)
        return self._with_disk(definition, here, pool)

    def _make_new(self, definition: Definition, node: Node, diskful: bool, context: int) -> list[Reply]:
        over_network = bool(definition.active()) and definition.drbd and not diskful
        if not node.online or node.flags & LEAVING or (over_network and not self._takes_diskless(node)):
            raise self._no_pool(node, "diskless" if over_network else "diskful", context)
        first = not definition.resources
        if over_network:
            new = self._deploy.record_diskless(definition, node)
            return self._deploy.single(definition, new, context, first=first)
        pool = self._space.pool_of(definition, node)
        if pool is None:
            raise self._no_pool(node, "diskful", context)
        new = self._deploy.record_replica(definition, node, pool)
        return self._deploy.single(definition, new, context, first=first)

    @staticmethod
    def _takes_diskless(node: Node) -> bool:
        return node.props.get("AutoplaceTarget", "").lower() != "false"

    @staticmethod
    def _no_pool(node: Node, kind: str, context: int) -> Refused:
        message = (
            f"Autoplacer could not find {kind} stor pool on node {node.name} "
            "matching resource-groups autoplace-settings"
        )
        return refuse(context, 310, message, details=f"Node: {node.name}")

    # -- delete ---------------------------------------------------------------------------------

    def delete(self, name: str, node_name: str, *, keep_tiebreaker: bool = False) -> list[Reply]:
        """Take a resource away; where the replicas want a witness it is taken over instead (linstor.md 2.7)."""
        with self._state.lock:
            context = DEL | RSC
            definition = self._state.find(name)
            own_name = self._state.node_name(node_name) or node_name
            here = definition.resources.get(own_name) if definition is not None else None
            if definition is None or here is None:
                message = f"Node: {node_name}, Resource: {name} not found."
                return [warning(context, 3000, message, f"Node: {node_name}, Resource: {name}")]
            self._check_delete(definition, here, context)
            if keep_tiebreaker and here.diskless and quorum.AUTO_TIEBREAKER in definition.props:
                definition.props[quorum.AUTO_TIEBREAKER] = "True"
            by_hand = here.tiebreaker and not keep_tiebreaker
            if not by_hand and self._taken_over(definition, here):
                return self._removal.take_over(definition, here, context)
            return self._removal.delete(definition, here, context, by_hand=by_hand)

    def _taken_over(self, definition: Definition, here: Resource) -> bool:
        other = definition.tiebreaker()
        if here.going or not self._satellites.online(here) or (other is not None and other is not here):
            return False
        return quorum.wants_witness(self._state, definition, without=here.node)

    def _check_delete(self, definition: Definition, here: Resource, context: int) -> None:
        if self._satellites.online(here) and self._state.devices.in_use(definition, here.node):
            raise in_use(definition, here.node, context)
        if not here.diskless and definition.diskful() == [here] and definition.wanted_diskless():
            raise refuse(
                context,
                997,
                f"Last resource of '{definition.name}' with disk still has diskless resources attached.",
                cause="The diskless resources need it.",
                details=f"Node: {here.node}, Resource: {definition.name}",
                correction="Delete the diskless resources first.",
            )

    def leave(self, name: str, node_name: str) -> list[Reply]:
        """Take a diskless resource off a node that is being evacuated. Raises Refused 997 where it is in use."""
        definition, here = self.find(name, node_name, DEL | RSC)
        if self._state.devices.in_use(definition, here.node):
            raise in_use(definition, here.node, DEL | RSC)
        return self._removal.delete(definition, here, DEL | RSC)

    # -- activate, toggle -----------------------------------------------------------------------

    def activate(self, name: str, node_name: str) -> list[Reply]:
        """Bring the device of an inactive resource up."""
        with self._state.lock:
            context = MOD | RSC
            definition, here = self.find(name, node_name, context)
            if "INACTIVE" not in here.flags:
                return [info(context, 10007, "Resource is already active. Noop")]
            here.flags.discard("INACTIVE")
            said = self._satellites.round(definition, context, "Resource updated on '{node}'")
            self._state.announce("appeared", definition, here)
            return said + self._satellites.round(definition, context, "Resource activated on '{node}'")

    def deactivate(self, name: str, node_name: str) -> list[Reply]:
        """Take the device down and keep the data."""
        with self._state.lock:
            context = MOD | RSC
            definition, here = self.find(name, node_name, context)
            if "INACTIVE" in here.flags:
                return [info(context, 10007, "Resource is already deactivated. Noop")]
            if self._state.devices.in_use(definition, here.node):
                raise in_use(definition, here.node, context)
            here.flags.add("INACTIVE")
            said = self._satellites.round(definition, context, "Resource marked inactivate on '{node}'")
            if definition.drbd:
                said.append(success(context, DELETED, f"({here.node}) Resource '{name}' [DRBD] deleted."))
            said += self._satellites.per_volume(definition, here, MOD | VLM, MODIFIED, "deactivated")
            self._state.announce("vanished", definition, here)
            self._follow(definition)
            return said + self._satellites.round(definition, context, "Finished deactivation of resource on '{node}'")

    def _follow(self, definition: Definition) -> None:
        """Without an active replica the diskless ones are inactive, too."""
        if not definition.active():
            for each in [each for each in definition.resources.values() if each.diskless]:
                each.flags.add("INACTIVE")
                self._state.announce("vanished", definition, each)

    def toggle(self, name: str, node_name: str, *, to_diskless: bool, pool: str = "") -> list[Reply]:
        """Give an attachment data, or take the data of a replica away (linstor.md 2.9)."""
        with self._state.lock:
            context = MOD | RSC
            definition, here = self.find(name, node_name, context)
            node = self._state.nodes[here.node]
            if not to_diskless and not here.diskless:
                return [warning(context, 1007, "Resource already has disk", f"Node: {node.name}, Resource: {name}")]
            if to_diskless and here.diskless:
                return [warning(context, 1008, "Resource already diskless", f"Node: {node.name}, Resource: {name}")]
            if to_diskless:
                return self._without_disk(definition, here, context)
            return self._with_disk(definition, here, self._toggle_pool(definition, node, pool, context))

    def _without_disk(self, definition: Definition, here: Resource, context: int) -> list[Reply]:
        others = [each for each in definition.diskful() if each is not here and self._satellites.online(each)]
        if not others or not definition.drbd or not self._satellites.online(here):
            message = "Cannot remove the disk from the only online resource with a disk"
            raise refuse(context, 991, message, details=f"Node: {here.node}, Resource: {definition.name}")
        return self._removal.remove_disk(definition, here)

    def _toggle_pool(self, definition: Definition, node: Node, name: str, context: int) -> Pool:
        if not name:
            found = self._space.pool_of(definition, node)
            if found is None:
                raise self._no_pool(node, "diskful", context)
            return found
        own = by_name(node.pools, name)
        if own is None:
            message = f"The storage pool '{name}' for resource '{definition.name}' is not on node '{node.name}'."
            refusal = refuse(context, 311, message, cause="There is no such pool.", details=f"Node: {node.name}")
            raise reported(refusal, self._state.report(message))
        return node.pools[own]

    def _with_disk(self, definition: Definition, here: Resource, pool: Pool) -> list[Reply]:
        context = MOD | RSC
        said = self._deploy.add_disk(definition, here, pool)
        settled = quorum.settle_witness(self._state, definition, context)
        said += settled.said + quorum.settle_quorum(definition, context)
        return said + self._deploy.settled(definition, settled, context)

    # -- properties -----------------------------------------------------------------------------

    def modify(self, name: str, node_name: str, override: Given, delete: Sequence[str] = ()) -> list[Reply]:
        """Change properties of one resource (linstor.md 1.7)."""
        with self._state.lock:
            context = MOD | RSC
            definition, here = self.find(name, node_name, context)
            put = properties.allowed(self._state, override, context, f"Node: {node_name}, Resource: {name}")
            changed = properties.change(here.props, put, delete)
            said = properties.told(RSC, put, delete)
            said.append(success(context, MODIFIED, f"Resource '{name}' on node '{node_name}' modified."))
            return said + (self._satellites.round(definition, context) if changed else [])
