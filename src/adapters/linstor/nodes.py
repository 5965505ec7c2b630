"""OpenNebula's host names and LINSTOR's node names: mapped by the datastore, equal, or found once (linstor.md 1.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from domain.names import HostName, same_host


class Nodes:
    """Translates in both directions. *listed* gives the names of all nodes; it is called at most once."""

    def __init__(self, mapped: Mapping[HostName, str], listed: Callable[[], Iterable[str]]) -> None:
        self._mapped = {host.lower(): node for host, node in mapped.items()}
        self._hosts = {node.lower(): host for host, node in mapped.items()}
        self._listed = listed
        self._seen: set[str] = set()
        self._known: tuple[str, ...] | None = None

    def node(self, host: str) -> str:
        """The node of *host*, as far as it is known without asking."""
        return self._mapped.get(host.lower(), host)

    def host(self, node: str) -> HostName:
        """The host of *node*, a name that LINSTOR has told."""
        self._seen.add(node.lower())
        return self._hosts.get(node.lower(), HostName(node))

    def sure(self, node: str) -> bool:
        """Whether LINSTOR itself has named *node*."""
        return node.lower() in self._seen

    def find(self, host: str) -> str | None:
        """The node that LINSTOR really has for *host*: equal but for case, or its short or long form. None: none."""
        wanted = self.node(host)
        if self._known is None:
            self._known = tuple(self._listed())
        exact = [node for node in self._known if node.lower() == wanted.lower()]
        found = exact or [node for node in self._known if same_host(node, wanted)]
        if len(found) != 1:
            return None
        self._mapped[host.lower()] = found[0]
        return found[0]
