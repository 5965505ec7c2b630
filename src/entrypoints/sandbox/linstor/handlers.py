"""One function for each request that the simulated controller knows; paths and members are LINSTOR's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from adapters.memory.linstor import Refused
from adapters.memory.linstor.model import LinstorModel
from adapters.memory.linstor.objects import Definition
from adapters.memory.linstor.replies import not_found, refuse
from entrypoints.sandbox.linstor import shapes, views
from entrypoints.sandbox.linstor.requests import body_of, number, text_map, truth

CHANGE = ("override_props", "delete_props", "delete_namespaces")
FILTER = (
    "place_count", "additional_place_count", "node_name_list", "storage_pool", "storage_pool_list",
    "storage_pool_diskless_list", "not_place_with_rsc", "not_place_with_rsc_regex", "replicas_on_same",
    "replicas_on_different", "x_replicas_on_different_map", "layer_stack", "provider_list",
    "diskless_on_remaining", "diskless_type", "overprovision",
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A request: the model, the parts of the path, the query (repeated keys), the body."""

    model: LinstorModel
    path: dict[str, str]
    query: dict[str, list[str]]
    body: bytes

    def names(self, key: str) -> list[str]:
        """All values of one query parameter."""
        return self.query.get(key, [])

    def one(self, key: str) -> str:
        """The first value of one query parameter, "" where there is none."""
        return next(iter(self.names(key)), "")

    def knows(self, version: str) -> bool:
        """Whether the server is at least of that REST version."""
        return _version(self.model.rest_api_version) >= _version(version)

    def members(self, *names: str, since: dict[str, str] | None = None, optional: bool = False) -> dict[str, Any]:
        """The body; *since*: members and the REST version that brought them."""
        known = [*names, *(name for name, version in (since or {}).items() if self.knows(version))]
        return body_of(self.body, known, optional=optional)


@dataclass(frozen=True)
class Answer:
    """What a handler gives: a status and JSON."""

    json: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Answer]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def said(replies: Any, status: int = 200) -> Answer:
    """A list of ApiCallRc."""
    return Answer(shapes.replies(replies), status)


# -- controller, nodes, pools -----------------------------------------------------------------------


def version(call: Call) -> Answer:
    """GET controller/version."""
    return Answer(
        {
            "version": call.model.server_version,
            "git_hash": "0" * 40,
            "build_time": "2026-05-11T11:54:26+00:00",
            "rest_api_version": call.model.rest_api_version,
        }
    )


def controller_properties(call: Call) -> Answer:
    """GET controller/properties."""
    return Answer(dict(call.model.state.properties))


def nodes(call: Call) -> Answer:
    """GET nodes."""
    wanted = {name.lower() for name in call.names("nodes")}
    found = [each for each in call.model.state.nodes.values() if not wanted or each.name.lower() in wanted]
    return Answer([shapes.node(each) for each in found])


def node(call: Call) -> Answer:
    """GET nodes/N."""
    return Answer(shapes.node(call.model.state.node(call.path["node"], 0)))


def storage_pools(call: Call) -> Answer:
    """GET view/storage-pools."""
    wanted_nodes = {name.lower() for name in call.names("nodes")}
    wanted_pools = {name.lower() for name in call.names("storage_pools")}
    found = [
        (each, pool)
        for each in call.model.state.nodes.values()
        for pool in each.pools.values()
        if (not wanted_nodes or each.name.lower() in wanted_nodes)
        and (not wanted_pools or pool.name.lower() in wanted_pools)
    ]
    found.sort(key=lambda place: (place[1].name, place[0].name))
    return Answer([shapes.storage_pool(call.model, each, pool) for each, pool in found])


def node_storage_pools(call: Call) -> Answer:
    """GET nodes/N/storage-pools."""
    each = call.model.state.node(call.path["node"], 0)
    return Answer([shapes.storage_pool(call.model, each, pool) for pool in each.pools.values()])


def error_reports(_: Call) -> Answer:
    """GET error-reports."""
    return Answer([])


# -- groups -----------------------------------------------------------------------------------------


