"""Volumes on the hosts of the model, as the Cluster port has them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from adapters.memory import cluster_refusals as refusals
from adapters.memory.cluster_part import ClusterPart
from adapters.memory.cluster_refusals import about, adjusted, carried_out
from adapters.memory.cluster_seen import HALF_WRITTEN, TWO_WRITERS
from adapters.memory.linstor.replies import Refused, Reply
from domain.errors import (
    NoPlacement,
    NotPossible,
    StillTwoWriters,
    UnknownHostNode,
    UnknownVolume,
    VolumeInUse,
)
from domain.names import HostName, VolumeName

Pair = tuple[HostName, HostName]


class MemoryAttachments(ClusterPart):
    """The part of the Cluster port that is about volumes on hosts."""

    def attach(self, volume: VolumeName, host: HostName, *, replica: bool = False) -> None:
        """See the port."""
        if self._state.find(volume) is None:
            raise UnknownVolume(volume)
        node = self._known_node(host)
        carried_out(
            f"attach volume {volume} to host {host}",
            lambda: self._model.resources.make_available(volume, node, diskful=replica),
            about(volume, {NoPlacement: refusals.NO_PLACE, NotPossible: refusals.NOT_BUILT_FOR}),
        )

    def _known_node(self, host: HostName) -> str:
        """The node of *host*. Raises UnknownHostNode."""
        node = self._node(host)
        if node is None:
            raise UnknownHostNode(host)
        return node

    def detach(self, volume: VolumeName, host: HostName) -> None:
        """See the port."""
        node = self._node(host) or host
        carried_out(
            f"detach volume {volume} from host {host}",
            lambda: self._model.resources.delete(volume, node, keep_tiebreaker=True),
            about(volume, {VolumeInUse: refusals.IN_USE}),
        )

    def allow_two_writers(self, volume: VolumeName, pair: Pair | None) -> None:
        """See the port."""
        carried_out(
            f"let two hosts write volume {volume}",
            self._change(volume, pair, {TWO_WRITERS: "yes"}, []),
            about(volume, {UnknownVolume: refusals.NO_VOLUME}),
        )

    def forbid_two_writers(self, volume: VolumeName, pair: Pair | None) -> bool:
        """See the port."""
        if pair is not None and self._end_gone(volume, pair):
            return False
        refused = {**about(volume, {UnknownVolume: refusals.NO_VOLUME, StillTwoWriters: refusals.INTERNAL})}
        change = self._change(volume, pair, {}, [TWO_WRITERS])
        return adjusted(carried_out(f"let one host write volume {volume}", change, refused))

    def mark_half_written(self, volume: VolumeName, hosts: Collection[HostName], *, half: bool) -> None:
        """See the port."""
        put, drop = ({HALF_WRITTEN: "yes"}, ()) if half else ({}, (HALF_WRITTEN,))
        for host in hosts:
            node = self._known_node(host)
            carried_out(
                f"mark volume {volume} as {'half written' if half else 'whole'}",
                partial(self._model.resources.modify, volume, node, put, drop),
                about(volume, {UnknownVolume: refusals.NO_VOLUME}),
            )

    def _change(
        self, volume: VolumeName, pair: Pair | None, put: dict[str, str], drop: list[str]
    ) -> Callable[[], list[Reply]]:
        """A change of the definition's properties, or of those between *pair*. Raises UnknownHostNode."""
        if pair is None:
            return lambda: self._model.definitions.modify(volume, put, drop)
        one, other = (self._known_node(host) for host in pair)
        return lambda: self._model.resources.modify_connection(volume, one, other, put, drop)

    def _end_gone(self, volume: VolumeName, pair: Pair) -> bool:
        one, other = (self._known_node(host) for host in pair)
        try:
            self._model.resources.connection(volume, one, other)
        except Refused:
            return True
        return False
