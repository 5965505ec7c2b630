"""The members that request bodies may have, by the REST version that brought them (linstor.md 0.2, 2.3-2.12)."""

from __future__ import annotations

from entrypoints.sandbox.linstor.requests import Members

CHANGE = ("override_props", "delete_props", "delete_namespaces")

NOTHING = Members()
PROPERTIES = Members(CHANGE)

FILTER = Members(
    (
        "place_count", "additional_place_count", "node_name_list", "storage_pool", "storage_pool_list",
        "storage_pool_diskless_list", "not_place_with_rsc", "not_place_with_rsc_regex", "replicas_on_same",
        "replicas_on_different", "layer_stack", "provider_list", "diskless_on_remaining", "diskless_type",
    ),
    {"1.20.2": ("x_replicas_on_different_map", "overprovision"), "1.26": ("port_count",)},
)  # fmt: skip

COPY_SNAPSHOTS = {"1.27": ("copy_all_snaps", "snap_names")}

GROUP = Members(("name", "description", "props", "uuid"), {"1.21": ("peer_slots",)}, {"select_filter": FILTER})
GROUP_CHANGE = Members(("description", *CHANGE), {"1.21": ("peer_slots",), **COPY_SNAPSHOTS}, {"select_filter": FILTER})
VOLUME_GROUP = Members(("volume_number", "props", "uuid", "flags"))
SPAWN = Members(
    ("resource_definition_name", "resource_definition_external_name", "volume_sizes", "partial", "definitions_only"),
    {"1.21": ("peer_slots",), "1.22": ("volume_passphrases", "resource_definition_props")},
    {"select_filter": FILTER},
)
SIZE_QUERY = Members(("ignore_cache_older_than_sec",), inner={"select_filter": FILTER})

LAYER = Members(("type", "data"))
VOLUME_DEFINITION = Members(("volume_number", "size_kib", "props", "flags", "layer_data", "uuid"))
VOLUME_DEFINITION_NEW = Members(("drbd_minor_number", "passphrase"), inner={"volume_definition": VOLUME_DEFINITION})
VOLUME_DEFINITION_CHANGE = Members(("size_kib", "flags", *CHANGE))
DEFINITION = Members(
    ("name", "external_name", "props", "flags", "uuid", "resource_group_name"),
    inner={"layer_data": LAYER, "volume_definitions": VOLUME_DEFINITION},
)
DEFINITION_NEW = Members(
    ("drbd_port", "drbd_secret", "drbd_peer_slots", "drbd_transport_type"), inner={"resource_definition": DEFINITION}
)
DEFINITION_CHANGE = Members(("drbd_port", "drbd_peer_slots", "layer_stack", "resource_group", *CHANGE))
AUTOPLACE = Members(("diskless_on_remaining", "layer_list"), COPY_SNAPSHOTS, {"select_filter": FILTER})
CLONE = Members(
    ("name", "external_name", "use_zfs_clone"),
    {"1.22": ("volume_passphrases",), "1.24": ("layer_list", "resource_group"), "1.26": CHANGE},
)

RESOURCE = Members(
    (
        "name", "node_name", "props", "effective_props", "flags", "layer_object", "state", "uuid", "create_timestamp",
        "shared_name",
    )
)  # fmt: skip
RESOURCE_NEW = Members(
    ("layer_list", "drbd_node_id"),
    {"1.26": ("drbd_tcp_ports", "drbd_tcp_port_count"), **COPY_SNAPSHOTS},
    {"resource": RESOURCE},
)
MAKE_AVAILABLE = Members(("layer_list", "diskful"), {"1.26": ("drbd_tcp_ports",), **COPY_SNAPSHOTS})

SNAPSHOT = Members(
    (
        "name", "resource_name", "nodes", "props", "flags", "volume_definitions", "uuid", "snapshots",
        "snapshot_definition_props", "resource_definition_props",
    )
)  # fmt: skip
SNAPSHOTS = Members(inner={"snapshots": SNAPSHOT})
RESTORE = Members(("to_resource", "nodes", "stor_pool_rename"))
ROLLBACK = Members(since={"1.26": ("zfs_rollback_strategy",)})
NODE_RESTORE = Members(("delete_resources", "delete_snapshots"))
