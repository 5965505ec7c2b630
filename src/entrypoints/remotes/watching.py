"""What is noticed of every order, traced or not: how many requests, and what it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Requests:
    """Counts the requests to LINSTOR; *also*, where set, sees each of them."""

    def __init__(self) -> None:
        self.count = 0
        self.also: Callable[[Any, Callable[[], Any]], Any] | None = None

    def __call__(self, request: Any, send: Callable[[], Any]) -> Any:
        """The answer to *request*, which *send* sends."""
        self.count += 1
        return send() if self.also is None else self.also(request, send)


class NoTrace:
    """The trace of an order that leaves none."""

    def end(self, answer: str, failure: str) -> None:
        """Nothing is written."""


def about(order: Any) -> str:
    """What an order is about, with a blank before it: disk and VM, image, datastore; "" for none of these."""
    if (of := getattr(order, "of", None)) is not None:
        return f" VM {of.vm} disk {of.disk}"
    vm = getattr(getattr(order, "vm", None), "vm_id", getattr(order, "vm_id", None))
    if vm is not None:
        return f" VM {vm}"
    image = getattr(order, "image", None)
    if image is not None and image.image_id >= 0:
        return f" image {image.image_id}"
    datastore = getattr(order, "datastore", None)
    return f" datastore {datastore.datastore_id}" if datastore is not None else ""
