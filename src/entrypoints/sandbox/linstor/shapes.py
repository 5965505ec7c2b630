"""Model objects -> the JSON of the REST interface (linstor.md 2.13). What is empty does not travel (2.1)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from adapters.memory.linstor import Reply
from adapters.memory.linstor.model import LinstorModel
from adapters.memory.linstor.objects import Definition, Group, Node, Pool, Snapshot, VolumeDefinition
from adapters.memory.linstor.state import ErrorReport

Json = dict[str, Any]
FLAG_ORDER = ("DELETE", "DISKLESS", "DRBD_DELETE", "DRBD_DISKLESS", "TIE_BREAKER", "INACTIVE", "RESIZE", "CLONING",
              "CLONING_FINISHED", "SUCCESSFUL", "FAILED_DEPLOYMENT", "FAILED")  # fmt: skip


def json_text(value: Any) -> bytes:
    """JSON as it travels."""
    return json.dumps(value).encode()


def pruned(value: Mapping[str, Any]) -> Json:
    """Without members that are None, "", [] or {}; false and 0 travel."""
    return {key: each for key, each in value.items() if each is not None and each not in ("", [], {}, ())}


def flags(given: Iterable[str]) -> list[str]:
    """Flags in the order of their bits."""
    return sorted(given, key=lambda flag: FLAG_ORDER.index(flag) if flag in FLAG_ORDER else len(FLAG_ORDER))


def replies(said: Iterable[Reply]) -> list[Json]:
    """A list of ApiCallRc."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    return [
        pruned(
            {
                "ret_code": each.ret_code,
                "message": each.message,
                "cause": each.cause,
                "details": each.details,
                "correction": each.correction,
                "error_report_ids": list(each.error_report_ids),
                "obj_refs": each.obj_refs,
                "created_at": now,
            }
        )
        for each in said
    ]


def node(each: Node) -> Json:
    """One element of `nodes`; of what an offline node can do nothing is known."""
    return pruned(
        {
            "name": each.name,
            "type": each.kind,
            "props": {"CurStltConnName": "default", "NodeUname": each.name, **each.props},
            "flags": flags(each.flags),
            "net_interfaces": [_interface(each)],
            "connection_status": each.status,
            "resource_layers": ["DRBD", "STORAGE"] if each.online else ["STORAGE"],
            "storage_providers": [*(_LOCAL if each.online else ["DISKLESS"]), *_REMOTE],
            "uuid": each.uuid,
            "unsupported_providers": _UNSUPPORTED_PROVIDERS if each.online else _SILENT["providers"],
            "unsupported_layers": _UNSUPPORTED_LAYERS if each.online else _SILENT["layers"],
            "eviction_timestamp": None if each.online else each.lost_at or None,
        }
    )


def _interface(each: Node) -> Json:
    return {
        "name": "default",
        "address": each.address,
        "satellite_port": 3366,
        "satellite_encryption_type": "PLAIN",
        "is_active": True,
        "uuid": each.uuid,
    }


_LOCAL = ["DISKLESS", "LVM", "LVM_THIN", "FILE", "FILE_THIN"]
_REMOTE = ["REMOTE_SPDK", "EBS_INIT", "EBS_TARGET"]
_NO_NEWS = ["No information from satellite yet"]
_UNSUPPORTED_PROVIDERS = {
    "SPDK": ["rpc.py cannot be started"],
    "STORAGE_SPACES": ["This tool does not exist on the Linux platform."],
    "STORAGE_SPACES_THIN": ["This tool does not exist on the Linux platform."],
    "ZFS": ["zfs cannot be started"] * 2,
    "ZFS_THIN": ["zfs cannot be started"] * 2,
}
_UNSUPPORTED_LAYERS = {
    "LUKS": ["cryptsetup cannot be started"],
    "NVME": ["nvmet_rdma cannot be loaded"] * 2,
    "WRITECACHE": ["dm-writecache cannot be loaded"],
    "CACHE": ["dm-cache cannot be loaded"],
    "BCACHE": ["bcache cannot be loaded"],
}
_SILENT = {
    "providers": {
        name: _NO_NEWS * (2 if name.startswith("ZFS") else 1)
        for name in [*_UNSUPPORTED_PROVIDERS, "LVM", "LVM_THIN", "FILE", "FILE_THIN"]
    },
    "layers": {
        name: _NO_NEWS * (2 if name == "DRBD" else 1)
        for name in ("DRBD", "LUKS", "NVME", "WRITECACHE", "CACHE", "BCACHE")
    },
}


