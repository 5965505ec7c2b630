"""What happens to a cluster from outside: satellites, commands, networks, disks."""

from __future__ import annotations

from adapters.memory.linstor import commands
from adapters.memory.linstor.definitions import Definitions
from adapters.memory.linstor.objects import Definition, Resource
from adapters.memory.linstor.state import State

LOST = "Failed"


class Events:
    """Switches for tests, recordings and people."""

    def __init__(self, state: State, definitions: Definitions) -> None:
        self._state = state
        self._definitions = definitions

    def satellite_down(self, node: str) -> None:
        """The controller loses the satellite; DRBD on that node goes on."""
        with self._state.lock:
            self._state.nodes[node].online = False
            self._state.nodes[node].lost_at = self._state.millis()

    def satellite_up(self, node: str) -> None:
        """The satellite is back, and the controller finishes what waited for it."""
        with self._state.lock:
            self._state.nodes[node].online = True
            for definition in self._state.definitions.values():
                for each in definition.resources.values():
                    each.unseen.discard(node)
            self._definitions.resume()

    def die_in(self, operation: str) -> None:
        """The controller dies in the middle of the next "snapshot" or "clone", and is back at once."""
        self._state.dies_in.add(operation)

    def resume_io(self, resource: str) -> None:
        """Somebody runs `drbdadm resume-io` on the nodes."""
        self._state.definition(resource, 0).suspended = False

    def fail(self, node: str, command: str) -> None:
        """Commands of that node's satellite that match the regular expression *command* fail."""
        self._state.nodes[node].failing.append(command)

    def heal(self, node: str) -> None:
        """They succeed again."""
        self._state.nodes[node].failing.clear()

    def cut_network(self, node: str) -> None:
        """The data network of a node is cut; its satellite stays online (linstor.md 2.18). What others write from now
        on does not reach its replicas.
        """
        with self._state.lock:
            self._state.nodes[node].networks_cut = True
            for definition, each in self._replicas(node):
                self._part(definition, each)

    def heal_network(self, node: str) -> None:
        """The data network is back, and replicas catch up."""
        with self._state.lock:
            self._state.nodes[node].networks_cut = False
            for definition, each in self._replicas(node):
                if definition.drbd and each.disk_state in ("", "UpToDate"):
                    self._rejoin(definition, each)

    def lose_disk(self, node: str, resource: str) -> None:
        """The disk of a replica breaks: DRBD detaches it, and its data is gone (linstor.md 2.2)."""
        self.set_disk_state(node, resource, LOST)

    def set_disk_state(self, node: str, resource: str, state: str) -> None:
        """A replica is `Inconsistent`, `Outdated`, `Failed`, or `UpToDate` again; until then it misses writes."""
        with self._state.lock:
            definition = self._state.definition(resource, 0)
            each = definition.resources[node]
            each.disk_state = "" if state == "UpToDate" else state
            if each.disk_state:
                self._part(definition, each)
            else:
                self._rejoin(definition, each)

    def _replicas(self, node: str) -> list[tuple[Definition, Resource]]:
        known = self._state.definitions.values()
        found = [(each, here) for each in known if (here := each.resources.get(node)) is not None]
        return [(definition, here) for definition, here in found if not here.diskless]

    @staticmethod
    def _part(definition: Definition, each: Resource) -> None:
        """The replica goes its own way; the only one stays what all others read."""
        if not definition.drbd or len(definition.diskful()) < 2:
            return
        for own, volume in definition.volumes.items():
            if volume.content is not None and own not in each.own:
                # a clone's content may have the plain name of this replica already
                each.own[own] = volume.content.copy(f"{commands.backing(definition, volume)}.{each.uuid[:8]}.apart")

    def _rejoin(self, definition: Definition, each: Resource) -> None:
        for content in each.own.values():
            content.discard()
        each.own.clear()
        self._state.announce("changed", definition, each)