def groups(call: Call) -> Answer:
    """GET resource-groups."""
    wanted = {name.lower() for name in call.names("resource_groups")}
    found = [each for each in call.model.state.groups.values() if not wanted or each.name.lower() in wanted]
    return Answer([shapes.group(each) for each in found])


def group(call: Call) -> Answer:
    """GET resource-groups/G."""
    return Answer(shapes.group(call.model.state.group(call.path["group"], 0)))


def create_group(call: Call) -> Answer:
    """POST resource-groups."""
    given = call.members("name", "select_filter", "props", "description", "peer_slots")
    filters = body_filter(given.get("select_filter"))
    created = call.model.groups.create(
        str(given.get("name", "")), filters, text_map(given.get("props")), given.get("description", "")
    )
    return said(created, 201)


def modify_group(call: Call) -> Answer:
    """PUT resource-groups/G."""
    given = call.members("select_filter", "description", "peer_slots", *CHANGE)
    filters = body_filter(given.get("select_filter"))
    return said(call.model.groups.modify(call.path["group"], filters, text_map(given.get("override_props"))))


def delete_group(call: Call) -> Answer:
    """DELETE resource-groups/G."""
    return said(call.model.groups.delete(call.path["group"]))


def volume_groups(call: Call) -> Answer:
    """GET resource-groups/G/volume-groups."""
    each = call.model.state.group(call.path["group"], 0)
    return Answer([{"volume_number": number, "uuid": each.uuid} for number in range(each.volume_groups)])


def create_volume_group(call: Call) -> Answer:
    """POST resource-groups/G/volume-groups."""
    return said(call.model.groups.add_volume_group(call.path["group"]), 201)


def body_filter(given: Any) -> dict[str, Any]:
    """A `select_filter`. Raises Refused 32765 for a member that is none."""
    import json

    return body_of(json.dumps(given or {}).encode(), FILTER)


def spawn(call: Call) -> Answer:
    """POST resource-groups/G/spawn."""
    given = call.members(
        "resource_definition_name", "resource_definition_external_name", "volume_sizes", "select_filter",
        "partial", "definitions_only",
        since={"peer_slots": "1.21", "volume_passphrases": "1.22", "resource_definition_props": "1.22"},
    )  # fmt: skip
    created = call.model.definitions.spawn(
        call.path["group"],
        str(given.get("resource_definition_name", "")),
        [number(size, "volume_sizes") for size in given.get("volume_sizes", [])],
        props=text_map(given.get("resource_definition_props")),
        definitions_only=truth(given.get("definitions_only")),
        select_filter=body_filter(given.get("select_filter")),
        partial=truth(given.get("partial")),
    )
    return said(created, 201)


def query_size_info(call: Call) -> Answer:
    """POST resource-groups/G/query-size-info (REST 1.17)."""
    given = call.members("select_filter", "ignore_cache_older_than_sec", optional=True)
    found = call.model.groups.size_info(call.path["group"], body_filter(given.get("select_filter")))
    if "reports" in found:
        return Answer({"reports": shapes.replies(found["reports"])})
    return Answer(found)


def query_all_size_info(call: Call) -> Answer:
    """POST queries/resource-groups/query-all-size-info (REST 1.19)."""
    found = {name: call.model.groups.size_info(name) for name in call.model.state.groups}
    return Answer({"result": found})


def query_max_volume_size(call: Call) -> Answer:
    """GET resource-groups/G/query-max-volume-size."""
    return Answer(call.model.groups.largest_volumes(call.path["group"]))


# -- definitions ------------------------------------------------------------------------------------


def definitions(call: Call) -> Answer:
    """GET resource-definitions, filtered by name and by property (`key` or `key=value`)."""
    found = call.model.definitions.names(call.names("resource_definitions"))
    for wanted in call.names("props"):
        key, equals, value = wanted.partition("=")
        found = [each for each in found if key in each.props and (not equals or each.props[key] == value)]
    volumes = truth(call.one("with_volume_definitions"))
    return Answer([shapes.definition(each, volumes=volumes) for each in _page(call, found)])


