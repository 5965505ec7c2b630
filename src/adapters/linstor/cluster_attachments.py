"""Attachments and writers over REST (linstor.md 2.6, 2.7, 2.8, 2.18)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from adapters.linstor.cluster_part import ClusterPart
from adapters.linstor.codes import Code, Kind
from adapters.linstor.controller import path_of
from adapters.linstor.meanings import NO_PLACE, NOT_BUILT_FOR
from adapters.linstor.reading import HALF_WRITTEN, TWO_WRITERS
from adapters.linstor.replies import Replies, about_volume
from domain.errors import NoPlacement, NotPossible, StillTwoWriters, UnknownVolume, VolumeInUse
from domain.names import HostName, VolumeName

Pair = tuple[HostName, HostName]

_END_GONE = (Code.UNKNOWN_CONNECTION, Code.UNKNOWN_RESOURCE, Code.UNKNOWN_DEFINITION, Code.UNKNOWN_NODE)


class ClusterAttachments(ClusterPart):
    """The part of the Cluster port that is about volumes on hosts."""

    def attach(self, volume: VolumeName, host: HostName, *, replica: bool = False) -> None:
        """See the port."""
        doing = f"attach volume {volume} to host {host}"

        def request(node: str) -> Replies:
            path = path_of("resource-definitions", volume, "resources", node, "make-available")
            return self._controller.change(doing, "POST", path, {"diskful": replica})

        codes = {UnknownVolume: [Code.UNKNOWN_DEFINITION], NoPlacement: NO_PLACE, NotPossible: NOT_BUILT_FOR}
        self._on_node(host, request).check(doing, about_volume(volume, codes))

    def detach(self, volume: VolumeName, host: HostName) -> None:
        """See the port."""
        doing = f"detach volume {volume} from host {host}"
        node = self._nodes.node(host)
        replies = self._delete_resource(doing, volume, node)
        if replies.has(Kind.WARNING, Code.NOT_FOUND) and not self._nodes.sure(node):
            found = self._nodes.find(host)
            if found is not None and found != node:
                replies = self._delete_resource(doing, volume, found)
        replies.check(doing, about_volume(volume, {VolumeInUse: [Code.IN_USE]}))

    def _delete_resource(self, doing: str, volume: VolumeName, node: str) -> Replies:
        """Older servers ignore the parameter that keeps the witness (linstor.md 2.7)."""
        path = path_of("resource-definitions", volume, "resources", node)
        return self._controller.change(doing, "DELETE", path, query=[("keep_tiebreaker", "true")])

    def allow_two_writers(self, volume: VolumeName, pair: Pair | None) -> None:
        """See the port."""
        doing = f"let two hosts write volume {volume}"
        replies = self._at_both(
            volume, pair, lambda path: self._change_properties(doing, path, {TWO_WRITERS: "yes"}, ())
        )
        replies.check(doing, about_volume(volume, {UnknownVolume: [Code.UNKNOWN_DEFINITION]}))

    def forbid_two_writers(self, volume: VolumeName, pair: Pair | None) -> bool:
        """See the port. A refusal by the kernel comes after LINSTOR has done its own part (linstor.md 2.18)."""
        doing = f"let one host write volume {volume}"
        replies = self._at_both(volume, pair, lambda path: self._change_properties(doing, path, {}, [TWO_WRITERS]))
        if replies.failed_with(Code.UNKNOWN_ERROR) and replies.begun:
            raise StillTwoWriters(volume, replies.error.said if replies.error else "")
        if pair is not None and replies.error is not None and self._end_gone(volume, pair, replies):
            return False
        replies.check(doing, about_volume(volume, {UnknownVolume: [Code.UNKNOWN_DEFINITION]}))
        return replies.adjusted

    def mark_half_written(self, volume: VolumeName, hosts: Collection[HostName], *, half: bool) -> None:
        """See the port."""
        doing = f"mark volume {volume} as {'half written' if half else 'whole'}"
        put, drop = ({HALF_WRITTEN: "yes"}, ()) if half else ({}, (HALF_WRITTEN,))
        for host in hosts:

            def request(node: str) -> Replies:
                path = path_of("resource-definitions", volume, "resources", node)
                return self._change_properties(doing, path, put, drop)

            gone = about_volume(volume, {UnknownVolume: [Code.UNKNOWN_DEFINITION, Code.UNKNOWN_RESOURCE]})
            self._on_node(host, request).check(doing, gone)

    def _at_both(self, volume: VolumeName, pair: Pair | None, request: Callable[[str], Replies]) -> Replies:
        """The replies to a request about the connection of *pair*, None: about the definition."""
        if pair is None:
            return request(path_of("resource-definitions", volume))
        one, other = pair
        return self._on_node(one, lambda a: self._on_node(other, lambda b: request(_connection(volume, a, b))))

    def _end_gone(self, volume: VolumeName, pair: Pair, replies: Replies) -> bool:
        """Whether one of *pair* has the volume no more; changing such a connection is an internal error (2.8)."""
        if replies.failed_with(*_END_GONE):
            return True
        return replies.failed_with(Code.UNKNOWN_ERROR, Code.IMPLEMENTATION_ERROR) and not self._connected(volume, pair)

    def _connected(self, volume: VolumeName, pair: Pair) -> bool:
        nodes = {self._nodes.node(host).lower() for host in pair}
        path = path_of("resource-definitions", volume, "resources")
        found = self._listed(f"look up the hosts of volume {volume}", path, ())
        return nodes <= {str(each.get("node_name", "")).lower() for each in found}


def _connection(volume: VolumeName, one: str, other: str) -> str:
    return path_of("resource-definitions", volume, "resource-connections", one, other)
