"""Processes that die and calls that go wrong: what stands between the rules and the ports in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from domain.errors import (
    ControllerFailed,
    ControllerUnreachable,
    DriverError,
    HostCommandFailed,
    HostUnreachable,
    OnedRefused,
    OnedUnreachable,
    ScriptFailed,
    SourceUnreadable,
)


class Killed(BaseException):
    """SIGKILL: nothing of the driver may catch it, and no later effect of the process reaches the outside."""


class Kind(Enum):
    """What happens at one call of a port; the effect of a call that fails *after* has taken place."""

    KILLED = "killed before"
    FAILS_BEFORE = "fails before"
    FAILS_AFTER = "fails after"
    REFUSED = "is refused"
    BREAKS_AFTER = "breaks after"
    TWICE = "happens twice"
    LATE = "comes late"


@dataclass(frozen=True)
class Fault:
    """*kind* happens at call number *at* (from 1) of a process."""

    kind: Kind
    at: int


class How(Enum):
    """What goes away. DEAD: a host without power. CUT: its management network; its guests go on."""

    DEAD = "dead"
    CUT = "cut off"
    SATELLITE = "without its satellite"
    CONTROLLER = "without a controller"


@dataclass(frozen=True)
class Outage:
    """Before call number *at* of an order *host* goes away; after *lasts* more calls it is back, 0: not by itself."""

    how: How
    host: str
    at: int = 1
    lasts: int = 0


def _error(port: str, args: tuple[Any, ...], kind: Kind) -> DriverError:
    """The error that the adapter of *port* would raise: it got no answer, or an answer that is an error."""
    answered = kind in (Kind.REFUSED, Kind.BREAKS_AFTER)
    if port == "cluster":
        failed = ControllerFailed("do it", "an internal error", unclear=kind is Kind.BREAKS_AFTER)
        return failed if answered else ControllerUnreachable(["memory"], "no answer")
    if port == "oned":
        return OnedRefused("one.info", "Not authorized", 0x0200) if answered else OnedUnreachable("no answer")
    if port == "scripts":
        return ScriptFailed("/".join(map(str, args[:3])), "it ended with 1")
    if port == "backup_stores":
        return ScriptFailed("datastore/rsync/ls", "it ended with 1")
    if port == "sources" and isinstance(args[0], str):
        return SourceUnreadable(f"{args[0]} cannot be read")
    host = str(args[1] if port == "sources" and len(args) > 1 else args[0])
    return HostCommandFailed(host, "the step", "it ended with 1") if answered else HostUnreachable(host, "no answer")


@dataclass
class Process:
    """One start of an executable. *calls* are the port calls it made, in order. *before* is told the number of each."""

    fault: Fault | None = None
    slept: Callable[[float], object] = lambda _seconds: None
    before: Callable[[int], object] = lambda _number: None
    calls: list[str] = field(default_factory=list)
    dead: bool = False

    def broke(self, call: str) -> bool:
        """Whether it died, or the fault hit a call of that name (`port.method`)."""
        at = self.fault.at if self.fault is not None else 0
        return self.dead or self.calls[at - 1 : at] == [call]

    def around(self, port: str, method: str, args: tuple[Any, ...], call: Callable[[], Any]) -> Any:
        """Carry out one call of a port, or what goes wrong there. Raises Killed and errors of the domain."""
        if self.dead:
            raise Killed
        self.calls.append(f"{port}.{method}")
        self.before(len(self.calls))
        if self.fault is None or self.fault.at != len(self.calls):
            return call()
        return self._play(self.fault.kind, port, args, call)

    def _play(self, kind: Kind, port: str, args: tuple[Any, ...], call: Callable[[], Any]) -> Any:
        if kind is Kind.KILLED:
            self.dead = True
            raise Killed
        if kind in (Kind.FAILS_BEFORE, Kind.REFUSED):
            raise _error(port, args, kind)
        if kind is Kind.LATE:
            self.slept(20.0)
        answer = call()
        if kind is Kind.TWICE:
            answer = call()
        if kind in (Kind.FAILS_AFTER, Kind.BREAKS_AFTER):
            raise _error(port, args, kind)
        return answer


class Watched:
    """A port whose calls pass through the process that runs now."""

    def __init__(self, name: str, port: Any, process: Callable[[], Process]) -> None:
        self._name, self._port, self._process = name, port, process

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._port, method)

        def watched(*args: Any, **kwargs: Any) -> Any:
            return self._process().around(self._name, method, args, lambda: call(*args, **kwargs))

        return watched


class OneCluster:
    """Port Clusters where every datastore has the same LINSTOR."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster

    def of(self, _settings: object) -> Any:
        """The one."""
        return self._cluster