def _page(call: Call, found: list[Any]) -> list[Any]:
    limit, offset = number(call.one("limit") or 0, "limit"), number(call.one("offset") or 0, "offset")
    return found[offset : offset + limit] if limit else found[offset:]


def definition(call: Call) -> Answer:
    """GET resource-definitions/R."""
    return Answer(shapes.definition(_named(call)))


def _named(call: Call) -> Definition:
    found = call.model.state.find(call.path["rd"])
    if found is None:
        raise not_found("Resource definition", call.path["rd"])
    return found


def create_definition(call: Call) -> Answer:
    """POST resource-definitions."""
    given = call.members("resource_definition", "drbd_port", "drbd_peer_slots", "drbd_secret", "drbd_transport_type")
    inner = given.get("resource_definition", {})
    layers = [each["type"] for each in inner.get("layer_data", [])]
    created = call.model.definitions.create(
        str(inner.get("name", "")), inner.get("resource_group_name", ""), text_map(inner.get("props")), layers or None
    )
    return said(created, 201)


def modify_definition(call: Call) -> Answer:
    """PUT resource-definitions/R."""
    given = call.members("resource_group", "layer_stack", "drbd_peer_slots", "drbd_port", *CHANGE)
    changed = call.model.definitions.modify(
        call.path["rd"],
        text_map(given.get("override_props")),
        given.get("delete_props", []),
        given.get("delete_namespaces", []),
        given.get("resource_group", ""),
    )
    return said(changed)


def delete_definition(call: Call) -> Answer:
    """DELETE resource-definitions/R."""
    return said(call.model.definitions.delete(call.path["rd"]))


def sync_status(call: Call) -> Answer:
    """GET resource-definitions/R/sync-status; weak as the real one (linstor.md 2.4)."""
    each = call.model.state.definition(call.path["rd"], 0)
    return Answer({"synced_on_all": all(one.disk_state in ("", "UpToDate") for one in each.diskful())})


def volume_definitions(call: Call) -> Answer:
    """GET resource-definitions/R/volume-definitions."""
    owner = call.model.state.definition(call.path["rd"], 0)
    return Answer([shapes.volume_definition(owner, each) for each in owner.volumes.values()])


def volume_definition(call: Call) -> Answer:
    """GET resource-definitions/R/volume-definitions/N."""
    owner, each = call.model.volumes.find(call.path["rd"], number(call.path["vlm"], "number"), 0)
    return Answer(shapes.volume_definition(owner, each))


def create_volume_definition(call: Call) -> Answer:
    """POST resource-definitions/R/volume-definitions; 200, not 201."""
    given = call.members("volume_definition", "drbd_minor_number", "passphrase")
    inner = given.get("volume_definition", {})
    wanted = inner.get("volume_number")
    own = None if wanted is None else number(wanted, "volume_number")
    return said(call.model.volumes.create(call.path["rd"], number(inner.get("size_kib", 0), "size_kib"), own))


def modify_volume_definition(call: Call) -> Answer:
    """PUT resource-definitions/R/volume-definitions/N."""
    given = call.members("size_kib", "flags", "override_props", "delete_props")
    name, own = call.path["rd"], number(call.path["vlm"], "number")
    if "size_kib" in given:
        return said(call.model.volumes.resize(name, own, number(given["size_kib"], "size_kib")))
    props = text_map(given.get("override_props"))
    return said(call.model.volumes.modify(name, own, props, given.get("delete_props", [])))


def delete_volume_definition(call: Call) -> Answer:
    """DELETE resource-definitions/R/volume-definitions/N."""
    return said(call.model.volumes.delete(call.path["rd"], number(call.path["vlm"], "number")))


# -- resources --------------------------------------------------------------------------------------


def view_resources(call: Call) -> Answer:
    """GET view/resources; an unknown node is 404, an unknown resource is an empty list."""
    for name in call.names("nodes"):
        call.model.state.node(name, 0)
    with call.model.state.lock:
        found = views.resources(call.model, call.names("nodes"), call.names("resources"), call.names("storage_pools"))
    return Answer(_page(call, found))


