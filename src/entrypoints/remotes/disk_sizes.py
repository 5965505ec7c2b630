"""Sizes of VM disks beside the space of their datastore; whatever fails here is a warning, never an error."""

from __future__ import annotations

from adapters.opennebula.vm_sizes_text import poll_lines
from domain.orders import Monitor
from entrypoints.container import Container

ON_STDOUT_BEFORE = (5, 12)


def tell_sizes(container: Container, order: Monitor) -> list[str]:
    """Tell the sizes in the way of the running version; the lines to print, none since 5.12."""
    try:
        return _told(container, order)
    except Exception as error:
        container.warnings().append(f"the sizes of VM disks are not told: {' '.join(str(error).split())}")
        return []


def _told(container: Container, order: Monitor) -> list[str]:
    measured = container.vm_monitoring().measure(order.datastore)
    container.warnings().extend(f"some sizes of VM disks are not told: {each}" for each in measured.problems)
    if container.installation().version < ON_STDOUT_BEFORE:
        return poll_lines(measured.vms)
    if measured.vms:
        container.monitord().tell(measured.vms)
    return []
