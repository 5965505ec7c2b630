"""LINSTOR, read with five requests however large it is (linstor.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.linstor.access import access_of
from adapters.linstor.controller import Controller
from adapters.linstor.endpoints import Controllers
from adapters.linstor.replies import entries_of
from domain.errors import AccessDenied, DriverError
from domain.settings import StorageSettings
from entrypoints.onelinstor.doctor.reading import CannotAsk, Group, LinstorFacts, Node, Pool

VERSION = "/v1/controller/version"
START = "start linstor-controller, or correct LINSTOR_CONTROLLERS of the datastores"
CREDENTIALS = (
    "correct LINSTOR_USER and LINSTOR_PASSWORD, or LINSTOR_TOKEN, of the datastores; they are sent over https only"
)


class Reached:
    """Port LinstorReader over REST."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def facts(self, settings: StorageSettings) -> LinstorFacts:
        """See the port."""
        try:
            return self._read(self._controller(settings, settings.controllers), settings)
        except AccessDenied as error:
            raise CannotAsk(error.tell(), CREDENTIALS) from error
        except DriverError as error:
            raise CannotAsk(error.tell(), START) from error

    def _controller(self, settings: StorageSettings, addresses: Sequence[str]) -> Controller:
        return Controller(Controllers(addresses), access_of(settings, self._environment), settings.limits)

    def _read(self, controller: Controller, settings: StorageSettings) -> LinstorFacts:
        version = controller.read("read its version", VERSION)
        pools = controller.read("list the storage pools", "/v1/view/storage-pools", [("cached", "true")])
        return LinstorFacts(
            version=str(version.get("version", "")),
            controllers={each: self._tried(settings, each) for each in settings.controllers},
            props=dict(controller.read("read its properties", "/v1/controller/properties")),
            nodes=tuple(map(_node, entries_of(controller.read("list the nodes", "/v1/nodes")))),
            pools=tuple(map(_pool, entries_of(pools))),
            groups=tuple(map(_group, entries_of(controller.read("list the groups", "/v1/resource-groups")))),
        )

    def _tried(self, settings: StorageSettings, address: str) -> str:
        """Why that controller does not answer; the only one of a LINSTOR just did."""
        if len(settings.controllers) == 1:
            return ""
        try:
            self._controller(settings, [address]).read("read its version", VERSION)
        except DriverError as error:
            return error.tell()
        return ""


def _node(found: Mapping[str, Any]) -> Node:
    lacks = {str(layer): "; ".join(map(str, why)) for layer, why in (found.get("unsupported_layers") or {}).items()}
    return Node(
        name=str(found.get("name", "")),
        kind=str(found.get("type", "")).upper(),
        status=str(found.get("connection_status", "UNKNOWN")),
        flags=tuple(found.get("flags") or ()),
        layers=tuple(found.get("resource_layers") or ()),
        lacks=lacks,
    )


def _pool(found: Mapping[str, Any]) -> Pool:
    return Pool(
        name=str(found.get("storage_pool_name", "")),
        node=str(found.get("node_name", "")),
        provider=str(found.get("provider_kind", "")),
        snapshots=bool(found.get("supports_snapshots")),
        free_kib=found.get("free_capacity"),
        total_kib=found.get("total_capacity"),
        errors=tuple(str(each.get("message", "")) for each in entries_of(found.get("reports"))),
    )


def _group(found: Mapping[str, Any]) -> Group:
    chosen = found.get("select_filter") or {}
    pools = chosen.get("storage_pool_list") or [each for each in [chosen.get("storage_pool")] if each]
    return Group(
        name=str(found.get("name", "")),
        place_count=int(chosen.get("place_count") or 2),
        pools=tuple(pools),
        layers=tuple(str(each).upper() for each in chosen.get("layer_stack") or ()),
        nodes=tuple(chosen.get("node_name_list") or ()),
        props=dict(found.get("props") or {}),
    )
