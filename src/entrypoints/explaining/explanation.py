"""Runs the rule of an order on what is foreseen, and collects what it would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dependency_injector import providers

from domain.errors import DriverError
from domain.masking import one_line
from entrypoints.container import Container
from entrypoints.explaining.cluster import ForeseenCluster
from entrypoints.explaining.surroundings import (
    ForeseenExports,
    ForeseenHosts,
    ForeseenMonitord,
    ForeseenScripts,
    ForeseenSources,
    Impatient,
    NoLocks,
    OneByOne,
)
from entrypoints.remotes.actions import carry_out
from entrypoints.remotes.parser import Call, parse, plain_action
from entrypoints.tracing.plain import plain
from entrypoints.tracing.secrets import Secrets

_FORESEEN: dict[str, Any] = {
    "cluster": ForeseenCluster,
    "hosts": ForeseenHosts,
    "sources": ForeseenSources,
    "exports": ForeseenExports,
    "scripts": ForeseenScripts,
    "monitord": ForeseenMonitord,
}
_ONLY_READ = frozenset({"oned", "pools", "backup_stores"})


class Explanation:
    """What an order would do, step by step: *steps* have `port`, `call` and `with`, as the events of a trace have.

    `unless` says where a step is not needed. *answer* is what it would print, *failure* why it would fail.
    """

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.answer = ""
        self.failure = ""

    def wrap(self, name: str, port: Any) -> Any:
        """The port as it is foreseen."""
        if name in _ONLY_READ:
            return port

        def note(call: str, *given: Any) -> None:
            step = {"port": name, "call": call, "with": plain(list(given))}
            if call == "attach" and foreseen.unknown_place(given[0]):
                step["unless"] = "LINSTOR puts a replica there"
            self.steps.append(step)

        foreseen = _FORESEEN[name](port, note)
        return foreseen


def explain(call: Call, environment: Mapping[str, str]) -> Explanation:
    """What *call* would do now. Nothing is changed; secrets are removed from what is told."""
    explanation = Explanation()
    container = Container(environment=providers.Object(environment), wrap=providers.Object(explanation.wrap))
    container.locks.override(providers.Object(NoLocks()))
    container.parallel.override(providers.Object(OneByOne()))
    container.clock.override(providers.Object(Impatient()))
    try:
        order = parse(call, container.documents())
        explanation.answer = carry_out(container, order, plain_action(call.action))
    except DriverError as error:
        explanation.failure = str(error)
    except Exception as error:
        explanation.failure = one_line(f"{call.kind}/{call.action}: internal error {type(error).__name__}: {error}")
    secrets = Secrets()
    secrets.learn([call.stdin.decode("utf-8", "replace"), list(call.argv), explanation.steps])
    explanation.steps = secrets.cleaned(explanation.steps)
    explanation.failure = secrets.text(explanation.failure)
    return explanation
