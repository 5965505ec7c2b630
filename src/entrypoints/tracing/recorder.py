"""Writes down what an order does outside, and how long it waits for it: ports, requests, locks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from entrypoints.tracing.plain import plain

MOST = 5000
"""Events of one order; a wait that polls can make many."""


class Recorder:
    """The events of one order, from any number of threads. Times are seconds since *began* (monotonic)."""

    def __init__(self, tell: Callable[[dict[str, Any]], None] = lambda line: None) -> None:
        """*tell* hears of each event twice, at its beginning and at its end, by its number, `event`."""
        self.began = time.monotonic()
        self.left_out = 0
        self._tell = tell
        self._events: list[dict[str, Any]] = []
        self._lanes: dict[int, int] = {}
        self._lock = threading.Lock()

    def events(self) -> list[dict[str, Any]]:
        """The events so far, by their beginning, in JSON's own types.

        `port`, `call` and `with` say what was asked, `gave` or `raised` the answer, `began` and `seconds` when and
        how long, `lane` which thread did it. One that has not ended has neither an answer nor `seconds`.
        """
        with self._lock:
            return [plain(each) for each in sorted(self._events, key=lambda each: each["began"])]

    def wrap(self, name: str, port: Any) -> Any:
        """The port called *name*; every call of it becomes an event."""
        return _Watched(self, name, port)

    def request(self, request: Any, send: Callable[[], Any]) -> Any:
        """The answer to a request to LINSTOR, which becomes an event."""
        given = [] if request.body is None else [request.body]
        return self.note("linstor", f"{request.method} {request.target}", given, send, _answer)

    def note(
        self, port: str, call: str, given: Any, do: Callable[[], Any], show: Callable[[Any], Any] = lambda gave: gave
    ) -> Any:
        """What *do* gives, noted with what it was asked for and how long it took."""
        number = self._begun({"port": port, "call": call, "with": given})
        began = time.monotonic()
        outcome: dict[str, Any] = {}
        try:
            gave = do()
            outcome["gave"] = show(gave)
            return gave
        except BaseException as error:
            outcome["raised"] = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._ended(number, {**outcome, "seconds": time.monotonic() - began})

    def _begun(self, event: dict[str, Any]) -> int:
        """The number of a new event, -1 where it is one too many."""
        with self._lock:
            number = len(self._events)
            if number >= MOST:
                self.left_out += 1
                return -1
            lane = self._lanes.setdefault(threading.get_ident(), len(self._lanes))
            event |= {"began": time.monotonic() - self.began, "lane": lane}
            self._events.append(event)
            self._tell({"event": number, **event})
        return number

    def _ended(self, number: int, outcome: dict[str, Any]) -> None:
        if number >= 0:
            with self._lock:
                self._events[number].update(outcome)
                self._tell({"event": number, **outcome})

    @contextmanager
    def entered(self, port: str, call: str, given: Any, block: AbstractContextManager[Any]) -> Iterator[Any]:
        """The block *block*; how long it took to get into it becomes an event."""
        value = self.note(port, call, given, block.__enter__)
        try:
            yield value
        except BaseException as error:
            if not block.__exit__(type(error), error, error.__traceback__):
                raise
        else:
            block.__exit__(None, None, None)


class _Watched:
    """A port whose calls are noted."""

    def __init__(self, recorder: Recorder, name: str, port: Any) -> None:
        self._recorder, self._name, self._port = recorder, name, port

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._port, method)
        if method in ("hold", "fetch"):
            return lambda *given, **named: self._recorder.entered(
                self._name, method, _given(given, named), call(*given, **named)
            )
        return lambda *given, **named: self._recorder.note(
            self._name, method, _given(given, named), lambda: call(*given, **named)
        )


def _given(given: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
    return [*given, named] if named else list(given)


def _answer(answer: Any) -> dict[str, Any]:
    return {"status": answer.status, "body": answer.body}
