"""What satellites do at each update of the controller, and what they say of it, node by node (linstor.md 2.1, 2.17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from adapters.memory.linstor import commands
from adapters.memory.linstor.objects import Definition, Pool, Resource
from adapters.memory.linstor.replies import (
    DELETED,
    MOD,
    MODIFIED,
    OPERATION,
    RSC,
    RSC_DFN,
    VLM,
    Refused,
    Reply,
    refuse,
    reported,
    success,
    warning,
)
from adapters.memory.linstor.state import State

Says = Callable[[Resource], list[Reply]]
"""What the satellite of one resource does, and its own entries. Raises Refused where it fails."""


class Satellites:
    """The satellites of one cluster."""

    def __init__(self, state: State) -> None:
        self._state = state

    def online(self, each: Resource) -> bool:
        """Whether the controller reaches the satellite of a resource."""
        return self._state.nodes[each.node].online

    def pool(self, each: Resource) -> Pool:
        """The storage pool of a resource."""
        return self._state.nodes[each.node].pools[each.pool]

    def away(self, context: int, node: str) -> Reply:
        """W1002: a node that is told later."""
        message = f"No active connection to satellite '{node}'"
        return warning(context, 1002, message, "The satellite gets the change when it is connected again.")

    def round(
        self,
        definition: Definition,
        context: int,
        text: str = "",
        says: Says | None = None,
        among: Iterable[Resource] | None = None,
    ) -> list[Reply]:
        """One update of a definition: each satellite's entries, behind each the controller's *text* about the node.

        Raises Refused with all that was said where a satellite fails; the others have done their part then.
        """
        does = says or self.adjusts(definition, context)
        if definition.drbd:
            self._state.sync_kernel(definition)

        def updates(each: Resource) -> list[Reply]:
            said = does(each) if self.online(each) else [self.away(context, each.node)]
            return [*said, success(context, MODIFIED, text.format(node=each.node))] if text else said

        return one_by_one(definition.resources.values() if among is None else among, updates)

    def adjusts(self, definition: Definition, context: int) -> Says:
        """The ordinary update: bring the node to what is on record."""
        op = context & OPERATION

        def does(each: Resource) -> list[Reply]:
            if each.going:
                return self._takes_down(definition, each, context)
            if not each.deployed or "INACTIVE" in each.flags:
                return []
            said = []
            if not each.diskless and self.pool(each).kind.startswith("FILE"):
                # loop devices are set up anew each time, which counts as a resize (recorded)
                said = self.per_volume(definition, each, op | VLM, MODIFIED, "resized")
            return said + self._adjusts_drbd(definition, each, context)

        return does

    def _adjusts_drbd(self, definition: Definition, each: Resource, context: int) -> list[Reply]:
        if not definition.drbd:
            return []
        message = f"Failed to adjust DRBD resource {definition.name}"
        self.run(each.node, commands.adjust(definition), message, context)
        if self._keeps_option(definition, each):
            details = f"Resource definition: {definition.name}" if context == MOD | RSC_DFN else ""
            raise self.broken(context, each.node, message, details)
        return [
            success(context & OPERATION | RSC, MODIFIED, f"({each.node}) Resource '{definition.name}' [DRBD] adjusted.")
        ]

    def _keeps_option(self, definition: Definition, each: Resource) -> bool:
        """Whether the kernel of a Primary refuses to forbid two of them (linstor.md 2.18)."""
        kept = self._state.kept_options(definition)
        primary = each.node in self._state.devices.primaries(definition)
        return primary and any(each.node in pair for pair in kept)

    def _takes_down(self, definition: Definition, each: Resource, context: int) -> list[Reply]:
        op = context & OPERATION
        said = []
        if each.deployed and definition.drbd:
            self._stops_drbd(definition, each, context)
            said.append(success(op | RSC, DELETED, f"({each.node}) Resource '{definition.name}' [DRBD] deleted."))
        if each.deployed:
            each.deployed = False
            self._state.announce("vanished", definition, each)
        if "DELETE" in each.flags and each.backed and not each.diskless:
            said += self._removes_backing(definition, each, context)
        return said

    def _stops_drbd(self, definition: Definition, each: Resource, context: int) -> None:
        """Raises Refused 998 where the command fails or a program has the device open (linstor.md 2.18)."""
        held = self._state.devices.openers(each.node, definition.name)
        if held or self._state.fails(each.node, commands.down(definition)):
            message = f"({each.node}) Shutdown of the DRBD resource '{definition.name}' failed"
            members = {"cause": "The external command sent an error.", "correction": "Check whether it is in use."}
            raise reported(refuse(context, 998, message, **members), self._state.report(message, each.node))

    def _removes_backing(self, definition: Definition, each: Resource, context: int) -> list[Reply]:
        for volume in definition.volumes.values():
            command = commands.remove(self.pool(each), commands.backing(definition, volume))
            self.run(each.node, command, "Failed to delete lvm volume", context)
        each.backed = False
        self._forgets_data(definition, each)
        return self.per_volume(definition, each, (context & OPERATION) | VLM, DELETED, "deleted")

    @staticmethod
    def _forgets_data(definition: Definition, gone: Resource) -> None:
        """With the last replica the data is gone."""
        if any(each.backed and not each.diskless for each in definition.resources.values() if each is not gone):
            return
        for volume in definition.volumes.values():
            if volume.content is not None:
                volume.content.discard()
                volume.content = None

    def per_volume(self, definition: Definition, each: Resource, context: int, code: int, verb: str) -> list[Reply]:
        """An entry for each volume of a resource."""
        kind = commands.kind_name(self.pool(each))
        text = "({}) Volume number {} of resource '{}' [{}] {}"
        numbers = sorted(definition.volumes)
        return [success(context, code, text.format(each.node, own, definition.name, kind, verb)) for own in numbers]

    def run(self, node: str, command: str, message: str, context: int) -> None:
        """Run a command. Raises Refused 998 where it fails."""
        if self._state.fails(node, command):
            raise self.broken(context, node, message, f"Command '{command}' returned with exitcode 20.")

    def broken(self, context: int, node: str, message: str, details: str = "") -> Refused:
        """998: a satellite failed; an error report is written."""
        error = refuse(context, 998, f"({node}) {message}", details=details)
        return reported(error, self._state.report(message, node))


def one_by_one(resources: Iterable[Resource], does: Says) -> list[Reply]:
    """What all of them say. Raises Refused with all of it where one fails; the others have done their part then."""
    said: list[Reply] = []
    failed = False
    for each in list(resources):
        try:
            said += does(each)
        except Refused as refused:
            said += refused.replies
            failed = True
    if failed:
        raise Refused(*said)
    return said