def resources(call: Call) -> Answer:
    """GET resource-definitions/R/resources."""
    owner = call.model.state.definition(call.path["rd"], 0)
    return Answer([shapes.plain_resource(owner, each) for each in owner.resources.values()])


def resource(call: Call) -> Answer:
    """GET resource-definitions/R/resources/N."""
    owner = call.model.state.definition(call.path["rd"], 0)
    own = call.model.state.node_name(call.path["node"]) or call.path["node"]
    if own not in owner.resources:
        raise refuse(0, 302, f"Resource '{owner.name}' on node '{own}' not found.")
    return Answer(shapes.plain_resource(owner, owner.resources[own]))


def create_resource(call: Call) -> Answer:
    """POST resource-definitions/R/resources[/N]."""
    import json

    given = json.loads(call.body or b"{}")
    wanted = given if isinstance(given, list) else [given]
    done: list[Any] = []
    for each in wanted:
        members = body_of(
            json.dumps(each).encode(), ("resource", "layer_list", "drbd_node_id", "drbd_tcp_ports", "copy_all_snaps")
        )
        inner = members.get("resource", {})
        on = call.path.get("node") or str(inner.get("node_name", ""))
        pool = text_map(inner.get("props")).get("StorPoolName", "")
        done += call.model.resources.create(call.path["rd"], on, set(inner.get("flags", [])), pool)
    return said(done, 201)


def delete_resource(call: Call) -> Answer:
    """DELETE resource-definitions/R/resources/N."""
    keep = truth(call.one("keep_tiebreaker")) and call.knows("1.23")
    return said(call.model.resources.delete(call.path["rd"], call.path["node"], keep_tiebreaker=keep))


def make_available(call: Call) -> Answer:
    """POST .../resources/N/make-available (REST 1.7); an empty body is an error."""
    given = call.members(
        "diskful", "layer_list", since={"drbd_tcp_ports": "1.26", "copy_all_snaps": "1.27", "snap_names": "1.27"}
    )
    done = call.model.resources.make_available(call.path["rd"], call.path["node"], diskful=truth(given.get("diskful")))
    return said(done)


def activate(call: Call) -> Answer:
    """POST .../resources/N/activate."""
    return said(call.model.resources.activate(call.path["rd"], call.path["node"]))


def deactivate(call: Call) -> Answer:
    """POST .../resources/N/deactivate."""
    return said(call.model.resources.deactivate(call.path["rd"], call.path["node"]))


def toggle_disk(call: Call) -> Answer:
    """PUT .../resources/N/toggle-disk/{diskless|diskful}[/POOL]."""
    to_diskless = call.path["kind"] == "diskless"
    pool = "" if to_diskless else call.path.get("pool", "")
    return said(call.model.resources.toggle(call.path["rd"], call.path["node"], to_diskless=to_diskless, pool=pool))


def autoplace(call: Call) -> Answer:
    """POST resource-definitions/R/autoplace."""
    given = call.members("select_filter", "layer_list", "diskless_on_remaining", "copy_all_snaps", "snap_names")
    return said(call.model.resources.autoplace(call.path["rd"], body_filter(given.get("select_filter"))), 201)


def connection(call: Call) -> Answer:
    """GET .../resource-connections/A/B."""
    one, other, props = call.model.resources.connection(call.path["rd"], call.path["a"], call.path["b"])
    return Answer(shapes.pruned({"node_a": one, "node_b": other, "props": props}))


def modify_connection(call: Call) -> Answer:
    """PUT .../resource-connections/A/B."""
    given = call.members(*CHANGE)
    done = call.model.resources.modify_connection(
        call.path["rd"],
        call.path["a"],
        call.path["b"],
        text_map(given.get("override_props")),
        given.get("delete_props", []),
    )
    return said(done)


# -- clones, snapshots ------------------------------------------------------------------------------


