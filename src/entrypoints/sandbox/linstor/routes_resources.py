"""Resources and the connections between them (linstor.md 2.5-2.9, 2.13)."""

from __future__ import annotations

from typing import Any

from entrypoints.sandbox.linstor import members, shapes, views
from entrypoints.sandbox.linstor.exchange import RD, Answer, Call, Route, listed, said
from entrypoints.sandbox.linstor.requests import text_map, truth

ONE = RD + "/resources/<node>"
PAIR = RD + "/resource-connections/<a>/<b>"


def view_resources(call: Call) -> Answer:
    """GET view/resources; an unknown node is 404, an unknown resource is an empty list."""
    for name in call.names("nodes"):
        call.model.state.node(name, 0)
    owners = call.model.definitions.names(call.names("resources"))
    found = views.resources(call.model, owners, call.wanted("nodes"), call.wanted("storage_pools"))
    for wanted in call.names("props"):
        key, equals, value = wanted.partition("=")
        found = [each for each in found if key in each["props"] and (not equals or each["props"][key] == value)]
    return Answer(call.page(found))


def resources(call: Call) -> Answer:
    """GET resource-definitions/R/resources."""
    owner = call.model.state.definition(call.path["rd"], 0)
    return Answer([views.ResourceView(call.model, owner, each).plain() for each in owner.resources.values()])


def resource(call: Call) -> Answer:
    """GET resource-definitions/R/resources/N."""
    owner, each = call.model.resources.find(call.path["rd"], call.path["node"], 0)
    return Answer(views.ResourceView(call.model, owner, each).plain())


def volumes(call: Call) -> Answer:
    """GET resource-definitions/R/resources/N/volumes."""
    owner, each = call.model.resources.find(call.path["rd"], call.path["node"], 0)
    return Answer(views.ResourceView(call.model, owner, each).volumes())


def volume(call: Call) -> Answer:
    """GET resource-definitions/R/resources/N/volumes/V."""
    owner, each = call.model.resources.find(call.path["rd"], call.path["node"], 0)
    found, _ = call.model.volumes.find(owner.name, call.volume_number(), 0)
    shown = views.ResourceView(call.model, found, each).volumes()
    return Answer(next(one for one in shown if one["volume_number"] == call.volume_number()))


def create_resources(call: Call) -> Answer:
    """POST resource-definitions/R/resources, a list; or .../N, one."""
    done: list[Any] = []
    for given in call.several(members.RESOURCE_NEW):
        inner = given.get("resource", {})
        on = call.path.get("node") or str(inner.get("node_name", ""))
        pool = text_map(inner.get("props")).get("StorPoolName") or ""
        done += call.model.resources.create(call.path["rd"], on, set(listed(inner.get("flags"), "flags")), pool)
    return said(done, 201)


def modify_resource(call: Call) -> Answer:
    """PUT resource-definitions/R/resources/N."""
    given = call.members(members.PROPERTIES)
    put, drop = text_map(given.get("override_props")), listed(given.get("delete_props"), "delete_props")
    return said(call.model.resources.modify(call.path["rd"], call.path["node"], put, drop))


def delete_resource(call: Call) -> Answer:
    """DELETE resource-definitions/R/resources/N; older servers ignore the parameter."""
    keep = truth(call.one("keep_tiebreaker")) and call.knows("1.23")
    return said(call.model.resources.delete(call.path["rd"], call.path["node"], keep_tiebreaker=keep))


def make_available(call: Call) -> Answer:
    """POST .../resources/N/make-available; an empty body is an error."""
    given = call.members(members.MAKE_AVAILABLE)
    layers = listed(given.get("layer_list"), "layer_list")
    diskful = truth(given.get("diskful"))
    return said(call.model.resources.make_available(call.path["rd"], call.path["node"], diskful=diskful, layers=layers))


def activate(call: Call) -> Answer:
    """POST .../resources/N/activate."""
    return said(call.model.resources.activate(call.path["rd"], call.path["node"]))


def deactivate(call: Call) -> Answer:
    """POST .../resources/N/deactivate."""
    return said(call.model.resources.deactivate(call.path["rd"], call.path["node"]))


def to_diskless(call: Call) -> Answer:
    """PUT .../resources/N/toggle-disk/diskless."""
    return said(call.model.resources.toggle(call.path["rd"], call.path["node"], to_diskless=True))


def to_diskful(call: Call) -> Answer:
    """PUT .../resources/N/toggle-disk/diskful[/POOL]."""
    pool = call.path.get("pool", "")
    return said(call.model.resources.toggle(call.path["rd"], call.path["node"], to_diskless=False, pool=pool))


def autoplace(call: Call) -> Answer:
    """POST resource-definitions/R/autoplace."""
    given = call.members(members.AUTOPLACE, optional=True)
    wanted = dict(given.get("select_filter", {}))
    if "diskless_on_remaining" in given:
        wanted["diskless_on_remaining"] = truth(given["diskless_on_remaining"])
    return said(call.model.resources.autoplace(call.path["rd"], wanted), 201)


def connections(call: Call) -> Answer:
    """GET resource-definitions/R/resource-connections: every pair."""
    found = call.model.resources.connections(call.path["rd"])
    return Answer([shapes.connection(one, other, props) for one, other, props in found])


def connection(call: Call) -> Answer:
    """GET .../resource-connections/A/B."""
    one, other, props = call.model.resources.connection(call.path["rd"], call.path["a"], call.path["b"])
    return Answer(shapes.connection(one, other, props))


def modify_connection(call: Call) -> Answer:
    """PUT .../resource-connections/A/B."""
    given = call.members(members.PROPERTIES)
    put, drop = text_map(given.get("override_props")), listed(given.get("delete_props"), "delete_props")
    return said(call.model.resources.modify_connection(call.path["rd"], call.path["a"], call.path["b"], put, drop))


ROUTES = (
    Route("GET", "/v1/view/resources", view_resources),
    Route("GET", RD + "/resources", resources),
    Route("POST", RD + "/resources", create_resources),
    Route("GET", ONE, resource),
    Route("POST", ONE, create_resources),
    Route("PUT", ONE, modify_resource),
    Route("DELETE", ONE, delete_resource),
    Route("GET", ONE + "/volumes", volumes),
    Route("GET", ONE + "/volumes/<vlm>", volume),
    Route("POST", ONE + "/make-available", make_available, "1.7"),
    Route("POST", ONE + "/activate", activate, "1.7"),
    Route("POST", ONE + "/deactivate", deactivate, "1.7"),
    Route("PUT", ONE + "/toggle-disk/diskless", to_diskless),
    Route("PUT", ONE + "/toggle-disk/diskful", to_diskful),
    Route("PUT", ONE + "/toggle-disk/diskful/<pool>", to_diskful),
    Route("POST", RD + "/autoplace", autoplace),
    Route("GET", RD + "/resource-connections", connections),
    Route("GET", PAIR, connection),
    Route("PUT", PAIR, modify_connection),
)
