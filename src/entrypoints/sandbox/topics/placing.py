"""Lets the simulated controller place replicas where the recorded one did: among equal nodes that is chance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.memory.linstor import LinstorModel
from entrypoints.sandbox.topics.recording import Step

TARGET = "AutoplaceTarget"


def places(step: Step) -> set[str]:
    """The nodes on which an answer says that replicas were placed."""
    told = (str(value) for each in step.body for key, value in (each.get("obj_refs") or {}).items() if _is_place(key))
    return set(told)


def _is_place(key: str) -> bool:
    return re.fullmatch(r"Node/\d+", key) is not None


@contextmanager
def placed(model: LinstorModel, step: Step) -> Iterator[None]:
    """While the request runs, only those nodes take replicas."""
    wanted = places(step)
    others = [node for name, node in model.state.nodes.items() if wanted and name not in wanted]
    known = [(node, node.props.get(TARGET)) for node in others]
    for node in others:
        node.props[TARGET] = "false"
    try:
        yield
    finally:
        for node, before in known:
            node.props.pop(TARGET) if before is None else node.props.__setitem__(TARGET, before)
