"""Sizes of VM disks in the words of each version of OpenNebula (opennebula.md 2.8)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence

from domain.vm_sizes import VmSizes


def poll_lines(vms: Sequence[VmSizes]) -> list[str]:
    """Before 5.12: lines that follow the space of the datastore."""
    return [f'VM=[ID={vm.vm_id},POLL="{_sizes(vm)}"]' for vm in vms]


def monitor_lines(vms: Sequence[VmSizes]) -> list[str]:
    """Since 5.12: lines of messages to monitord."""
    return [f'VM=[ID={vm.vm_id},MONITOR="{base64.b64encode(_sizes(vm).encode()).decode()}"]' for vm in vms]


def messages(lines: Iterable[str], largest: int) -> Iterator[str]:
    """*lines* in as few texts as hold them, each of at most *largest* characters or of one line."""
    text = ""
    for line in lines:
        if text and len(text) + 1 + len(line) > largest:
            yield text
            text = ""
        text = f"{text}\n{line}" if text else line
    if text:
        yield text


def _sizes(vm: VmSizes) -> str:
    disks = [f"DISK_SIZE=[ID={each.disk_id},SIZE={each.size_mib}]" for each in vm.disks]
    snapshots = [
        f"SNAPSHOT_SIZE=[ID={each.snapshot_id},DISK_ID={each.disk_id},SIZE={each.size_mib}]" for each in vm.snapshots
    ]
    return " ".join([*disks, *snapshots])
