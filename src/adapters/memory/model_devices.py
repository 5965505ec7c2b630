"""The devices of a LINSTOR model as programs on the hosts see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from adapters.memory.cluster import MemoryCluster
from adapters.memory.device_table import DeviceInfo
from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.devices import Handle
from domain.names import HostName, VolumeName, same_host
from domain.volumes import Deployment, on_host


class ModelDevices:
    """A DeviceTable over the model. *nodes* maps host names to nodes where they differ."""

    def __init__(self, model: LinstorModel, nodes: Mapping[HostName, str] | None = None) -> None:
        self._model = model
        self._nodes = dict(nodes or {})
        self._cluster = MemoryCluster(model, nodes)

    def paths(self, host: HostName) -> Mapping[str, DeviceInfo]:
        """Every device that is deployed on *host*, by its name and by its alias."""
        found: dict[str, DeviceInfo] = {}
        for here in self._deployed(host):
            device = str(here.device)
            is_open = bool(self._model.devices.openers(self._node(host), here.volume))
            info = DeviceInfo(here.size_kib * 1024, is_open, device)
            found |= {name: info for name in (device, str(here.alias or device))}
        return found

    def _deployed(self, host: HostName) -> Iterator[Deployment]:
        names = [VolumeName(name) for name in self._model.state.definitions]
        for seen in self._cluster.deployments(names).values():
            here = on_host(seen, host)
            if here is not None and here.device is not None:
                yield here

    def _node(self, host: HostName) -> str:
        """The node behind a host, under the name that the model knows."""
        wanted = self._nodes.get(host, host)
        return next((node for node in self._model.state.nodes if same_host(node, wanted)), wanted)

    def write(self, host: HostName, device: str, offset: int, data: bytes) -> None:
        """Open for writing, write, close. Raises OSError as DRBD refuses it."""
        with self._opened(host, device, write=True) as handle:
            handle.write_at(offset, data)

    def read(self, host: HostName, device: str, offset: int, length: int) -> bytes:
        """Open read-only, read, close. Raises OSError as DRBD refuses it."""
        with self._opened(host, device, write=False) as handle:
            return handle.read(offset, length)

    @contextmanager
    def _opened(self, host: HostName, device: str, *, write: bool) -> Iterator[Handle]:
        names = (here.volume for here in self._deployed(host) if device in (here.device, here.alias))
        volume = next(names, None)
        if volume is None:
            raise FileNotFoundError(f"{device}: no such device")
        handle = self._model.devices.open(self._node(host), volume, write=write, label="host")
        try:
            yield handle
        finally:
            handle.close()
