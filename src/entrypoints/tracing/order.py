"""The trace of one order: begun before its ports are made, written when it has ended."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dependency_injector import providers

from domain.settings import ORDER_ID
from entrypoints.container import Container
from entrypoints.remotes.parser import Call
from entrypoints.remotes.watching import Requests
from entrypoints.tracing.box import Box
from entrypoints.tracing.plain import shortened
from entrypoints.tracing.recorder import Recorder
from entrypoints.tracing.secrets import Secrets

ENVIRONMENT = ("ONE_LOCATION", "ONE_XMLRPC", "ONE_XMLRPC_TIMEOUT", "LS_CONTROLLERS", "PATH", "HOME", "TMPDIR", "LANG")
"""What matters to an order; nothing else of the environment is written down."""


class Trace:
    """What one order does outside."""

    def __init__(self, box: Box, call: Call, container: Container) -> None:
        self._box, self._call, self._container = box, call, container
        self._time = time.time()
        self._secrets = Secrets()
        self._environment: Mapping[str, str] = container.environment()
        self._secrets.learn([self._environment, list(call.argv), call.stdin.decode("utf-8", "replace")])
        self._journal = box.begin(self._header, self._secrets)
        self.recorder = Recorder(self._journal.add)

    @classmethod
    def begin(cls, directory: str, call: Call, container: Container, requests: Requests) -> Trace:
        """Watch every port that *container* makes from now on."""
        trace = cls(Box(Path(directory)), call, container)
        container.wrap.override(providers.Object(trace.recorder.wrap))
        locks = container.locks()
        container.locks.override(providers.Object(trace.recorder.wrap("locks", locks)))
        requests.also = trace.recorder.request
        return trace

    def end(self, answer: str, failure: str) -> None:
        """Write it; an order that is done stays done when that fails, as on a full disk."""
        with suppress(Exception):
            self._box.keep(self._written(answer, failure))
        self._journal.end()

    def _header(self) -> dict[str, Any]:
        """The members that a recording of oned has (`calls/*.json`) but for the end, then those of a trace alone."""
        call, installation = self._call, self._container.installation()
        header: dict[str, Any] = self._secrets.cleaned(
            {
                "operation": f"{call.action}-{self._environment[ORDER_ID]}",
                "seq": int(self._time * 1_000_000),
                "time": self._time,
                "kind": "ds" if call.kind == "datastore" else call.kind,
                "driver": "linstor",
                "action": call.action,
                "script": f"{installation.remotes}/{call.kind}/linstor/{call.action}",
                "argv": list(call.argv),
                "version": ".".join(map(str, installation.version)),
                "environment": {name: self._environment[name] for name in ENVIRONMENT if name in self._environment},
            }
        )
        stdin = base64.b64encode(self._secrets.stdin(call.stdin)).decode()
        return {**header, "id": self._environment[ORDER_ID], "stdin_encoding": "base64", "stdin_base64": stdin}

    def _written(self, answer: str, failure: str) -> dict[str, Any]:
        events = self.recorder.events()
        self._secrets.learn(events)
        end: dict[str, Any] = self._secrets.cleaned(
            {
                "exit_code": int(bool(failure)),
                "stdout_given": f"{answer}\n" if answer else "",
                "stderr": failure,
                "seconds": time.monotonic() - self.recorder.began,
                "events_left_out": self.recorder.left_out,
                "events": events,
            }
        )
        return {**self._header(), **end, "events": shortened(end["events"])}
