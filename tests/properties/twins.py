"""One life lived twice: on the ports in memory, and on LINSTOR and oned behind their real protocols.

Both are asked for the same steps. What the rules asked the ports and what came of it, how the orders ended and what
LINSTOR has afterwards must be the same: else the fake and the wire have drifted apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.properties.machine import HardLife
from tests.properties.oned import PropertyCloud
from tests.properties.pictures import of_contents, of_linstor
from tests.properties.scenarios import fresh, with_shared_images

AROUND = 200


@dataclass
class Seen:
    """What came of one step: calls of ports with their answers, how orders ended, and LINSTOR afterwards."""

    calls: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    volumes: str = ""
    contents: str = ""


class Watching(HardLife):
    """A life that keeps what is seen after each step."""

    wired = False

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Seen] = []

    def new_cloud(self, *, shared: bool) -> PropertyCloud:
        """See the base class."""
        cloud = with_shared_images(fresh(shared=shared, wired=self.wired))
        cloud.world.told = []
        return cloud

    def after_step(self) -> None:
        """See the base class."""
        super().after_step()
        self.look()

    def look(self, *, inside: bool = False) -> None:
        """Keep what came since the last look; *inside*: also what the volumes hold, which takes a while."""
        world = self.cloud.world
        calls, world.told = world.told or [], []
        ended = [f"{name}: {each.exit_code} {each.stdout}" for name, each in world.ended]
        world.ended.clear()
        state = world.linstor.state
        contents = repr(of_contents(state)) if inside else ""
        self.seen.append(Seen(calls, ended, repr(of_linstor(state)), contents))

    def close(self) -> None:
        """End what listens on sockets."""
        self.cloud.world.close()


class OnWires(Watching):
    """The life that goes over the wires; its steps are given to it."""

    wired = True


class Twins(Watching):
    """The life in memory; at its end the other one is lived, and both are compared."""

    def teardown(self) -> None:
        """Raises AssertionError at the first step that did not come out the same."""
        if self.fine:
            self.look(inside=True)
            super().teardown()
            self.look()
            self.live_again(OnWires())

    def live_again(self, other: OnWires) -> None:
        """Give *other* the same steps. Raises AssertionError."""
        own = iter(self.seen)
        try:
            for name, drawn in self.steps:
                getattr(other, name)(**drawn)
                compare(f"{name}({drawn})", next(own), other.seen[-1])
                # guests write when they are asked whether they run
                other.safe()
            other.look(inside=True)
            compare("the last step", next(own), other.seen[-1])
            other.end_everything()
            other.look()
            compare("the end of everything", next(own), other.seen[-1])
        finally:
            other.close()


def compare(step: str, memory: Seen, wire: Seen) -> None:
    """Raises AssertionError, with the first difference."""
    found = [
        *_first_difference("call", memory.calls, wire.calls),
        *_first_difference("end", memory.ended, wire.ended),
        *_first_difference("volumes", [memory.volumes], [wire.volumes]),
        *_first_difference("contents", [memory.contents], [wire.contents]),
    ]
    assert not found, f"after {step}: " + "; ".join(found)


def _first_difference(kind: str, memory: Sequence[str], wire: Sequence[str]) -> Iterator[str]:
    for one, other in zip(memory, wire, strict=False):
        if one != other:
            yield f"{kind}: in memory {_differing(one, other)!r}, on the wire {_differing(other, one)!r}"
            return
    if len(memory) != len(wire):
        longer = max(memory, wire, key=len)
        yield f"{kind}: only in {'memory' if longer is memory else 'the wire'} {longer[min(len(memory), len(wire))]}"


def _differing(one: str, other: str) -> str:
    """The part of *one* where it begins to differ from *other*."""
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[max(0, at - AROUND) : at + AROUND]
