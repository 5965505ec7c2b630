"""One trouble at one moment of one action: what the order says, what it leaves, and what the next try makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from domain.sizes import EXTENT_KIB
from entrypoints.sandbox.cloud import message
from entrypoints.sandbox.linstor import serve
from entrypoints.sandbox.torture.kills import run
from entrypoints.sandbox.torture.scenes import SCENES
from entrypoints.sandbox.torture.stage import STORE_DRIVER, VM, Stage
from entrypoints.sandbox.torture.starting import Order
from entrypoints.sandbox.torture.state import State, differences, state
from entrypoints.sandbox.torture.striking import Struck, strike
from entrypoints.sandbox.torture.troubles import LIMITS, Trouble
from entrypoints.sandbox.world import Sandbox

SECRETS = {"LINSTOR_USER": "driver", "LINSTOR_PASSWORD": "hidden-from-all", "LINSTOR_ALLOW_INSECURE_AUTH": "no"}

DEBT = " mark debt-"
_USE = re.compile(r"(OpenNebula-Snap-\d+)-\d+")
_PASSING = re.compile(r" mark snapshot-\d+$| snapshot safety-snap-|/\.linstor-migration-\d+-stays$")
"""That a name was used, what LINSTOR keeps of its own of a rollback that failed, and what a migration that failed left
where the VM stays: they end with the volume and with the VM's directory."""

_SIZES = re.compile(r": (\d+) KiB, .*; undisturbed: (\d+) KiB, ")

_ELSEWHERE = re.compile(r" attached to \S+: not there;")
"""LINSTOR put a replica on the host instead; that the disk is usable there is told by its link."""


@dataclass(frozen=True)
class Calm:
    """How an action ends without trouble, and what it meets."""

    state: State
    events: list[str]


@dataclass(frozen=True)
class FaultTrial:
    """What came of one trouble; *wrong* says what should not have happened."""

    action: str
    trouble: str
    occasion: int
    begun_at: str
    exit_code: int
    said: str
    wrong: tuple[str, ...]


@contextmanager
def _staged(name: str, seed: int, *, standby: bool = False) -> Iterator[tuple[Stage, Order]]:
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        controllers = sandbox.controller
        if standby:
            second = stack.enter_context(serve(sandbox.linstor))
            controllers += f",{second.host}:{second.port}"
        stage = Stage(sandbox, {**LIMITS, **SECRETS, "LINSTOR_CONTROLLERS": controllers})
        stage.furnish(seed)
        yield stage, SCENES[name](stage)


def calm(name: str, seed: int) -> Calm:
    """Run the action without trouble. Raises RuntimeError where it fails."""
    with _staged(name, seed) as (stage, order):
        ended = strike(stage, order)
        if ended.exit_code:
            raise RuntimeError(f"{name} ended with {ended.exit_code}: {ended.stderr}")
        return Calm(_seen(stage), ended.events)


def _seen(stage: Stage) -> State:
    """What there is; the next try of a snapshot takes a name that was never used (linstor.md 2.17 no. 0)."""
    found = state(stage.sandbox).items()
    return {_USE.sub(r"\1", key): how for key, how in found if not _PASSING.search(key)}


def fault_trial(name: str, trouble: Trouble, occasion: int, good: Calm, seed: int) -> FaultTrial:
    """The action meets *trouble* at its *occasion*-th moment and, if it failed, is run again without it."""
    with _staged(name, seed, standby=trouble.standby) as (stage, order):
        before = _seen(stage)
        struck = strike(stage, order, trouble, occasion)
        wrong = [*_ending(struck, stage)]
        if struck.exit_code and not trouble.helpless:
            wrong += _half_done(before, _seen(stage), good, trouble)
        wrong += _after(stage, order, trouble, struck, good)
        return FaultTrial(name, trouble.name, occasion, struck.begun_at, struck.exit_code, struck.stderr, tuple(wrong))


def _ending(struck: Struck, stage: Stage) -> Iterator[str]:
    """What is wrong with how the order ended."""
    said = message(struck.stderr)
    if struck.exit_code not in (0, 1):
        yield f"exit code {struck.exit_code}"
    if struck.exit_code and (not said or len(said.splitlines()) != 1):
        yield f"not one sentence: {said!r}"
    if not struck.exit_code and any(not line.startswith("WARN: ") for line in said.splitlines()):
        yield f"it succeeded and said {said!r}"
    if "Traceback" in said or "internal error" in said:
        yield f"not a sentence for a person: {said}"
    if any(secret in said for secret in (SECRETS["LINSTOR_PASSWORD"], stage.sandbox.oned.session)):
        yield f"a secret: {said}"
    if struck.exit_code and not any(each in said for each in _objects(stage)):
        yield f"names no object: {said}"
    if struck.exit_code and "; " not in said:
        yield f"does not say what to do: {said}"


def _objects(stage: Stage) -> list[str]:
    """Names by which a person finds what an error is about."""
    sandbox = stage.sandbox
    return [
        "OpenNebula-",
        *sandbox.hosts.names,
        sandbox.controller,
        sandbox.oned.url,
        "one.vm.info 7",
        "one.image.info ",
        "one.datastore.info ",
        f"datastore/{STORE_DRIVER}/ls",
        "resource group ",
        str(stage.sources),
    ]


def _half_done(before: State, now: State, good: Calm, trouble: Trouble) -> Iterator[str]:
    """New volumes that are not complete: oned does not call another order for an image that failed (rule 2).

    A deletion that has begun ends with the next one, once the host is well.
    """
    new = {key.split(" ")[0] for key in now.keys() - before.keys() if key.startswith("OpenNebula-")}
    for name in sorted(new - {key.split(" ")[0] for key in before}):
        parts = [{key: how for key, how in each.items() if key.split(" ")[0] == name} for each in (good.state, now)]
        found = list(differences(*parts))
        if not (trouble.in_the_way and any(" flags: DELETE;" in each for each in found)):
            yield from (f"half done: {each}" for each in found if not _ELSEWHERE.search(each))


def _is_grown(difference: str) -> bool:
    """Whether a volume has the one extent more with which a growth was driven on."""
    sizes = _SIZES.search(difference)
    return sizes is not None and int(sizes[1]) - int(sizes[2]) == EXTENT_KIB


def _may_stay(difference: str, trouble: Trouble) -> bool:
    """Whether a later order takes it away, or nobody has to."""
    if trouble.away and f" attached to {trouble.away}: ; " in difference:
        return True
    if trouble.breaks_growth and _is_grown(difference):
        return True
    return bool(_ELSEWHERE.search(difference)) or (trouble.owing and DEBT in difference)


def _after(stage: Stage, order: Order, trouble: Trouble, struck: Struck, good: Calm) -> Iterator[str]:
    """What is wrong with what there is in the end."""
    found = list(differences(good.state, _seen(stage)))
    if struck.exit_code or (found and trouble.owing):
        again = run(stage.sandbox, order)
        if again.exit_code:
            yield f"the retry ended with {again.exit_code}: {again.stderr}"
        found = list(differences(good.state, _seen(stage)))
    yield from (each for each in found if not _may_stay(each, trouble))
    if VM in stage.sandbox.guests.guests:
        yield from (f"lost: {each}" for each in stage.sandbox.guests.lost(VM))
