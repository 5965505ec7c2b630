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
    named = ((key, value) for each in step.body for key, value in (each.get("obj_refs") or {}).items())
    return {str(value) for key, value in named if re.fullmatch(r"Node/\d+", key)}


@contextmanager
def placed(model: LinstorModel, step: Step) -> Iterator[None]:
    """While the request runs, only those nodes take replicas."""
    wanted = places(step)
    others = [(node, node.props) for name, node in model.state.nodes.items() if wanted and name not in wanted]
    for node, props in others:
        node.props = {**props, TARGET: "false"}
    try:
        yield
    finally:
        for node, props in others:
            node.props = props
