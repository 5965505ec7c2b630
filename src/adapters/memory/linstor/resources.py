"""Resources: placement, make-available, delete, toggle-disk, connections (linstor.md 2.5-2.9)."""

from __future__ import annotations

from typing import Any

from adapters.memory.linstor import quorum
from adapters.memory.linstor.deploy import Deploy
from adapters.memory.linstor.objects import Definition, Group, Node, Resource
from adapters.memory.linstor.replies import (
    CREATED,
    CRT,
    DEL,
    DELETED,
    MOD,
    MODIFIED,
    RSC,
    RSC_CONN,
    VLM,
    Reply,
    info,
    refuse,
    success,
    warning,
)
from adapters.memory.linstor.space import Filter, Space
from adapters.memory.linstor.state import State, in_use

TWO_PRIMARIES = "DrbdOptions/Net/allow-two-primaries"


class Resources:
    """Operations on resources. Each gives its replies or raises Refused."""

    def __init__(self, state: State, space: Space, deploy: Deploy) -> None:
        self._state = state
        self._space = space
        self._deploy = deploy

    # -- autoplace ------------------------------------------------------------------------------

    def autoplace(self, name: str, select_filter: dict[str, Any] | None = None) -> list[Reply]:
        """Bring the replicas up to what the group, or the request, asks for."""
        with self._state.lock:
            context = CRT | RSC
            definition = self._state.definition(name, context)
            given = dict(select_filter or {})
            wanted = Filter.of(self._state.groups[definition.group], given)
            have = len(definition.diskful())
            count = wanted.place_count + 0
            if additional := int(given.get("additional_place_count") or 0):
                count = have + additional
            if have >= count:
                message = f"Resource '{name}' was already deployed on {have} nodes. Skipping."
                return [warning(context, 1006, message, "Used nodes: " + ", ".join(sorted(definition.resources)))]
            return self._deploy.replicas(definition, wanted, count, context)

    # -- create ---------------------------------------------------------------------------------

    def create(self, name: str, node_name: str, flags: set[str], pool: str = "") -> list[Reply]:
        """Deploy on one node, with data unless *flags* say diskless."""
        with self._state.lock:
            context = CRT | RSC
            definition = self._state.definition(name, context)
            node = self._state.node(node_name, context)
            diskless = bool(flags & {"DISKLESS", "DRBD_DISKLESS"})
            here = definition.resources.get(node.name)
            if here is not None and (diskless or not here.diskless):
                return [info(context, 10008, f"Resource '{name}' on node '{node.name}' already exists")]
            if not node.online:
                raise refuse(context, 988, f"Satellite '{node.name}' does not support the following layers: [DRBD]")
            if diskless:
                return self._create_diskless(definition, node, context)
            return self._create_diskful(definition, node, pool, context)

    def _create_diskless(self, definition: Definition, node: Node, context: int) -> list[Reply]:
        if not definition.drbd:
            message = "Diskless volume is only supported in combination with DRBD and/or NVME"
            raise refuse(context, 225, message)
        return self._deploy.diskless(definition, node, context)

    def _create_diskful(self, definition: Definition, node: Node, pool_name: str, context: int) -> list[Reply]:
        names = [pool_name] if pool_name else self._state.groups[definition.group].pools
        pools = [node.pools[each] for each in names if each in node.pools]
        if not pools:
            raise refuse(context, 309, f"Storage pool '{names[0] if names else ''}' on node '{node.name}' not found.")
        if pools[0].kind != "DISKLESS" and self._deploy.gross(definition, pools[0]) > self._space.limit(
            node.name, pools[0]
        ):
            raise refuse(context, 206, f"Not enough free space on '{node.name}' in '{pools[0].name}'")
        definition.resources.pop(node.name, None)
        return self._deploy.diskful(definition, node, pools[0], context)

    # -- make-available -------------------------------------------------------------------------

    def make_available(self, name: str, node_name: str, *, diskful: bool = False) -> list[Reply]:
        """The idempotent attach (linstor.md 2.6)."""
        with self._state.lock:
            context = CRT | RSC
            definition = self._state.definition(name, context)
            node = self._state.node(node_name, context)
            here = definition.resources.get(node.name)
            if here is None:
                return self._make_new(definition, node, diskful, context)
            here.flags -= {"DELETE", "DRBD_DELETE"}
            here.volume_flags -= {"DELETE", "DRBD_DELETE"}
            if "INACTIVE" in here.flags:
                return self.activate(name, node.name)
            if diskful and here.diskless:
                return self.toggle(name, node.name, to_diskless=False)
            if here.tiebreaker:
                here.flags.discard("TIE_BREAKER")
            return [success(context, 0, "Resource already deployed as requested")]

    def _make_new(self, definition: Definition, node: Node, diskful: bool, context: int) -> list[Reply]:
        if not node.online or node.flags:
            raise self._no_pool(node, "diskless" if definition.active() and not diskful else "diskful", context)
        if definition.active() and definition.drbd and not diskful:
            return self._deploy.diskless(definition, node, context)
        pool = self._space.pool_of(definition, node)
        if pool is None:
            raise self._no_pool(node, "diskful", context)
        return self._deploy.diskful(definition, node, pool, context)

    @staticmethod
    def _no_pool(node: Node, kind: str, context: int) -> Exception:
        message = (
            f"Autoplacer could not find {kind} stor pool on node {node.name} "
            "matching resource-groups autoplace-settings"
        )
        return refuse(context, 310, message, details=f"Node: {node.name}")

    # -- delete ---------------------------------------------------------------------------------

    def delete(self, name: str, node_name: str, *, keep_tiebreaker: bool = False) -> list[Reply]:
        """Take a resource away; the last witness may be taken over instead (linstor.md 2.7)."""
        with self._state.lock:
            context = DEL | RSC
            definition = self._state.find(name)
            own_name = self._state.node_name(node_name) or node_name
            here = definition.resources.get(own_name) if definition is not None else None
            if definition is None or here is None:
                message = f"Node: {node_name}, Resource: {name} not found."
                return [warning(context, 3000, message, f"Node: {node_name}, Resource: {name}")]
            self._check_delete(definition, here, context)
            if here.tiebreaker:
                return self._delete_witness(definition, here, keep_tiebreaker, context)
            if quorum.wants_witness(definition, without=here.node):
                return self._take_over(definition, here, context)
            return self._delete_plain(definition, here, keep_tiebreaker, context)

    def _check_delete(self, definition: Definition, here: Resource, context: int) -> None:
        online = self._state.nodes[here.node].online
        if online and self._state.devices.in_use(definition, here.node):
            raise in_use(definition, here.node, context)
        peers = definition.wanted_diskless()
        if not here.diskless and len(definition.diskful()) == 1 and peers:
            raise refuse(
                context,
                997,
                f"Last resource of '{definition.name}' with disk still has diskless resources attached.",
                cause="The diskless resources need it.",
                details=f"Node: {here.node}, Resource: {definition.name}",
                correction="Delete the diskless resources first.",
            )

    def _take_over(self, definition: Definition, here: Resource, context: int) -> list[Reply]:
        """The resource stays, as the witness that the replicas want."""
        self._make_witness_of(definition, here)
        message = (
            "The given resource will not be deleted but will be taken over as a linstor managed tiebreaker resource."
        )
        said = [info(context, 10006, message)]
        said += quorum.settle_quorum(definition, context)
        return said + self._state.adjusted(definition, context) + self._state.not_connected(definition, context)

    def _make_witness_of(self, definition: Definition, here: Resource) -> None:
        if not here.diskless:
            here.pool = "DfltDisklessStorPool"
            here.props["StorPoolName"] = here.pool
            self._state.announce("vanished", definition, here)
            self._state.announce("appeared", definition, here)
        here.flags |= {"DISKLESS", "DRBD_DISKLESS", "TIE_BREAKER"}
        here.disk_state = ""

    def _delete_witness(self, definition: Definition, here: Resource, keep: bool, context: int) -> list[Reply]:
        if keep:
            definition.props.pop(quorum.AUTO_TIEBREAKER, None)
            return self._take_over(definition, here, context)
        definition.props[quorum.AUTO_TIEBREAKER] = "False"
        message = f"Disabling auto-tiebreaker on '{definition.name}' as tiebreaker resource was manually deleted"
        said = [info(context, 10002, message)]
        gone = self._gone(definition, here, context)
        said += [*gone, info(context, 10004, "Tie breaker marked for deletion")]
        return said + quorum.settle_quorum(definition, context) + self._state.adjusted(definition, context)

    def _delete_plain(self, definition: Definition, here: Resource, keep: bool, context: int) -> list[Reply]:
        if keep and here.diskless:
            definition.props.pop(quorum.AUTO_TIEBREAKER, None)
        online = self._state.nodes[here.node].online
        said = self._gone(definition, here, context) if online else self._pending(definition, here, context)
        witness = definition.tiebreaker()
        said += quorum.settle_witness(self._state, definition, context)
        lost = witness is not None and definition.tiebreaker() is None
        said += quorum.settle_quorum(definition, context)
        if not online:
            said += self._state.not_connected(definition, context)
        elif lost and not here.diskless:
            # the controller says so at each of its two steps (recorded)
            said += [info(context, 10004, "Tie breaker marked for deletion")] * 2
        return said + self._state.adjusted(definition, context)

    def _gone(self, definition: Definition, here: Resource, context: int) -> list[Reply]:
        if self._state.fails(here.node, f"drbdadm down {definition.name}"):
            here.flags.add("DRBD_DELETE")
            raise self._deploy.broken(context, here.node, f"Shutdown of the DRBD resource '{definition.name}' failed")
        readers = self._state.devices.openers(here.node, definition.name)
        if readers:
            here.flags.add("DRBD_DELETE")
            raise self._deploy.broken(context, here.node, f"Shutdown of the DRBD resource '{definition.name}' failed")
        quorum.remove_resource(self._state, definition, here)
        said = [success(context, DELETED, f"Node: {here.node}, Resource: {definition.name} deleted.")]
        if not here.diskless and definition.drbd:
            said.append(success(DEL | VLM, DELETED, f"Volume 0 of '{definition.name}' on '{here.node}' deleted."))
        return said

    def _pending(self, definition: Definition, here: Resource, context: int) -> list[Reply]:
        here.flags |= {"DELETE", "DRBD_DELETE"} if definition.drbd else {"DELETE"}
        here.volume_flags |= {"DELETE", "DRBD_DELETE"} if definition.drbd else {"DELETE"}
        said = [success(context, DELETED, f"Node: {here.node}, Resource: {definition.name} marked for deletion.")]
        return said + self._state.not_connected(definition, context)

    # -- activate, toggle -----------------------------------------------------------------------

    def activate(self, name: str, node_name: str) -> list[Reply]:
        """Bring the device of an inactive resource up."""
        with self._state.lock:
            definition = self._state.definition(name, MOD | RSC)
            here = definition.resources[self._state.node(node_name, MOD | RSC).name]
            here.flags.discard("INACTIVE")
            self._state.announce("appeared", definition, here)
            return [
                success(MOD | RSC, MODIFIED, f"Resource '{name}' activated."),
                *self._state.adjusted(definition, MOD | RSC),
            ]

    def deactivate(self, name: str, node_name: str) -> list[Reply]:
        """Take the device down and keep the data."""
        with self._state.lock:
            context = MOD | RSC
            definition = self._state.definition(name, context)
            here = definition.resources[self._state.node(node_name, context).name]
            if self._state.devices.in_use(definition, here.node):
                raise in_use(definition, here.node, context)
            here.flags.add("INACTIVE")
            self._state.announce("vanished", definition, here)
            return [
                success(context, MODIFIED, f"Resource '{name}' deactivated."),
                *self._state.adjusted(definition, context),
            ]

    def toggle(self, name: str, node_name: str, *, to_diskless: bool, pool: str = "") -> list[Reply]:
        """Give an attachment data, or take the data of a replica away (linstor.md 2.9)."""
        with self._state.lock:
            context = MOD | RSC
            definition = self._state.definition(name, context)
            node = self._state.node(node_name, context)
            here = definition.resources.get(node.name)
            if here is None:
                raise refuse(context, 302, f"Resource '{name}' on node '{node_name}' not found.")
            if here.diskless == to_diskless:
                code, what = (1008, "already diskless") if to_diskless else (1007, "already has a disk")
                return [warning(context, code, f"Resource '{name}' on node '{node.name}' {what}")]
            return (
                self._to_diskless(definition, here, context)
                if to_diskless
                else self._to_diskful(definition, node, here, pool)
            )

    def _to_diskless(self, definition: Definition, here: Resource, context: int) -> list[Reply]:
        if len(definition.diskful()) == 1:
            raise refuse(context, 991, f"Cannot remove the disk of '{definition.name}': too few replicas")
        here.flags |= {"DISKLESS", "DRBD_DISKLESS"}
        here.pool = here.props["StorPoolName"] = "DfltDisklessStorPool"
        here.props.pop("DiskfulBy", None)
        here.toggled = True
        said = [success(CRT | RSC, CREATED, "Successfully set property key(s): StorPoolName")]
        said += quorum.settle_witness(self._state, definition, context)
        said += quorum.settle_quorum(definition, context)
        said.append(success(context, DELETED, "Tie breaker deleted"))
        return said + self._state.adjusted(definition, context)

    def _to_diskful(self, definition: Definition, node: Node, here: Resource, pool_name: str) -> list[Reply]:
        context = MOD | RSC
        pool = node.pools.get(pool_name) if pool_name else self._space.pool_of(definition, node)
        if pool is None:
            code = 311 if pool_name else 310
            raise refuse(context, code, f"Storage pool '{pool_name}' on node '{node.name}' not found.")
        here.flags -= {"DISKLESS", "DRBD_DISKLESS", "TIE_BREAKER"}
        here.pool = here.props["StorPoolName"] = pool.name
        here.props["DiskfulBy"] = "user"
        here.toggled = True
        said = [
            success(CRT | RSC, CREATED, "Successfully set property key(s): StorPoolName"),
            success(context, CREATED, f"Resource '{definition.name}' gets a disk on '{node.name}'"),
            success(MOD | VLM, CREATED, "Volume created"),
        ]
        said += quorum.settle_witness(self._state, definition, context)
        said += quorum.settle_quorum(definition, context)
        self._state.changed(definition)
        return said + self._state.adjusted(definition, context)

    # -- connections ----------------------------------------------------------------------------

    def connection(self, name: str, one: str, other: str) -> tuple[str, str, dict[str, str]]:
        """The two node names, sorted as given, and the properties between them. Raises Refused 300, 301, 307."""
        with self._state.lock:
            context = MOD | RSC_CONN
            definition = self._state.definition(name, context)
            ends = [self._state.node(each, context).name for each in (one, other)]
            if any(end not in definition.resources for end in ends):
                raise refuse(context, 307, f"Resource connection of '{name}' between '{one}' and '{other}' not found.")
            return ends[0], ends[1], dict(definition.connections.get(frozenset(ends), {}))

    def modify_connection(
        self, name: str, one: str, other: str, override: dict[str, str], delete: list[str]
    ) -> list[Reply]:
        """Set and delete properties between two nodes (linstor.md 2.8)."""
        with self._state.lock:
            context = MOD | RSC_CONN
            definition = self._state.definition(name, context)
            ends = [self._state.node(each, context).name for each in (one, other)]
            if any(end not in definition.resources for end in ends):
                raise self._deploy.unexpected(context, "java.lang.NullPointerException")
            props = definition.connections.setdefault(frozenset(ends), {})
            return self._changed_connection(definition, props, override, delete, context)

    def _changed_connection(
        self, definition: Definition, props: dict[str, str], override: dict[str, str], delete: list[str], context: int
    ) -> list[Reply]:
        check_two_primaries(override, context)
        before = dict(props)
        props.update(override)
        for key in delete:
            props.pop(key, None)
        said = []
        if override:
            said.append(success(CRT | RSC_CONN, CREATED, f"Successfully set property key(s): {', '.join(override)}"))
        if delete:
            said.append(success(DEL | RSC_CONN, DELETED, f"Successfully deleted property key(s): {', '.join(delete)}"))
        said.append(success(context, MODIFIED, "Resource connection modified."))
        if props == before:
            return said
        return said + self._deploy.adjust_options(definition, MOD | RSC)


def check_two_primaries(override: dict[str, str], context: int) -> None:
    """Raises Refused 213: DRBD's words are yes and no."""
    value = override.get(TWO_PRIMARIES)
    if value is not None and value not in ("yes", "no"):
        raise refuse(context, 213, f"Invalid property value '{value}' for {TWO_PRIMARIES}")


def default_group() -> Group:
    """The group of definitions that name none."""
    return Group("DfltRscGrp", {"place_count": 2})
