"""The Cluster port in memory, over the model that also stands behind the simulated controller."""

from __future__ import annotations

from adapters.memory.cluster_attachments import MemoryAttachments
from adapters.memory.cluster_copies import MemoryCopies
from adapters.memory.cluster_volumes import MemoryVolumes


class MemoryCluster(MemoryVolumes, MemoryAttachments, MemoryCopies):
    """`MemoryCluster(model, nodes)`: one LINSTOR; *nodes* maps host names to node names where they differ."""
