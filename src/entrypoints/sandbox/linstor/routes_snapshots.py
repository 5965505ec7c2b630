"""Snapshots: take, list, delete, restore, roll back (linstor.md 2.11)."""

from __future__ import annotations

from entrypoints.sandbox.linstor import members, shapes
from entrypoints.sandbox.linstor.exchange import RD, Answer, Call, Route, listed, said
from entrypoints.sandbox.linstor.requests import text_map

ONE = RD + "/snapshots/<snap>"


def view_snapshots(call: Call) -> Answer:
    """GET view/snapshots, filtered by resource and node."""
    wanted = call.wanted("nodes")
    found = [
        shapes.snapshot(owner, each)
        for owner in call.model.definitions.names(call.names("resources"))
        for each in owner.snapshots.values()
        if any(wanted(node) for node in each.parts)
    ]
    return Answer(call.page(found))


def snapshots(call: Call) -> Answer:
    """GET resource-definitions/R/snapshots."""
    owner = call.model.definitions.find(call.path["rd"])
    return Answer([shapes.snapshot(owner, each) for each in owner.snapshots.values()])


def snapshot(call: Call) -> Answer:
    """GET resource-definitions/R/snapshots/S."""
    owner, each = call.model.snapshots.seen(call.path["rd"], call.path["snap"])
    return Answer(shapes.snapshot(owner, each))


def create_snapshot(call: Call) -> Answer:
    """POST resource-definitions/R/snapshots."""
    given = call.members(members.SNAPSHOT)
    done = call.model.snapshots.create(
        call.path["rd"],
        str(given.get("name", "")),
        text_map(given.get("snapshot_definition_props")),
        listed(given.get("nodes"), "nodes"),
    )
    return said(done, 201)


def create_snapshots(call: Call) -> Answer:
    """POST actions/snapshot/multi."""
    given = call.members(members.SNAPSHOTS).get("snapshots", [])
    wanted = [(str(each.get("resource_name", "")), str(each.get("name", ""))) for each in given]
    return said(call.model.snapshots.create_multi(wanted), 201)


def modify_snapshot(call: Call) -> Answer:
    """PUT resource-definitions/R/snapshots/S."""
    given = call.members(members.PROPERTIES)
    put, drop = text_map(given.get("override_props")), listed(given.get("delete_props"), "delete_props")
    return said(call.model.snapshots.modify(call.path["rd"], call.path["snap"], put, drop))


def delete_snapshot(call: Call) -> Answer:
    """DELETE resource-definitions/R/snapshots/S, everywhere or on the nodes named."""
    return said(call.model.snapshots.delete(call.path["rd"], call.path["snap"], call.names("nodes")))


def restore_volumes(call: Call) -> Answer:
    """POST .../snapshot-restore-volume-definition/S."""
    target = str(call.members(members.RESTORE).get("to_resource", ""))
    return said(call.model.snapshots.restore_volumes(call.path["rd"], call.path["snap"], target))


def restore_resources(call: Call) -> Answer:
    """POST .../snapshot-restore-resource/S."""
    given = call.members(members.RESTORE)
    target, nodes = str(given.get("to_resource", "")), listed(given.get("nodes"), "nodes")
    return said(call.model.snapshots.restore_resources(call.path["rd"], call.path["snap"], target, nodes))


def roll_back(call: Call) -> Answer:
    """POST .../snapshot-rollback/S."""
    call.members(members.ROLLBACK, optional=True)
    return said(call.model.snapshots.roll_back(call.path["rd"], call.path["snap"]))


ROUTES = (
    Route("GET", "/v1/view/snapshots", view_snapshots, "1.1"),
    Route("POST", "/v1/actions/snapshot/multi", create_snapshots, "1.18"),
    Route("GET", RD + "/snapshots", snapshots),
    Route("POST", RD + "/snapshots", create_snapshot),
    Route("GET", ONE, snapshot),
    Route("PUT", ONE, modify_snapshot, "1.26"),
    Route("DELETE", ONE, delete_snapshot),
    Route("POST", RD + "/snapshot-restore-volume-definition/<snap>", restore_volumes),
    Route("POST", RD + "/snapshot-restore-resource/<snap>", restore_resources),
    Route("POST", RD + "/snapshot-rollback/<snap>", roll_back),
)
