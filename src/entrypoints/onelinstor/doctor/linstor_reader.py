"""LINSTOR, read with five requests however large it is (linstor.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.linstor.access import access_of
from adapters.linstor.controller import Controller
from adapters.linstor.endpoints import Controllers
from adapters.linstor.reading import known_number, known_truth, list_of, number_of, object_of, word_of, words_of
from adapters.linstor.replies import entries_of
from domain.errors import AccessDenied, ControllerFailed, DriverError
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
        version = _object(controller, "read its version", VERSION)
        pools = controller.read("list the storage pools", "/v1/view/storage-pools", [("cached", "true")])
        return LinstorFacts(
            version=word_of(version, "version"),
            controllers={each: self._tried(settings, each) for each in settings.controllers},
            props=_texts(_object(controller, "read its properties", "/v1/controller/properties")),
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


def _object(controller: Controller, doing: str, path: str) -> Mapping[str, Any]:
    """The answer to a GET that is an object. Raises ControllerFailed."""
    found = controller.read(doing, path)
    if not isinstance(found, Mapping):
        raise ControllerFailed(doing, "the answer is not the object that LINSTOR gives")
    return found


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in found.items()}


def _node(found: Mapping[str, Any]) -> Node:
    lacks = object_of(found, "unsupported_layers")
    return Node(
        name=word_of(found, "name"),
        kind=word_of(found, "type").upper(),
        status=word_of(found, "connection_status") or "UNKNOWN",
        flags=tuple(words_of(found, "flags")),
        layers=tuple(words_of(found, "resource_layers")),
        lacks={layer: "; ".join(words_of(lacks, layer)) for layer in lacks},
    )


def _pool(found: Mapping[str, Any]) -> Pool:
    return Pool(
        name=word_of(found, "storage_pool_name"),
        node=word_of(found, "node_name"),
        provider=word_of(found, "provider_kind"),
        snapshots=bool(known_truth(found, "supports_snapshots")),
        free_kib=known_number(found, "free_capacity"),
        total_kib=known_number(found, "total_capacity"),
        errors=tuple(word_of(each, "message") for each in list_of(found, "reports")),
    )


def _group(found: Mapping[str, Any]) -> Group:
    chosen = object_of(found, "select_filter")
    return Group(
        name=word_of(found, "name"),
        place_count=number_of(chosen, "place_count") or 2,
        pools=tuple(words_of(chosen, "storage_pool_list") or filter(None, [word_of(chosen, "storage_pool")])),
        layers=tuple(each.upper() for each in words_of(chosen, "layer_stack")),
        nodes=tuple(words_of(chosen, "node_name_list")),
        props=_texts(object_of(found, "props")),
    )
