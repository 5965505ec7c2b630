"""Data near the VM: after a move the new host gets a replica of its own, where the datastore wants that."""

from __future__ import annotations

from contextlib import suppress

from domain.errors import NoPlacement, NotPossible
from domain.names import HostName, VolumeName
from domain.storage import Storage
from domain.volumes import Role, on_host


def bring_near(storage: Storage, volume: VolumeName, host: HostName) -> None:
    """Turn the attachment on *host* into a replica; LINSTOR copies the data while the VM runs.

    Without LINSTOR_PREFER_LOCAL, and on a host without a fitting pool, it stays an attachment.
    """
    if not storage.settings.prefer_local:
        return
    here = on_host(storage.cluster.deployments([volume])[volume], host)
    if here is not None and here.role is Role.ATTACHMENT:
        with suppress(NoPlacement, NotPossible):
            storage.cluster.attach(volume, host, replica=True)
