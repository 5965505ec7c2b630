"""What all parts of the in-memory Cluster port share: the model, and the names of its nodes."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.memory.linstor import LinstorModel
from domain.names import HostName, same_host


class ClusterPart:
    """Base of the parts. *nodes* maps OpenNebula's host names to nodes, as a datastore's LINSTOR_NODE_MAP does."""

    def __init__(self, model: LinstorModel, nodes: Mapping[HostName, str] | None = None) -> None:
        self._model = model
        self._state = model.state
        self._mapped = dict(nodes or {})

    def _node(self, host: HostName) -> str | None:
        """The node of *host*: mapped, equal but for case, or its short or long form."""
        wanted = self._mapped.get(host, host)
        exact = self._state.node_name(wanted)
        found = [exact] if exact else [node for node in self._state.nodes if same_host(node, wanted)]
        return found[0] if len(found) == 1 else None

    def _host(self, node: str) -> HostName:
        """OpenNebula's name of a node."""
        return next((host for host, mapped in self._mapped.items() if mapped == node), HostName(node))
