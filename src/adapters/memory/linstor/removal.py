"""Deletions, step by step, as offline nodes and failing satellites show them (linstor.md 2.4, 2.7)."""

from __future__ import annotations

from adapters.memory.linstor import quorum
from adapters.memory.linstor.deploy import Deploy, set_pool
from adapters.memory.linstor.objects import DISKLESS_POOL, Definition, Resource
from adapters.memory.linstor.replies import DEL, DELETED, MOD, MODIFIED, RSC, RSC_DFN, Refused, Reply, info, success
from adapters.memory.linstor.satellites import Satellites
from adapters.memory.linstor.state import State


class Removal:
    """What a deletion does once nothing forbids it. Each gives its replies or raises Refused with them."""

    def __init__(self, state: State, satellites: Satellites, deploy: Deploy) -> None:
        self._state = state
        self._satellites = satellites
        self._deploy = deploy

    # -- one resource ---------------------------------------------------------------------------

    def take_over(self, definition: Definition, here: Resource, context: int) -> list[Reply]:
        """The resource stays, as the witness that the replicas want."""
        message = (
            "The given resource will not be deleted but will be taken over as a linstor managed tiebreaker resource."
        )
        said = [info(context, 10006, message)]
        here.flags.add("TIE_BREAKER")
        if not here.diskless:
            return said + self.remove_disk(definition, here)
        said += quorum.settle_quorum(definition, context)
        text = f"Resource '{definition.name}' updated on node '{{node}}'"
        return said + self._satellites.round(definition, context, text)

    def remove_disk(self, definition: Definition, here: Resource) -> list[Reply]:
        """A replica gives up its data and stays as a diskless peer (linstor.md 2.9)."""
        context = MOD | RSC
        text = f"Removal of disk from resource '{definition.name}' on node '{here.node}' registered"
        said = [set_pool(), success(context, MODIFIED, text)]
        self._become_diskless(here)
        said += self._satellites.round(definition, context)
        said.append(success(context, MODIFIED, f"Removed disk on '{here.node}'"))
        settled = quorum.settle_witness(self._state, definition, context)
        said += settled.said + quorum.settle_quorum(definition, context)
        said += self._satellites.round(
            definition, context, f"Notified '{{node}}' that disk has been removed on '{here.node}'"
        )
        return said + self._deploy.settled(definition, settled, context)

    def _become_diskless(self, here: Resource) -> None:
        here.flags |= {"DISKLESS", "DRBD_DISKLESS"}
        here.pool = here.props["StorPoolName"] = DISKLESS_POOL
        here.props.pop("DiskfulBy", None)
        here.toggled, here.backed, here.disk_state = True, False, ""
        for content in here.own.values():
            content.discard()
        here.own.clear()

    def delete(self, definition: Definition, here: Resource, context: int, *, by_hand: bool = False) -> list[Reply]:
        """Two steps: every node prepares, then the resource is removed and the others are told.

        *by_hand*: a witness that somebody deletes himself; LINSTOR then makes no other (linstor.md 2.7).
        """
        said: list[Reply] = []
        if by_hand:
            definition.props[quorum.AUTO_TIEBREAKER] = "False"
            text = "Disabling auto-tiebreaker on resource-definition '{}' as tiebreaker resource was manually deleted"
            said.append(info(context, 10002, text.format(definition.name)))
        here.flags.add("DRBD_DELETE")
        here.volume_flags.add("DRBD_DELETE")
        settled = quorum.settle_witness(self._state, definition, context)
        said += settled.said + (quorum.settle_quorum(definition, context) if settled.said else [])
        try:
            said += self._prepared(definition, here, context)
        except Refused as refused:
            text = f"Deletion of resource '{definition.name}' on node '{here.node}' failed"
            raise refused.after(said).before(self._state.internal(text, context)) from refused
        try:
            said += self._removed(definition, here, context, settled, by_hand=by_hand)
        except Refused as refused:
            raise refused.after(said) from refused
        return said

    def _prepared(self, definition: Definition, here: Resource, context: int) -> list[Reply]:
        said = [success(context, DELETED, f"Node: {here.node}, Resource: {definition.name} preparing for deletion.")]
        return said + self._satellites.round(definition, context, "Preparing deletion of resource on '{node}'")

    def _removed(
        self, definition: Definition, here: Resource, context: int, settled: quorum.Settled, *, by_hand: bool
    ) -> list[Reply]:
        said = [quorum.marked(context)] if by_hand or settled.gone is not None else []
        said += quorum.settle_quorum(definition, context)
        said.append(success(context, DELETED, f"Node: {here.node}, Resource: {definition.name} marked for deletion."))
        said += self._deploy.clean_up(definition, here, context)
        if settled.gone is not None and self._satellites.online(here):
            said.append(quorum.marked(context))
        if settled.made is not None or settled.gone is not None:
            said += self._deploy.settled(definition, settled, context)
        return said

    # -- a whole definition ---------------------------------------------------------------------

    def delete_definition(self, definition: Definition, context: int = DEL | RSC_DFN) -> list[Reply]:
        """Diskless resources first, then those with data; it stops where an offline node has to confirm."""
        said = [success(context, DELETED, f"Resource definition '{definition.name}' marked for deletion.")]
        if not definition.resources:
            said = []
        try:
            said += self.empty(definition, context)
        except Refused as refused:
            raise refused.after(said) from refused
        if not definition.resources:
            self._state.remove(definition)
            said.append(success(context, DELETED, f"Resource definition '{definition.name}' deleted."))
        return said

    def empty(self, definition: Definition, context: int) -> list[Reply]:
        """Take all resources away, as far as the nodes are online."""
        away = self._state.offline(definition)
        diskless = [each for each in definition.resources.values() if each.diskless]
        said = self._step(definition, context, diskless, "marked for deletion") if diskless else []
        if away:
            replicas = [] if diskless else list(definition.resources.values())
            return said or self._step(definition, context, replicas, "marked for deletion")
        for each in diskless:
            quorum.forget(self._state, definition, each)
        if diskless:
            said += self._step(definition, context, [], "deleted")
        said += self._step(definition, context, list(definition.resources.values()), "marked for deletion")
        for each in list(definition.resources.values()):
            quorum.forget(self._state, definition, each)
        return said

    def _step(self, definition: Definition, context: int, gone: list[Resource], verb: str) -> list[Reply]:
        for each in gone:
            each.flags.add("DELETE")
            each.volume_flags.add("DELETE")
        online = [each for each in definition.resources.values() if self._satellites.online(each)]
        away = [self._satellites.away(context, name) for name in self._state.offline(definition)]
        text = f"Resource '{definition.name}' on '{{node}}' {verb}"
        return away + self._satellites.round(definition, context, text, among=online)

    def finish(self, definition: Definition, here: Resource) -> None:
        """Carry out what waited for the node of *here*."""
        self._satellites.round(definition, DEL | RSC)
        self._deploy.clean_up(definition, here, DEL | RSC)