def clone(call: Call) -> Answer:
    """POST resource-definitions/R/clone (REST 1.10): an object with `messages`, errors behind 201 before 1.32.2."""
    given = call.members(
        "name", "external_name", "use_zfs_clone",
        since={
            "volume_passphrases": "1.22", "layer_list": "1.24", "resource_group": "1.24",
            "override_props": "1.26", "delete_props": "1.26", "delete_namespaces": "1.26",
        },
    )  # fmt: skip
    source, name = call.path["rd"], str(given.get("name", ""))
    shape = {"location": f"/v1/resource-definitions/{source}/clone/{name}", "source_name": source, "clone_name": name}
    try:
        done = call.model.clones.start(
            source,
            name,
            group=given.get("resource_group", ""),
            override=text_map(given.get("override_props")),
            delete=given.get("delete_props", []),
            namespaces=given.get("delete_namespaces", []),
        )
    except Refused as refused:
        if refused.error.code == 301:
            raise
        status = 500 if call.knows("1.26") else 201
        return Answer(shape | {"messages": shapes.replies(refused.replies)}, status)
    return Answer(shape | {"messages": shapes.replies(done)}, 201)


def clone_status(call: Call) -> Answer:
    """GET resource-definitions/R/clone/N."""
    status = call.model.clones.status(call.path["name"])
    if status is None:
        raise refuse(0, 301, "Cloned resource not found.")
    return Answer({"status": status})


def view_snapshots(call: Call) -> Answer:
    """GET view/snapshots."""
    found = call.model.definitions.names(call.names("resources"))
    with call.model.state.lock:
        return Answer([shapes.snapshot(owner, each) for owner in found for each in owner.snapshots.values()])


def snapshots(call: Call) -> Answer:
    """GET resource-definitions/R/snapshots."""
    owner = _named(call)
    return Answer([shapes.snapshot(owner, each) for each in owner.snapshots.values()])


def snapshot(call: Call) -> Answer:
    """GET resource-definitions/R/snapshots/S."""
    owner, each = call.model.snapshots.find(call.path["rd"], call.path["snap"], 0)
    return Answer(shapes.snapshot(owner, each))


def create_snapshot(call: Call) -> Answer:
    """POST resource-definitions/R/snapshots."""
    given = call.members("name", "nodes", "snapshot_definition_props")
    props = text_map(given.get("snapshot_definition_props"))
    return said(call.model.snapshots.create(call.path["rd"], str(given.get("name", "")), props), 201)


def create_snapshots(call: Call) -> Answer:
    """POST actions/snapshot/multi (REST 1.18)."""
    given = call.members("snapshots")
    wanted = [(str(each.get("resource_name")), str(each.get("name"))) for each in given.get("snapshots", [])]
    return said(call.model.snapshots.create_multi(wanted), 201)


def modify_snapshot(call: Call) -> Answer:
    """PUT resource-definitions/R/snapshots/S (REST 1.26)."""
    given = call.members(*CHANGE)
    props = text_map(given.get("override_props"))
    return said(call.model.snapshots.modify(call.path["rd"], call.path["snap"], props, given.get("delete_props", [])))


def delete_snapshot(call: Call) -> Answer:
    """DELETE resource-definitions/R/snapshots/S."""
    return said(call.model.snapshots.delete(call.path["rd"], call.path["snap"]))


def restore_volumes(call: Call) -> Answer:
    """POST .../snapshot-restore-volume-definition/S."""
    given = call.members("to_resource")
    target = str(given.get("to_resource", ""))
    return said(call.model.snapshots.restore_volumes(call.path["rd"], call.path["snap"], target))


def restore_resources(call: Call) -> Answer:
    """POST .../snapshot-restore-resource/S."""
    given = call.members("to_resource", "nodes", "stor_pool_rename")
    target = str(given.get("to_resource", ""))
    done = call.model.snapshots.restore_resources(call.path["rd"], call.path["snap"], target, given.get("nodes", []))
    return said(done)


def roll_back(call: Call) -> Answer:
    """POST .../snapshot-rollback/S."""
    call.members(since={"zfs_rollback_strategy": "1.26"}, optional=True)
    return said(call.model.snapshots.roll_back(call.path["rd"], call.path["snap"]))
