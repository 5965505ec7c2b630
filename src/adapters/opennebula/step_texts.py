"""What the steps of a session told, and which of them failed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adapters.opennebula.processes import Ended
from adapters.opennebula.rendering import describe
from domain.errors import HostCommandFailed
from domain.names import HostName
from domain.steps import CheckClosed, CountLinks, DeviceSize, FileExists, FileSize, FreezeGuest, RemoveTree, Step

_MAY_TELL = {
    CountLinks: r"[0-9]{1,18}",
    DeviceSize: r"[0-9]{1,18}",
    FileSize: r"[0-9]{0,18}",
    FileExists: r"yes|no",
    CheckClosed: r"open|closed",
    FreezeGuest: r"frozen|no agent",
    RemoveTree: r"(kept)?",
}
"""The rules decide by these texts; anything else is never taken for one of them."""


def told(host: HostName, steps: Sequence[Step], ended: Ended, mark: str) -> tuple[str, ...]:
    """The texts between the marks.

    Raises HostCommandFailed for the step after whose mark the script ended, and for one that tells what it never does.
    """
    texts = _between_marks(ended.out.decode("utf-8", "replace"), mark)
    if ended.too_much:
        writing = min(max(0, len(texts) - 2), len(steps) - 1)
        raise HostCommandFailed(host, describe(steps[writing]), "it writes without end")
    if ended.code != 0 or len(texts) <= len(steps):
        begun = min(max(1, len(texts)), len(steps))
        raise HostCommandFailed(host, describe(steps[begun - 1]), ended.said)
    if len(texts) > len(steps) + 1:
        raise HostCommandFailed(host, describe(steps[-1]), "the host tells of more steps than it was given")
    for step, text in zip(steps, texts, strict=False):
        if not re.fullmatch(_MAY_TELL.get(type(step), r"(?s).*"), text):
            raise HostCommandFailed(host, describe(step), f"it tells {text[:80]!r}")
    return tuple(texts[: len(steps)])


def _between_marks(text: str, mark: str) -> list[str]:
    """What follows each mark; what a login printed before the first one is nobody's."""
    parts: list[list[str]] = []
    for line in text.splitlines():
        if line == mark:
            parts.append([])
        elif parts:
            parts[-1].append(line)
    return ["\n".join(part) for part in parts]
