"""What backup datastores keep, told by their own drivers: `remotes/datastore/<driver>/ls` (opennebula.md 5.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from adapters.opennebula.front_end import OpenNebulaScripts
from adapters.opennebula.installation import Installation
from adapters.opennebula.oned import DECRYPTED
from adapters.opennebula.rpc import Rpc
from adapters.opennebula.xml import parse_datastore, parse_image
from domain.errors import BadOrder, OnedUnreachable, ScriptFailed


class OpenNebulaBackupStores:
    """Port BackupStores."""

    def __init__(self, installation: Installation, environment: Mapping[str, str]) -> None:
        self._rpc = Rpc(environment)
        self._scripts = OpenNebulaScripts(installation, environment)

    def files(self, vm_id: int, image_id: int, increment: int | None) -> Mapping[int, str]:
        """Disk id -> URL; what is kept besides disks is left out. Raises OnedUnreachable, OnedRefused, ScriptFailed."""
        vm = self._rpc.document("one.vm.info", vm_id)
        image = self._rpc.document("one.image.info", image_id)
        try:
            store = self._rpc.document("one.datastore.info", parse_image(image.encode()).datastore_id or 0, DECRYPTED)
            driver = parse_datastore(store.encode()).ds_mad
        except BadOrder as error:
            raise OnedUnreachable(f"one.image.info {image_id}: {error}") from error
        document = f"<DS_DRIVER_ACTION_DATA>{store}{vm}{image}</DS_DRIVER_ACTION_DATA>"
        wanted = ["-i", "-1" if increment is None else str(increment)]
        return _files(driver, self._scripts.run("datastore", driver, "ls", wanted, document.encode()))


def _files(driver: str, told: str) -> dict[int, str]:
    """The JSON object that `ls` prints. Raises ScriptFailed for anything else."""
    try:
        given = json.loads(told)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise ScriptFailed(f"datastore/{driver}/ls", f"it prints no list of disks: {told[:80]!r}")
    return {int(key): url for key, url in given.items() if key.isascii() and key.isdigit() and len(key) <= 9}
