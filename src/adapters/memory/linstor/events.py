"""What happens to a cluster from outside: satellites, commands, networks, disks."""

from __future__ import annotations

from adapters.memory.linstor.definitions import Definitions
from adapters.memory.linstor.state import State


class Events:
    """Switches for tests, recordings and people."""

    def __init__(self, state: State, definitions: Definitions) -> None:
        self._state = state
        self._definitions = definitions

    def satellite_down(self, node: str) -> None:
        """The controller loses the satellite; DRBD on that node goes on."""
        self._state.nodes[node].online = False
        self._state.nodes[node].lost_at = self._state.millis()

    def satellite_up(self, node: str) -> None:
        """The satellite is back, and the controller finishes what waited for it."""
        self._state.nodes[node].online = True
        self._definitions.resume_deletes()

    def fail(self, node: str, command: str) -> None:
        """Commands of that node's satellite that match the regular expression *command* fail."""
        self._state.nodes[node].failing.append(command)

    def heal(self, node: str) -> None:
        """They succeed again."""
        self._state.nodes[node].failing.clear()

    def cut_network(self, node: str) -> None:
        """The data network of a node is cut; its satellite stays online (linstor.md 2.18)."""
        self._state.nodes[node].networks_cut = True

    def heal_network(self, node: str) -> None:
        """The data network is back."""
        self._state.nodes[node].networks_cut = False

    def set_disk_state(self, node: str, resource: str, state: str) -> None:
        """A replica is `Inconsistent`, `Outdated`, `Failed`, or `UpToDate` again."""
        definition = self._state.definition(resource, 0)
        definition.resources[node].disk_state = "" if state == "UpToDate" else state
