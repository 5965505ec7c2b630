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

    def __init__(self, box: Box, call: Call, container: Container, recorder: Recorder) -> None:
        self._box, self._call, self._container, self._recorder = box, call, container, recorder
        self._time = time.time()

    @classmethod
    def begin(cls, directory: str, call: Call, container: Container, requests: Requests) -> Trace:
        """Watch every port that *container* makes from now on."""
        recorder = Recorder()
        container.wrap.override(providers.Object(recorder.wrap))
        locks = container.locks()
        container.locks.override(providers.Object(recorder.wrap("locks", locks)))
        requests.also = recorder.request
        return cls(Box(Path(directory)), call, container, recorder)

    def end(self, answer: str, failure: str) -> None:
        """Write it; an order that is done stays done when that fails, as on a full disk."""
        with suppress(Exception):
            environment: Mapping[str, str] = self._container.environment()
            trace = self._written(environment, answer, failure)
            self._box.keep(trace, environment[ORDER_ID])

    def _written(self, environment: Mapping[str, str], answer: str, failure: str) -> dict[str, Any]:
        """The members that a recording of oned has (`calls/*.json`), then those of a trace alone."""
        call, installation = self._call, self._container.installation()
        kind = "ds" if call.kind == "datastore" else call.kind
        events = self._recorder.events()
        secrets = Secrets()
        secrets.learn([environment, list(call.argv), call.stdin.decode("utf-8", "replace"), events])
        trace = {
            "operation": f"{call.action}-{environment[ORDER_ID]}",
            "seq": int(self._time * 1_000_000),
            "time": self._time,
            "kind": kind,
            "driver": "linstor",
            "action": call.action,
            "script": f"{installation.remotes}/{call.kind}/linstor/{call.action}",
            "argv": list(call.argv),
            "exit_code": int(bool(failure)),
            "stdout_given": f"{answer}\n" if answer else "",
            "stderr": failure,
            "seconds": time.monotonic() - self._recorder.began,
            "version": ".".join(map(str, installation.version)),
            "environment": {name: environment[name] for name in ENVIRONMENT if name in environment},
            "events_left_out": self._recorder.left_out,
            "events": events,
        }
        cleaned: dict[str, Any] = secrets.cleaned(trace)
        stdin = base64.b64encode(secrets.stdin(call.stdin)).decode()
        last = {"stdin_encoding": "base64", "stdin_base64": stdin, "events": shortened(cleaned["events"])}
        return {**cleaned, "id": environment[ORDER_ID], **last}
