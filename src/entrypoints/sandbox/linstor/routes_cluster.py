"""Controller, nodes, storage pools, groups, key-value store (linstor.md 2.2, 2.3, 2.15)."""

from __future__ import annotations

from typing import Any

from adapters.memory.linstor.groups import SizeInfo
from adapters.memory.linstor.space import Filter
from entrypoints.sandbox.linstor import members, shapes
from entrypoints.sandbox.linstor.exchange import Answer, Call, Route, listed, said
from entrypoints.sandbox.linstor.requests import checked, number, parsed, text_map, truth

RG = "/v1/resource-groups/<group>"
KVS = "/v1/key-value-store"


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


def modify_controller(call: Call) -> Answer:
    """POST controller/properties."""
    given = call.members(members.PROPERTIES)
    done = call.model.controller.modify(
        text_map(given.get("override_props")),
        listed(given.get("delete_props"), "delete_props"),
        listed(given.get("delete_namespaces"), "delete_namespaces"),
    )
    return said(done, 201)


def delete_controller_property(call: Call) -> Answer:
    """DELETE controller/properties/KEY, slashes and all."""
    return said(call.model.controller.delete(call.path["key"]))


def error_reports(call: Call) -> Answer:
    """GET error-reports: what the controller wrote about failures that it did not expect, oldest first."""
    found = [each for each in call.model.state.reports if call.wanted("node")(each.node)]
    with_text = truth(call.one("withContent"))
    return Answer(call.page([shapes.error_report(each, text=with_text) for each in found]))


def error_report(call: Call) -> Answer:
    """GET error-reports/ID; an unknown one is an empty list."""
    found = [each for each in call.model.state.reports if each.name == call.path["report"]]
    return Answer([shapes.error_report(each, text=True) for each in found])


# -- nodes, pools -----------------------------------------------------------------------------------


def nodes(call: Call) -> Answer:
    """GET nodes."""
    wanted = call.wanted("nodes")
    return Answer([shapes.node(each) for each in call.model.state.nodes.values() if wanted(each.name)])


def node(call: Call) -> Answer:
    """GET nodes/N."""
    return Answer(shapes.node(call.model.state.node(call.path["node"], 0)))


def evacuate(call: Call) -> Answer:
    """PUT nodes/N/evacuate."""
    return said(call.model.nodes.evacuate(call.path["node"]))


def restore_node(call: Call) -> Answer:
    """PUT nodes/N/restore."""
    call.members(members.NODE_RESTORE, optional=True)
    return said(call.model.nodes.restore(call.path["node"]))


def storage_pools(call: Call) -> Answer:
    """GET view/storage-pools; `cached` changes nothing but the time it takes."""
    wanted_node, wanted_pool = call.wanted("nodes"), call.wanted("storage_pools")
    found = [
        (each, pool)
        for each in call.model.state.nodes.values()
        for pool in each.pools.values()
        if wanted_node(each.name) and wanted_pool(pool.name)
    ]
    found.sort(key=lambda place: (place[1].name, place[0].name))
    return Answer([shapes.storage_pool(call.model, each, pool) for each, pool in found])


def node_storage_pools(call: Call) -> Answer:
    """GET nodes/N/storage-pools."""
    each = call.model.state.node(call.path["node"], 0)
    return Answer([shapes.storage_pool(call.model, each, pool) for pool in each.pools.values()])


def node_storage_pool(call: Call) -> Answer:
    """GET nodes/N/storage-pools/P."""
    each = call.model.state.node(call.path["node"], 0)
    return Answer(shapes.storage_pool(call.model, each, call.model.nodes.pool(each.name, call.path["pool"])))


def storage_pool_definitions(call: Call) -> Answer:
    """GET storage-pool-definitions: each name once; one is always there."""
    names = {pool.name for each in call.model.state.nodes.values() for pool in each.pools.values()}
    names = {name for name in names if name != "DfltDisklessStorPool"} | {"DfltStorPool"}
    return Answer([{"storage_pool_name": name} for name in sorted(names, key=str.lower)])


# -- groups -----------------------------------------------------------------------------------------


def groups(call: Call) -> Answer:
    """GET resource-groups."""
    wanted = call.wanted("resource_groups")
    return Answer([shapes.group(each) for each in call.model.state.groups.values() if wanted(each.name)])


def group(call: Call) -> Answer:
    """GET resource-groups/G."""
    return Answer(shapes.group(call.model.groups.find(call.path["group"])))


def create_group(call: Call) -> Answer:
    """POST resource-groups."""
    given = call.members(members.GROUP)
    name, props = str(given.get("name", "")), text_map(given.get("props"))
    created = call.model.groups.create(name, given.get("select_filter", {}), props, str(given.get("description", "")))
    return said(created, 201)


def modify_group(call: Call) -> Answer:
    """PUT resource-groups/G."""
    given = call.members(members.GROUP_CHANGE)
    done = call.model.groups.modify(
        call.path["group"],
        given.get("select_filter", {}),
        text_map(given.get("override_props")),
        listed(given.get("delete_props"), "delete_props"),
    )
    return said(done)


def delete_group(call: Call) -> Answer:
    """DELETE resource-groups/G."""
    return said(call.model.groups.delete(call.path["group"]))


def volume_groups(call: Call) -> Answer:
    """GET resource-groups/G/volume-groups."""
    each = call.model.groups.find(call.path["group"])
    return Answer([{"volume_number": own, "uuid": uuid} for own, uuid in enumerate(each.volume_groups)])


