"""Port Parallel: a few threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from domain.errors import raise_together

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 8


class Threads:
    """At most eight at once: as many as LINSTOR serves well, and more than most VMs have disks."""

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """All results in order; every item is worked on before an error is raised."""
        if len(items) < 2:
            return [work(each) for each in items]
        with ThreadPoolExecutor(min(MOST, len(items))) as pool:
            futures: list[Future[Result]] = [pool.submit(work, each) for each in items]
        errors = [error for each in futures if (error := each.exception()) is not None]
        raise_together(errors)
        return [each.result() for each in futures]
