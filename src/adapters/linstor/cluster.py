"""The Cluster port over LINSTOR's REST interface, put together from its parts."""

from __future__ import annotations

from adapters.linstor.cluster_attachments import ClusterAttachments
from adapters.linstor.cluster_copies import ClusterCopies
from adapters.linstor.cluster_snapshots import ClusterSnapshots
from adapters.linstor.cluster_space import ClusterSpace
from adapters.linstor.cluster_volumes import ClusterVolumes


class RestCluster(ClusterVolumes, ClusterCopies, ClusterAttachments, ClusterSnapshots, ClusterSpace):
    """One LINSTOR. Made by :class:`adapters.linstor.clusters.RestClusters`; serves several threads at once."""