def create_volume_group(call: Call) -> Answer:
    """POST resource-groups/G/volume-groups."""
    call.members(members.VOLUME_GROUP, optional=True)
    return said(call.model.groups.add_volume_group(call.path["group"]), 201)


def adjust_group(call: Call) -> Answer:
    """POST resource-groups/G/adjust: place what its definitions lack."""
    call.members(members.NOTHING, optional=True)
    return said(call.model.resources.adjust(call.path["group"]))


def spawn(call: Call) -> Answer:
    """POST resource-groups/G/spawn."""
    given = call.members(members.SPAWN)
    created = call.model.definitions.spawn(
        call.path["group"],
        str(given.get("resource_definition_name", "")),
        [number(size, "volume_sizes") for size in given.get("volume_sizes", [])],
        external_name=str(given.get("resource_definition_external_name", "")),
        props=text_map(given.get("resource_definition_props")),
        definitions_only=truth(given.get("definitions_only")),
        select_filter=given.get("select_filter", {}),
        partial=truth(given.get("partial")),
    )
    return said(created, 201)


def query_size_info(call: Call) -> Answer:
    """POST resource-groups/G/query-size-info."""
    given = call.members(members.SIZE_QUERY, optional=True)
    return Answer(_size_info(call.model.groups.size_info(call.path["group"], given.get("select_filter"))))


def query_all_size_info(call: Call) -> Answer:
    """POST queries/resource-groups/query-all-size-info."""
    given = call.members(members.SIZE_QUERY, optional=True)
    found = {name: call.model.groups.size_info(name, given.get("select_filter")) for name in call.model.state.groups}
    return Answer({"result": {name: _size_info(each) for name, each in found.items()}})


def _size_info(found: SizeInfo) -> dict[str, Any]:
    return shapes.pruned({"space_info": found.space, "reports": shapes.replies(found.reports)})


def query_max_volume_size(call: Call) -> Answer:
    """GET resource-groups/G/query-max-volume-size."""
    return Answer(call.model.groups.largest_volumes(call.path["group"]))


def query_any_max_volume_size(call: Call) -> Answer:
    """OPTIONS query-max-volume-size, with a filter as body and no group."""
    wanted = Filter.given(checked(parsed(call.body), members.FILTER, call.model.rest_api_version))
    return Answer(call.model.groups.largest_anywhere(wanted))


# -- key-value store --------------------------------------------------------------------------------


def key_values(call: Call) -> Answer:
    """GET key-value-store."""
    return Answer([{"name": name, "props": props} for name, props in call.model.controller.stores().items()])


def key_value(call: Call) -> Answer:
    """GET key-value-store/I: a list of one."""
    return Answer([{"name": call.path["store"], "props": call.model.controller.store(call.path["store"])}])


def modify_key_value(call: Call) -> Answer:
    """PUT key-value-store/I."""
    given = call.members(members.PROPERTIES)
    done = call.model.controller.modify_store(
        call.path["store"],
        text_map(given.get("override_props")),
        listed(given.get("delete_props"), "delete_props"),
        listed(given.get("delete_namespaces"), "delete_namespaces"),
    )
    return said(done)


def delete_key_value(call: Call) -> Answer:
    """DELETE key-value-store/I."""
    return said(call.model.controller.delete_store(call.path["store"]))


ROUTES = (
    Route("GET", "/v1/controller/version", version),
    Route("GET", "/v1/controller/properties", controller_properties),
    Route("POST", "/v1/controller/properties", modify_controller),
    Route("DELETE", "/v1/controller/properties/<path:key>", delete_controller_property),
    Route("GET", "/v1/error-reports", error_reports),
    Route("GET", "/v1/error-reports/<report>", error_report),
    Route("GET", "/v1/nodes", nodes),
    Route("GET", "/v1/nodes/<node>", node),
    Route("PUT", "/v1/nodes/<node>/evacuate", evacuate, "1.12"),
    Route("PUT", "/v1/nodes/<node>/restore", restore_node),
    Route("GET", "/v1/nodes/<node>/storage-pools", node_storage_pools),
    Route("GET", "/v1/nodes/<node>/storage-pools/<pool>", node_storage_pool),
    Route("GET", "/v1/view/storage-pools", storage_pools),
    Route("GET", "/v1/storage-pool-definitions", storage_pool_definitions),
    Route("GET", "/v1/resource-groups", groups),
    Route("POST", "/v1/resource-groups", create_group),
    Route("GET", RG, group),
    Route("PUT", RG, modify_group),
    Route("DELETE", RG, delete_group),
    Route("GET", RG + "/volume-groups", volume_groups),
    Route("POST", RG + "/volume-groups", create_volume_group),
    Route("POST", RG + "/adjust", adjust_group, "1.10"),
    Route("POST", RG + "/spawn", spawn),
    Route("POST", RG + "/query-size-info", query_size_info, "1.17", report=True),
    Route("POST", "/v1/queries/resource-groups/query-all-size-info", query_all_size_info, "1.19", report=True),
    Route("GET", RG + "/query-max-volume-size", query_max_volume_size),
    Route("OPTIONS", "/v1/query-max-volume-size", query_any_max_volume_size),
    Route("GET", KVS, key_values),
    Route("GET", KVS + "/<store>", key_value),
    Route("PUT", KVS + "/<store>", modify_key_value),
    Route("DELETE", KVS + "/<store>", delete_key_value),
)
