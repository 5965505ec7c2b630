"""One wrapper around any port: every call passes through a function that may count, refuse, delay or die."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.ports import Cluster, Clusters
from domain.settings import StorageSettings

Around = Callable[[str, str, Callable[[], Any]], Any]
"""Gets port name, method name and the call itself; gives what the rule sees."""


class WrappedPort:
    """A port whose every method goes through *around*."""

    def __init__(self, name: str, port: Any, around: Around) -> None:
        self._name, self._port, self._around = name, port, around

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._port, method)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return self._around(self._name, method, lambda: call(*args, **kwargs))

        return wrapped


class WrappedClusters:
    """Port Clusters that wraps each cluster once."""

    def __init__(self, clusters: Clusters, wrap: Callable[[str, Any], Any]) -> None:
        self._clusters, self._wrap = clusters, wrap
        self._wrapped: dict[int, Any] = {}

    def of(self, settings: StorageSettings) -> Cluster:
        """The wrapped cluster of *settings*; the same object for the same controllers."""
        cluster = self._clusters.of(settings)
        if id(cluster) not in self._wrapped:
            self._wrapped[id(cluster)] = self._wrap("cluster", cluster)
        wrapped: Cluster = self._wrapped[id(cluster)]
        return wrapped
