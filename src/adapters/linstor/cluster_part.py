"""What all parts of the Cluster port share: the controller, the nodes, and the marks of single requests."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from adapters.linstor.codes import Code
from adapters.linstor.controller import Controller, Query, path_of
from adapters.linstor.nodes import Nodes
from adapters.linstor.reading import MARKS, REQUEST, Json, object_of
from adapters.linstor.replies import Replies, entries_of
from domain.errors import ControllerFailed, DriverError, UnknownHostNode
from domain.names import HostName, VolumeName
from domain.settings import StorageSettings

NAMES_IN_ONE_REQUEST = 50
"""Keeps a request line well below the 8 KiB that servers accept."""


class ClusterPart:
    """Base of the parts. One object serves any number of threads."""

    def __init__(self, controller: Controller, settings: StorageSettings) -> None:
        self._controller = controller
        self._limits = settings.limits
        self._nodes = Nodes(settings.nodes, self._node_names)

    def _node_names(self) -> list[str]:
        found = self._listed("list the nodes", path_of("nodes"), ())
        return [str(node.get("name", "")) for node in found]

    def _listed(self, doing: str, path: str, query: Query) -> Sequence[Json]:
        """The objects of a list. Raises ControllerFailed where the answer is none."""
        found = self._controller.read(doing, path, query)
        if not isinstance(found, list):
            raise ControllerFailed(doing, "the answer is not the list that LINSTOR gives")
        return entries_of(found)

    def _found_by_name(
        self, doing: str, path: str, key: str, volumes: Collection[VolumeName], query: Query = ()
    ) -> Iterator[tuple[VolumeName, Json]]:
        """Objects of a list filtered by names, each with the name asked for: LINSTOR ignores case."""
        asked = {volume.lower(): volume for volume in volumes}
        names = list(asked.values())
        for start in range(0, len(names), NAMES_IN_ONE_REQUEST):
            filters = [(key, name) for name in names[start : start + NAMES_IN_ONE_REQUEST]]
            for found in self._listed(doing, path, [*filters, *query]):
                name = str(found.get("name", "")).lower()
                if name in asked:
                    yield asked[name], found

    def _raw_definition(self, volume: VolumeName) -> Json | None:
        """The definition as LINSTOR gives it, None when there is none."""
        query = [("with_volume_definitions", "true")]
        path = path_of("resource-definitions")
        found = self._found_by_name(f"look up volume {volume}", path, "resource_definitions", [volume], query)
        return next((each for _, each in found), None)

    def _on_node(self, host: HostName, request: Callable[[str], Replies]) -> Replies:
        """The replies to a request about the node of *host*; a name that LINSTOR does not know is looked up once.

        Raises UnknownHostNode.
        """
        node = self._nodes.node(host)
        replies = request(node)
        if not replies.failed_with(Code.UNKNOWN_NODE):
            return replies
        found = self._nodes.find(host)
        if found is None or found == node:
            raise UnknownHostNode(host)
        return request(found)

    def _change_properties(self, doing: str, path: str, put: Mapping[str, str], drop: Collection[str]) -> Replies:
        """The replies to a change of properties. Doing it twice is the same as once."""
        body: dict[str, Any] = {}
        if put:
            body["override_props"] = dict(put)
        if drop:
            body["delete_props"] = sorted(drop)
        return self._controller.change(doing, "PUT", path, body)

    def _delete_quietly(self, volume: VolumeName) -> None:
        """Take back a definition that this very call made; the error that led here is the one to tell."""
        with suppress(DriverError):
            self._controller.change(
                f"remove what is left of volume {volume}", "DELETE", path_of("resource-definitions", volume)
            )

    def _take_back(self, replies: Replies, volume: VolumeName, request: str) -> None:
        """Remove what a controller made of which it then said no word (a proxy answers so, too)."""
        if not replies.failed_with(Code.UNKNOWN_ERROR, Code.IMPLEMENTATION_ERROR):
            return
        with suppress(DriverError):
            if self._made_by(volume, request):
                self._delete_quietly(volume)

    def _made_by(self, volume: VolumeName, request: str) -> bool:
        """Whether the definition carries the mark of *request*, so that a lost reply was a success."""
        found = self._raw_definition(volume)
        return found is not None and carries(object_of(found, "props"), request)


def new_request() -> str:
    """A mark that no other request has."""
    return os.urandom(8).hex()


def carries(props: Json, request: str) -> bool:
    """Whether properties carry the mark of *request*."""
    return props.get(f"{MARKS}{REQUEST}") == request
