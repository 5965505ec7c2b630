"""One kill at a time: the action is killed after an effect, run again, and must end as if nothing had happened."""

from __future__ import annotations

from dataclasses import dataclass, field

from entrypoints.sandbox.replay.unfinished import unfinished
from entrypoints.sandbox.torture.kills import Ended, run
from entrypoints.sandbox.torture.scenes import SCENES
from entrypoints.sandbox.torture.stage import VM, Stage
from entrypoints.sandbox.torture.starting import Order
from entrypoints.sandbox.torture.state import State, differences, state
from entrypoints.sandbox.world import Sandbox


@dataclass(frozen=True)
class Trial:
    """One kill: after which effect, and what is not as it would be without it."""

    killed_after: str
    differences: tuple[str, ...] = ()


@dataclass
class Verdict:
    """All kills of one action; *broken* says why it could not even run undisturbed."""

    name: str
    trials: list[Trial] = field(default_factory=list)
    broken: str = ""

    @property
    def failed(self) -> list[Trial]:
        """The kills after which the retry did not converge."""
        return [each for each in self.trials if each.differences]


@dataclass(frozen=True)
class Undisturbed:
    """How an action ends without a kill, and how many effects it has."""

    state: State
    events: int


def undisturbed(name: str, seed: int) -> Undisturbed:
    """Run the action without a kill. Raises RuntimeError where it fails."""
    with Sandbox() as sandbox:
        _, order = _staged(sandbox, name, seed)
        ended = run(sandbox, order)
        _require(name, ended)
        return Undisturbed(state(sandbox), ended.events)


def trial(name: str, kill_after: int, good: Undisturbed, seed: int) -> Trial:
    """Kill the action after that many effects, run it again, and compare with *good*."""
    with Sandbox() as sandbox:
        stage, order = _staged(sandbox, name, seed)
        first = run(sandbox, order, kill_after)
        again = run(sandbox, order)
        found = [f"the retry ended with {again.exit_code}: {again.stderr}"] if again.exit_code else []
        found += differences(good.state, state(sandbox))
        found += _unfinished(sandbox, name)
        if VM in stage.sandbox.guests.guests:
            found += [f"lost: {each}" for each in stage.sandbox.guests.lost(VM)]
            found += ["the guest stands still"] if stage.sandbox.guests.guests[VM].frozen else []
        return Trial(first.killed_after, tuple(found))


def _staged(sandbox: Sandbox, name: str, seed: int) -> tuple[Stage, Order]:
    stage = Stage(sandbox)
    stage.furnish(seed)
    return stage, SCENES[name](stage)


def _unfinished(sandbox: Sandbox, name: str) -> list[str]:
    """What no order works on any more; after `premigrate` a migration is under way."""
    model, migrating = sandbox.linstor, name == "tm/premigrate"
    with model.state.lock:
        volumes = list(model.state.definitions.values())
        return [each for volume in volumes for each in unfinished(model, volume, migrating=migrating)]


def _require(name: str, ended: Ended) -> None:
    if ended.exit_code:
        raise RuntimeError(f"{name} ended with {ended.exit_code}: {ended.stderr}")