def storage_pool(model: LinstorModel, owner: Node, pool: Pool) -> Json:
    """One element of `view/storage-pools`; the capacity of an offline node is not known."""
    shape: Json = {
        "storage_pool_name": pool.name,
        "node_name": owner.name,
        "provider_kind": pool.kind,
        "props": pool.props,
        "static_traits": _traits(pool),
        "free_space_mgr_name": pool.shared or f"{owner.name};{pool.name}",
        "uuid": pool.uuid,
        "supports_snapshots": pool.kind not in ("DISKLESS", "LVM"),
        "external_locking": False,
    }
    if owner.online:
        shape["free_capacity"] = pool.free if pool.kind == "DISKLESS" else model.space.free(owner.name, pool)
        shape["total_capacity"] = pool.total
    if not owner.online:
        shape["reports"] = [
            {
                "ret_code": -9223372036854774806,
                "message": f"No active connection to satellite '{owner.name}'",
                "details": "The satellite is told later.",
            }
        ]
    return pruned(shape)


def _traits(pool: Pool) -> Json:
    supports = "false" if pool.kind in ("DISKLESS", "LVM") else "true"
    if pool.kind == "DISKLESS":
        return {"SupportsSnapshots": supports}
    return {"Provisioning": "Thin" if pool.thin else "Fat", "SupportsSnapshots": supports}


def group(each: Group) -> Json:
    """One resource group."""
    return pruned(
        {
            "name": each.name,
            "description": each.description,
            "props": each.props,
            "select_filter": each.select_filter,
            "uuid": each.uuid,
        }
    )


def definition(each: Definition, *, volumes: bool = False) -> Json:
    """One resource definition; layer data appears with the first deployment."""
    shape: Json = {
        "name": each.name,
        "external_name": each.external_name,
        "props": each.props,
        "flags": flags(each.flags),
        "layer_data": [_definition_layer(each, layer) for layer in each.layers] if each.layers_known else [],
        "uuid": each.uuid,
        "resource_group_name": each.group,
    }
    if volumes:
        shape["volume_definitions"] = [volume_definition(each, volume) for volume in each.volumes.values()]
    return pruned(shape)


def _definition_layer(each: Definition, layer: str) -> Json:
    return {"type": layer, "data": drbd_definition(each)} if layer == "DRBD" else {"type": layer}


def drbd_definition(each: Definition) -> Json:
    """What DRBD shares between all nodes of a definition."""
    secret = base64.b64encode(hashlib.sha256(each.uuid.encode()).digest())[:20].decode()
    return {
        "peer_slots": 7,
        "al_stripes": 1,
        "al_stripe_size_kib": 32,
        "port": -1,
        "transport_type": "IP",
        "secret": secret,
        "down": False,
    }


def volume_definition(owner: Definition, each: VolumeDefinition) -> Json:
    """One volume definition."""
    shape: Json = {
        "volume_number": each.number,
        "size_kib": each.size,
        "props": each.props,
        "flags": flags(each.flags),
        "uuid": each.uuid,
    }
    if owner.resources:
        minor = {"volume_number": each.number, "minor_number": each.minor}
        shape["layer_data"] = [
            {"type": layer, "data": minor} if layer == "DRBD" else {"type": layer} for layer in owner.layers
        ]
    return pruned(shape)


def snapshot(owner: Definition, each: Snapshot) -> Json:
    """One snapshot with its parts."""
    return pruned(
        {
            "name": each.name,
            "resource_name": owner.name,
            "nodes": sorted(each.parts),
            "props": {**each.definition_props, **each.props},
            "snapshot_definition_props": each.props,
            "resource_definition_props": each.definition_props,
            "flags": flags(each.flags),
            "volume_definitions": [
                pruned(
                    {"volume_number": number, "size_kib": size, "volume_definition_props": each.volume_props[number]}
                )
                for number, size in each.sizes.items()
            ],
            "uuid": each.uuid,
            "snapshots": [_snapshot_part(each, name) for name in sorted(each.parts)],
        }
    )


def _snapshot_part(each: Snapshot, name: str) -> Json:
    own, volume = each.part_uuids[name]
    return pruned(
        {
            "snapshot_name": each.name,
            "node_name": name,
            "create_timestamp": each.created or None,
            "flags": ["DELETE"] if each.going else [],
            "uuid": own,
            "resource_props": {"StorPoolName": each.pools[name]},
            "snapshot_volumes": [{"uuid": volume, "vlm_nr": number} for number in each.sizes],
        }
    )


def connection(one: str, other: str, props: Mapping[str, str]) -> Json:
    """One resource connection."""
    return pruned({"node_a": one, "node_b": other, "props": props})


def error_report(each: ErrorReport, *, text: bool) -> Json:
    """One error report; the text only where it is asked for."""
    shape: Json = {
        "node_name": each.node,
        "error_time": each.millis,
        "filename": f"ErrorReport-{each.name}.log",
        "module": "CONTROLLER" if each.node == "Controller" else "SATELLITE",
        "exception": "LinStorException",
        "exception_message": each.message,
    }
    if text:
        shape["text"] = f"ERROR REPORT {each.name}\n\nError message: {each.message}\n\nEND OF ERROR REPORT.\n"
    return shape
