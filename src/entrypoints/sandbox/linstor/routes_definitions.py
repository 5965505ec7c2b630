"""Resource and volume definitions, clones (linstor.md 2.4, 2.10, 2.12)."""

from __future__ import annotations

from typing import Any

from adapters.memory.linstor import Refused
from entrypoints.sandbox.linstor import members, shapes
from entrypoints.sandbox.linstor.exchange import RD, Answer, Call, Route, listed, said
from entrypoints.sandbox.linstor.requests import number, text_map, truth

VD = RD + "/volume-definitions"


def definitions(call: Call) -> Answer:
    """GET resource-definitions, filtered by name and by property (`key` or `key=value`)."""
    found = call.model.definitions.names(call.names("resource_definitions"))
    for wanted in call.names("props"):
        key, equals, value = wanted.partition("=")
        found = [each for each in found if key in each.props and (not equals or each.props[key] == value)]
    volumes = truth(call.one("with_volume_definitions"))
    return Answer(call.page([shapes.definition(each, volumes=volumes) for each in found]))


def definition(call: Call) -> Answer:
    """GET resource-definitions/R."""
    return Answer(shapes.definition(call.model.definitions.find(call.path["rd"])))


def create_definition(call: Call) -> Answer:
    """POST resource-definitions."""
    inner = call.members(members.DEFINITION_NEW).get("resource_definition", {})
    created = call.model.definitions.create(
        str(inner.get("name", "")),
        str(inner.get("resource_group_name", "")),
        text_map(inner.get("props")),
        [str(each.get("type")) for each in inner.get("layer_data", [])],
        external_name=str(inner.get("external_name", "")),
    )
    return said(created, 201)


def modify_definition(call: Call) -> Answer:
    """PUT resource-definitions/R."""
    given = call.members(members.DEFINITION_CHANGE)
    changed = call.model.definitions.modify(
        call.path["rd"],
        text_map(given.get("override_props")),
        listed(given.get("delete_props"), "delete_props"),
        listed(given.get("delete_namespaces"), "delete_namespaces"),
        str(given.get("resource_group", "")),
    )
    return said(changed)


def delete_definition(call: Call) -> Answer:
    """DELETE resource-definitions/R."""
    return said(call.model.definitions.delete(call.path["rd"]))


def sync_status(call: Call) -> Answer:
    """GET resource-definitions/R/sync-status; weak as the real one: unknown counts as synced (linstor.md 2.4)."""
    each = call.model.definitions.find(call.path["rd"])
    return Answer({"synced_on_all": all(one.disk_state in ("", "UpToDate") for one in each.diskful())})


def volume_definitions(call: Call) -> Answer:
    """GET resource-definitions/R/volume-definitions."""
    owner = call.model.definitions.find(call.path["rd"])
    return Answer([shapes.volume_definition(owner, each) for each in owner.volumes.values()])


def volume_definition(call: Call) -> Answer:
    """GET resource-definitions/R/volume-definitions/N."""
    owner, each = call.model.volumes.find(call.path["rd"], call.volume_number(), 0)
    return Answer(shapes.volume_definition(owner, each))


def create_volume_definition(call: Call) -> Answer:
    """POST resource-definitions/R/volume-definitions; 200, not 201."""
    inner = call.members(members.VOLUME_DEFINITION_NEW).get("volume_definition", {})
    wanted = inner.get("volume_number")
    own = None if wanted is None else number(wanted, "volume_number")
    size, props = number(inner.get("size_kib", 0), "size_kib"), text_map(inner.get("props"))
    return said(call.model.volumes.create(call.path["rd"], size, own, props))


def modify_volume_definition(call: Call) -> Answer:
    """PUT resource-definitions/R/volume-definitions/N."""
    given = call.members(members.VOLUME_DEFINITION_CHANGE)
    name, own = call.path["rd"], call.volume_number()
    if "size_kib" in given:
        return said(call.model.volumes.resize(name, own, number(given["size_kib"], "size_kib")))
    drop = listed(given.get("delete_props"), "delete_props")
    return said(call.model.volumes.modify(name, own, text_map(given.get("override_props")), drop))


def delete_volume_definition(call: Call) -> Answer:
    """DELETE resource-definitions/R/volume-definitions/N."""
    return said(call.model.volumes.delete(call.path["rd"], call.volume_number()))


def clone(call: Call) -> Answer:
    """POST resource-definitions/R/clone: an object with `messages`; before 1.32.2 (REST 1.26) errors behind 201."""
    given = call.members(members.CLONE)
    source, name = call.path["rd"], str(given.get("name", ""))
    shown = name or "__invalid_name__"
    shape = {"location": f"/v1/resource-definitions/{source}/clone/{shown}", "source_name": source, "clone_name": shown}
    try:
        done = _start_clone(call, given, name)
    except Refused as refused:
        if refused.error.code == 301:
            raise
        status = 500 if call.knows("1.26") else 201
        return Answer(shape | {"messages": shapes.replies(refused.replies)}, status)
    return Answer(shape | {"messages": shapes.replies(done)}, 201)


def _start_clone(call: Call, given: dict[str, Any], name: str) -> Any:
    return call.model.clones.start(
        call.path["rd"],
        name,
        group=str(given.get("resource_group", "")),
        override=text_map(given.get("override_props")),
        delete=listed(given.get("delete_props"), "delete_props"),
        namespaces=listed(given.get("delete_namespaces"), "delete_namespaces"),
        layers=listed(given.get("layer_list"), "layer_list"),
    )


def clone_status(call: Call) -> Answer:
    """GET resource-definitions/R/clone/N; R is not looked at."""
    return Answer({"status": call.model.clones.asked_status(call.path["name"])})


ROUTES = (
    Route("GET", "/v1/resource-definitions", definitions),
    Route("POST", "/v1/resource-definitions", create_definition, parse_status=400, report=True),
    Route("GET", RD, definition),
    Route("PUT", RD, modify_definition, report=True),
    Route("DELETE", RD, delete_definition),
    Route("GET", RD + "/sync-status", sync_status, "1.13"),
    Route("GET", VD, volume_definitions),
    Route("POST", VD, create_volume_definition),
    Route("GET", VD + "/<vlm>", volume_definition),
    Route("PUT", VD + "/<vlm>", modify_volume_definition),
    Route("DELETE", VD + "/<vlm>", delete_volume_definition),
    Route("POST", RD + "/clone", clone, "1.10", parse_status=0),
    Route("GET", RD + "/clone/<name>", clone_status, "1.10"),
)
