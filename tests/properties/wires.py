"""LINSTOR behind HTTP and oned behind XML-RPC, and the real adapters that talk to them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from adapters.linstor.clusters import RestClusters
from adapters.memory.linstor import LinstorModel
from adapters.opennebula.oned import XmlRpcOned
from domain.ports import Cluster
from domain.settings import Limits, StorageSettings
from entrypoints.sandbox.linstor import serve
from entrypoints.sandbox.oned import SimulatedOned


class Wires:
    """Both servers, until :meth:`close`. *cluster* and *oned* are the ports over them."""

    def __init__(self, model: LinstorModel, directory: Path) -> None:
        self._stack = ExitStack()
        self.server = self._stack.enter_context(serve(model))
        self.told = SimulatedOned()
        self._stack.callback(self.told.close)
        auth = directory / "auth"
        auth.write_text(self.told.session, encoding="utf-8")
        self.oned = XmlRpcOned({"ONE_XMLRPC": self.told.url, "ONE_AUTH": str(auth)})
        settings = StorageSettings(datastore_id=1, controllers=(self.server.url,), limits=Limits())
        self.cluster: Cluster = RestClusters({}).of(settings)

    def close(self) -> None:
        """Stop answering."""
        self._stack.close()
