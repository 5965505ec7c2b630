"""Frozen records that cost little to define: an action defines all orders and steps before it does one of them.

A NamedTuple takes a fifth of the time of a frozen dataclass, but equals any tuple with the same values.
"""

from __future__ import annotations

from typing import Any, TypeVar

Record = TypeVar("Record", bound=tuple[Any, ...])


def distinct(record: type[Record]) -> type[Record]:
    """A NamedTuple that equals only its own kind: an order to clone is not an order to link."""
    for name, method in (("__eq__", _same), ("__ne__", _other), ("__hash__", tuple.__hash__)):
        setattr(record, name, method)
    return record


def _same(one: tuple[Any, ...], other: object) -> bool:
    return isinstance(other, tuple) and type(one) is type(other) and tuple.__eq__(one, other)


def _other(one: tuple[Any, ...], other: object) -> bool:
    return not _same(one, other)
