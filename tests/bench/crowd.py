"""A system datastore with many VMs, whose sizes oned asks for."""

from __future__ import annotations

import base64

from tests.bench.goals import Goal
from tests.bench.measuring import Measured, add_volumes

from domain.names import DiskOf, VolumeName, copy_of_source
from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR, Cloud
from entrypoints.sandbox.documents import Record, VmDocument
from entrypoints.sandbox.world import Completed, Sandbox

VOLUMES, DISKS = 5000, 2
SOURCE = VolumeName("OpenNebula-Image-1")
MOST_REQUESTS = 2


def sizes_goal() -> Goal:
    """One request for the space, one for all sizes; every VM is told."""
    vms = VOLUMES // DISKS
    with Sandbox() as sandbox:
        ended = _monitored(sandbox, vms)
        told = _told(sandbox)
    requests = len(Measured.of(ended, 0).requests)
    name = f"requests of tm monitor with {VOLUMES:,} disks"
    wanted = f"<= {MOST_REQUESTS}, and {vms:,} VMs told"
    return Goal(name, wanted, f"{requests}, {told:,} VMs told", requests <= MOST_REQUESTS and told == vms)


def _monitored(sandbox: Sandbox, vms: int) -> Completed:
    """Monitor the datastore where each VM has clones of one image."""
    cloud = Cloud(sandbox)
    owners = [DiskOf(vm, disk) for vm in range(vms) for disk in range(DISKS)]
    add_volumes(sandbox.linstor, [copy_of_source(SOURCE, each) for each in owners])
    values: dict[str, object] = {"IMAGE_ID": 1, "SOURCE": SOURCE, "CLONE": "YES", "TM_MAD": "linstor"}
    disks = {disk: {**values, "DATASTORE_ID": IMAGES} for disk in range(DISKS)}
    for vm in range(vms):
        document = VmDocument(vm, [Record("host-a", SYSTEM_LINSTOR, "linstor")], disks)
        sandbox.oned.put("vm", vm, document.xml())
    asks = "<MONITOR_VM_DISKS>1</MONITOR_VM_DISKS>"
    data = documents.action_data(sandbox.oned.get("datastore", SYSTEM_LINSTOR) or "", asks)
    return cloud.call("tm", "linstor", "monitor", SYSTEM_LINSTOR, stdin=base64.b64encode(data))


def _told(sandbox: Sandbox) -> int:
    """How many VMs monitord heard of."""
    messages = (sandbox.one / "var" / "monitord").glob("*")
    return sum(base64.b64decode(each.read_text().split()[-1]).count(b"VM=[") for each in messages)
