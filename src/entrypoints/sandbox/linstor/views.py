"""`view/resources`: the main read of every client (linstor.md 2.13)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from adapters.memory.linstor.deploy import usable_kib
from adapters.memory.linstor.model import LinstorModel
from adapters.memory.linstor.objects import THIN, Definition, Resource, VolumeDefinition
from adapters.memory.linstor.snapshots import SKIP_DISK
from entrypoints.sandbox.linstor.requests import at_least
from entrypoints.sandbox.linstor.shapes import Json, drbd_definition, flags, pruned


class ResourceView:
    """One definition on one node."""

    def __init__(self, model: LinstorModel, owner: Definition, each: Resource) -> None:
        self._model = model
        self._owner = owner
        self._each = each
        self._node = model.state.nodes[each.node]

    def shape(self) -> Json:
        """The element, with volumes."""
        return pruned({**self.plain(), "volumes": self.volumes()}) | self._state()

    def plain(self) -> Json:
        """Without volumes; an offline node and a resource that is not there have no `state`."""
        shape = pruned(
            {
                "name": self._owner.name,
                "node_name": self._each.node,
                "props": self._each.props,
                "effective_props": self._effective(),
                "flags": flags(self._each.flags),
                "layer_object": self._layers(),
                "uuid": self._each.uuid,
                "create_timestamp": self._each.created or None,
            }
        )
        return shape | self._state()

    def _effective(self) -> Json:
        """Properties that count wherever they are set: this one alone is listed (linstor.md 2.13)."""
        value = self._each.props.get(SKIP_DISK)
        about = f"Node: '{self._each.node}', Rsc: '{self._owner.name}'"
        return {SKIP_DISK: {"type": "RESOURCE", "value": value, "descr": about}} if value else {}

    def _state(self) -> Json:
        if not self._node.online or not (self._each.deployed or "CLONING" in self._owner.flags):
            return {}
        return {"state": {"in_use": self._in_use()} if self._has_drbd_state() else {}}

    def _has_drbd_state(self) -> bool:
        return self._owner.drbd and self._each.deployed and "INACTIVE" not in self._each.flags

    def _has_volume_state(self) -> bool:
        return self._has_drbd_state() or bool(self._each.disk_state)

    def _in_use(self) -> bool:
        return self._model.devices.in_use(self._owner, self._each.node)

    def volumes(self) -> list[Json]:
        """Its volumes."""
        return [self._volume(volume) for volume in self._owner.volumes.values()]

    # -- layers ---------------------------------------------------------------------------------

    def _layers(self) -> Json:
        volumes = [self._storage(volume) for volume in self._owner.volumes.values()]
        storage: Json = {"type": "STORAGE", "storage": {"storage_volumes": volumes}}
        if not self._owner.drbd:
            return storage
        return {"children": [storage], "type": "DRBD", "drbd": self._drbd()}

    def _drbd(self) -> Json:
        shape: Json = {
            "drbd_resource_definition": drbd_definition(self._owner),
            "node_id": self._each.node_id,
            "tcp_ports": [self._owner.port] if self._ports_of_its_own() else [],
            "peer_slots": 7,
            "al_stripes": 1,
            "al_size": 32,
            "flags": self._drbd_flags(),
            "drbd_volumes": [self._drbd_volume(volume) for volume in self._owner.volumes.values()],
        }
        if self._node.online and self._has_drbd_state():
            shape["connections"] = self._connections()
            shape["promotion_score"] = self._score()
            shape["may_promote"] = self._may_promote()
        return pruned(shape)

    def _ports_of_its_own(self) -> bool:
        """Before REST 1.26 all resources of a definition had one port."""
        return at_least(self._model.rest_api_version, "1.26")

    def _drbd_flags(self) -> list[str]:
        known = ["DISKLESS"] if self._each.diskless else []
        if not self._each.created:
            return known
        return known if self._each.toggled else [*known, "INITIALIZED"]

    def _peers(self) -> list[Resource]:
        """Two diskless nodes have no connection; who is being removed has none any more for the others."""
        others = [other for other in self._owner.resources.values() if other is not self._each]
        others = [other for other in others if self._each.going or "DELETE" not in other.flags]
        return [other for other in others if not (other.diskless and self._each.diskless)]

    def _connections(self) -> Json:
        return {other.node: self._connection(other) for other in self._peers() if "INACTIVE" not in other.flags}

    def _connection(self, other: Resource) -> Json:
        if not self._model.devices.joined(self._owner, self._each, other):
            return {"connected": False, "message": "Connecting"}
        return {"connected": True, "message": "Connected"}

    def _data_reachable(self) -> bool:
        return "FAILED" not in self._owner.flags and self._model.devices.data_reachable(self._owner, self._each)

    def _score(self) -> int:
        if not self._data_reachable():
            return 0
        return 101 if self._each.diskless else 10101

    def _may_promote(self) -> bool:
        """Of a Primary whose network is cut the others know nothing (recorded)."""
        joined = self._model.devices.joined
        primaries = [self._owner.resources.get(node) for node in self._model.devices.primaries(self._owner)]
        seen = any(each is self._each or (each and joined(self._owner, self._each, each)) for each in primaries)
        return not seen and self._data_reachable()

    # -- volumes --------------------------------------------------------------------------------

    def _backing(self, volume: VolumeDefinition) -> str | None:
        if self._each.diskless or not self._each.deployed or "INACTIVE" in self._each.flags:
            return None
        pool = self._node.pools[self._each.pool]
        group = pool.props.get("StorDriver/StorPoolName", pool.name).split("/")[0] or pool.name
        directory = f"zvol/{group}" if pool.kind.startswith("ZFS") else group
        return f"/dev/{directory}/{self._owner.name}_{volume.number:05d}"

    def _allocated(self, volume: VolumeDefinition) -> int:
        if self._each.diskless:
            return 0
        if not self._each.deployed and "CLONING_FINISHED" not in self._each.volume_flags:
            return -1
        thin = self._node.pools[self._each.pool].kind in THIN
        return 55 if thin else volume.gross

    def _storage(self, volume: VolumeDefinition) -> Json:
        shape: Json = {
            "volume_number": volume.number,
            "device_path": self._backing(volume),
            "allocated_size_kib": self._allocated(volume),
            "usable_size_kib": self._storage_size(volume),
        }
        if not self._each.diskless:
            shape["disk_state"] = "[]"
        return pruned(shape)

    def _storage_size(self, volume: VolumeDefinition) -> int:
        """The storage layer of a diskless resource is not told of a resize (recorded)."""
        if self._each.diskless:
            return self._each.sizes.get(volume.number, volume.size)
        return max(volume.gross, volume.size)

    def _drbd_volume(self, volume: VolumeDefinition) -> Json:
        shown = (self._each.deployed or self._each.going) and "INACTIVE" not in self._each.flags
        device = f"/dev/drbd{volume.minor}" if shown else None
        usable = usable_kib(self._owner, volume)
        return pruned(
            {
                "drbd_volume_definition": {"volume_number": volume.number, "minor_number": volume.minor},
                "device_path": device,
                "backing_device": self._backing(volume),
                "allocated_size_kib": -1 if self._each.diskless else volume.size + 52,
                "usable_size_kib": volume.size if self._each.diskless else usable,
            }
        )

    def _volume(self, volume: VolumeDefinition) -> Json:
        drbd = self._owner.drbd
        device = self._drbd_volume(volume).get("device_path") if drbd else self._backing(volume)
        layers: list[Json] = [{"type": "STORAGE", "data": self._storage(volume)}]
        if drbd:
            layers.insert(0, {"type": "DRBD", "data": self._drbd_volume(volume)})
        return pruned(
            {
                "volume_number": volume.number,
                "storage_pool_name": self._each.pool,
                "provider_kind": self._node.pools[self._each.pool].kind,
                "device_path": device,
                "allocated_size_kib": self._allocated(volume),
                "flags": flags(self._each.volume_flags),
                "state": self._volume_state() if drbd and self._node.online and self._has_volume_state() else None,
                "layer_data_list": layers,
                "uuid": self._each.volume_uuid,
            }
        )

    def _volume_state(self) -> Json:
        healthy = "Diskless" if self._each.diskless else "UpToDate"
        state: Json = {"disk_state": self._each.disk_state or healthy}
        if self._has_drbd_state() and not self._owner.flags & {"FAILED"}:
            told = [other for other in self._peers() if other.node not in self._each.unseen]
            peers = [other for other in told if other.deployed]
            state["replication_states"] = {other.node: {"replication_state": "Established"} for other in peers}
        return pruned(state)


def resources(
    model: LinstorModel,
    owners: Iterable[Definition],
    wanted_node: Callable[[str], bool],
    wanted_pool: Callable[[str], bool],
) -> list[Json]:
    """All elements that the filters let through, by name and node; what has no volumes is not listed."""
    found = [
        (owner, each)
        for owner in owners
        if owner.volumes
        for each in sorted(owner.resources.values(), key=lambda one: one.node)
    ]
    return [
        ResourceView(model, owner, each).shape()
        for owner, each in found
        if wanted_node(each.node) and wanted_pool(each.pool)
    ]
