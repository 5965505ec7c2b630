"""What an administrator of DRBD can do by hand, as far as the simulated devices know it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from adapters.memory.linstor import Handle, LinstorModel, OpenRefused
from entrypoints.sandbox.drbd.recording import Recording

PROMOTED = "promoted"
"""The name of what keeps a node Primary that somebody has promoted."""


class Commands:
    """`drbdadm` and `drbdsetup` for one resource."""

    def __init__(self, model: LinstorModel, recording: Recording) -> None:
        self._model = model
        self._name = recording.resource
        self._nodes = recording.nodes
        self._pairs = recording.pairs
        self._definition = model.definitions.find(recording.resource)
        self._definition.kernel = set(recording.pairs) if recording.begins_allowed else set()
        self._promoted: dict[str, Handle] = {}
        name = re.escape(self._name)
        self._known: dict[str, Callable[..., bool]] = {
            rf"drbd(?:adm|setup) primary {name}": self._promote,
            rf"drbd(?:adm|setup) secondary {name}": self._demote,
            r"drbdsetup (suspend|resume)-io \d+": self._suspend,
            rf"drbdsetup net-options {name} (\d+) --allow-two-primaries=(yes|no)": self._allow_with,
            rf"drbdadm net-options --allow-two-primaries=(yes|no) {name}": self._allow_all,
            rf"drbdadm adjust {name}(?:; echo rc=\$\?)?": self._allow_all,
        }

    def run(self, node: str, command: str) -> bool | None:
        """Whether it succeeds; None for a command that is not simulated."""
        found = ((act, re.fullmatch(form, command)) for form, act in self._known.items())
        return next((act(node, *match.groups()) for act, match in found if match), None)

    def _promote(self, node: str) -> bool:
        """A node that was promoted stays Primary as if a writer had its device open for good."""
        if node not in self._promoted:
            with suppress(OpenRefused):
                self._promoted[node] = self._model.devices.open(node, self._name, write=True, label=PROMOTED)
        return node in self._promoted

    def _demote(self, node: str) -> bool:
        if any(each.label != PROMOTED for each in self._model.devices.openers(node, self._name)):
            return False
        handle = self._promoted.pop(node, None)
        if handle is not None:
            handle.close()
        return True

    def _suspend(self, _node: str, what: str) -> bool:
        self._definition.suspended = what == "suspend"
        return True

    def _allow_with(self, node: str, peer: str, allowed: str) -> bool:
        """On one connection; the other end is told (020)."""
        return self._allow(frozenset((node, self._nodes[int(peer)])), allowed == "yes")

    def _allow_all(self, node: str, allowed: str = "no") -> bool:
        """Given to one node all have it (022); it is taken away where it can be, as by a configuration without it."""
        here = {pair for pair in self._definition.kernel if node in pair}
        wanted = self._pairs if allowed == "yes" else here
        return all([self._allow(each, allowed == "yes") for each in wanted])

    def _allow(self, where: frozenset[str], allowed: bool) -> bool:
        if not allowed and self._model.state.held(self._definition, where):
            return False
        (self._definition.kernel.add if allowed else self._definition.kernel.discard)(where)
        return True
