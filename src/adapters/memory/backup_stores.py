"""Port BackupStores in memory."""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import OnedRefused
from domain.ports import BackupStores

NO_SUCH_OBJECT = 0x0400


class MemoryBackupStores(BackupStores):
    """Knows the backups that a test put into it: image id -> disk id -> URLs, one for each increment."""

    def __init__(self) -> None:
        self.backups: dict[int, dict[int, list[str]]] = {}

    def files(self, vm_id: int, image_id: int, increment: int | None) -> Mapping[int, str]:
        """Disk id -> URL. Raises OnedRefused for a backup that nobody put in."""
        if image_id not in self.backups:
            raise OnedRefused(f"one.image.info {image_id}", f"Error getting image [{image_id}].", NO_SUCH_OBJECT)
        last = -1 if increment is None else increment
        return {disk: urls[last] for disk, urls in self.backups[image_id].items()}
