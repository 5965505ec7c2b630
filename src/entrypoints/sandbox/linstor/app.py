"""WSGI application: routes, statuses, authentication, faults on order."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from adapters.memory.linstor import Refused
from adapters.memory.linstor.model import LinstorModel
from adapters.memory.linstor.replies import refuse
from entrypoints.sandbox.linstor import handlers, shapes
from entrypoints.sandbox.linstor.handlers import Answer, Call

RD = "/v1/resource-definitions/<rd>"
ROUTES: tuple[tuple[str, str, handlers.Handler, str], ...] = (
    ("GET", "/v1/controller/version", handlers.version, ""),
    ("GET", "/v1/controller/properties", handlers.controller_properties, ""),
    ("GET", "/v1/nodes", handlers.nodes, ""),
    ("GET", "/v1/nodes/<node>", handlers.node, ""),
    ("GET", "/v1/nodes/<node>/storage-pools", handlers.node_storage_pools, ""),
    ("GET", "/v1/view/storage-pools", handlers.storage_pools, ""),
    ("GET", "/v1/error-reports", handlers.error_reports, ""),
    ("GET", "/v1/resource-groups", handlers.groups, ""),
    ("POST", "/v1/resource-groups", handlers.create_group, ""),
    ("GET", "/v1/resource-groups/<group>", handlers.group, ""),
    ("PUT", "/v1/resource-groups/<group>", handlers.modify_group, ""),
    ("DELETE", "/v1/resource-groups/<group>", handlers.delete_group, ""),
    ("GET", "/v1/resource-groups/<group>/volume-groups", handlers.volume_groups, ""),
    ("POST", "/v1/resource-groups/<group>/volume-groups", handlers.create_volume_group, ""),
    ("POST", "/v1/resource-groups/<group>/spawn", handlers.spawn, ""),
    ("POST", "/v1/resource-groups/<group>/query-size-info", handlers.query_size_info, "1.17"),
    ("GET", "/v1/resource-groups/<group>/query-max-volume-size", handlers.query_max_volume_size, ""),
    ("POST", "/v1/queries/resource-groups/query-all-size-info", handlers.query_all_size_info, "1.19"),
    ("GET", "/v1/resource-definitions", handlers.definitions, ""),
    ("POST", "/v1/resource-definitions", handlers.create_definition, ""),
    ("GET", RD, handlers.definition, ""),
    ("PUT", RD, handlers.modify_definition, ""),
    ("DELETE", RD, handlers.delete_definition, ""),
    ("GET", RD + "/sync-status", handlers.sync_status, ""),
    ("POST", RD + "/autoplace", handlers.autoplace, ""),
    ("POST", RD + "/clone", handlers.clone, "1.10"),
    ("GET", RD + "/clone/<name>", handlers.clone_status, "1.10"),
    ("GET", RD + "/volume-definitions", handlers.volume_definitions, ""),
    ("POST", RD + "/volume-definitions", handlers.create_volume_definition, ""),
    ("GET", RD + "/volume-definitions/<vlm>", handlers.volume_definition, ""),
    ("PUT", RD + "/volume-definitions/<vlm>", handlers.modify_volume_definition, ""),
    ("DELETE", RD + "/volume-definitions/<vlm>", handlers.delete_volume_definition, ""),
    ("GET", RD + "/resources", handlers.resources, ""),
    ("POST", RD + "/resources", handlers.create_resource, ""),
    ("GET", RD + "/resources/<node>", handlers.resource, ""),
    ("POST", RD + "/resources/<node>", handlers.create_resource, ""),
    ("DELETE", RD + "/resources/<node>", handlers.delete_resource, ""),
    ("POST", RD + "/resources/<node>/make-available", handlers.make_available, "1.7"),
    ("POST", RD + "/resources/<node>/activate", handlers.activate, "1.7"),
    ("POST", RD + "/resources/<node>/deactivate", handlers.deactivate, "1.7"),
    ("PUT", RD + "/resources/<node>/toggle-disk/<kind>", handlers.toggle_disk, ""),
    ("PUT", RD + "/resources/<node>/toggle-disk/<kind>/<pool>", handlers.toggle_disk, ""),
    ("GET", RD + "/resource-connections/<a>/<b>", handlers.connection, ""),
    ("PUT", RD + "/resource-connections/<a>/<b>", handlers.modify_connection, ""),
    ("GET", "/v1/view/resources", handlers.view_resources, ""),
    ("GET", "/v1/view/snapshots", handlers.view_snapshots, "1.1"),
    ("POST", "/v1/actions/snapshot/multi", handlers.create_snapshots, "1.18"),
    ("GET", RD + "/snapshots", handlers.snapshots, ""),
    ("POST", RD + "/snapshots", handlers.create_snapshot, ""),
    ("GET", RD + "/snapshots/<snap>", handlers.snapshot, ""),
    ("PUT", RD + "/snapshots/<snap>", handlers.modify_snapshot, "1.26"),
    ("DELETE", RD + "/snapshots/<snap>", handlers.delete_snapshot, ""),
    ("POST", RD + "/snapshot-restore-volume-definition/<snap>", handlers.restore_volumes, ""),
    ("POST", RD + "/snapshot-restore-resource/<snap>", handlers.restore_resources, ""),
    ("POST", RD + "/snapshot-rollback/<snap>", handlers.roll_back, ""),
)


@dataclass(frozen=True)
class Logged:
    """One request as it was answered."""

    method: str
    path: str
    query: str
    status: int
    bytes_in: int
    bytes_out: int
    seconds: float
    body: bytes = b""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request that *matches* (method and path): see `LinstorApp.faults`.

    *when*: before the work is done, or after (a lost reply of finished work). *how*: a status with a 998 error,
    "cut" the connection, "truncate" the body, "garbage" instead of JSON; *delay* seconds first. *times*: how often.
    """

    matches: Callable[[str, str], bool]
    when: str = "before"
    how: str = "500"
    delay: float = 0.0


class ConnectionCut(Exception):
    """The server hangs up instead of answering."""


class LinstorApp:
    """The REST interface over one model. *credentials*: "user:password" or a token that requests must carry."""

    def __init__(self, model: LinstorModel, *, credentials: str = "") -> None:
        self.model = model
        self.log: list[Logged] = []
        self.faults: list[Fault] = []
        self.observers: list[Callable[[str, str], None]] = []
        self._credentials = credentials
        self._rules = [
            Rule(path, methods=[method], endpoint=str(index)) for index, (method, path, _, _) in enumerate(ROUTES)
        ]
        self._map = Map(self._rules, merge_slashes=False)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        began = time.monotonic()
        body = request.get_data()
        fault = self._fault(request)
        answer = self._answer(request, body, fault)
        response = self._response(request, answer)
        if fault is not None and fault.when == "after":
            response = self._spoilt(fault, response)
        data = response.get_data()
        query = request.query_string.decode()
        took = time.monotonic() - began
        self.log.append(
            Logged(request.method, request.path, query, response.status_code, len(body), len(data), took, body)
        )
        return response(environ, start_response)

    def _fault(self, request: Request) -> Fault | None:
        for each in self.observers:
            each(request.method, request.path)
        for each_fault in self.faults:
            if each_fault.matches(request.method, request.path):
                self.faults.remove(each_fault)
                return each_fault
        return None

    def _spoilt(self, fault: Fault, response: Response) -> Response:
        time.sleep(fault.delay)
        if fault.how == "cut":
            raise ConnectionCut
        if fault.how == "truncate":
            response.set_data(response.get_data()[: len(response.get_data()) // 2])
        elif fault.how == "garbage":
            response.set_data(b"<html>proxy says hello</html>")
        elif fault.how.isdigit():
            error = refuse(0, 998, "injected fault")
            return self._response(None, Answer(shapes.replies(error.replies), int(fault.how)))
        return response

    def _answer(self, request: Request, body: bytes, fault: Fault | None) -> Answer:
        if not self._allowed(request):
            return self._refused(refuse(0, 10001, "Login required."), {"WWW-Authenticate": 'Basic realm="Linstor"'})
        if request.path == "/health":
            return Answer("")
        if fault is not None and fault.when == "before":
            spoilt = self._spoilt(fault, Response(b"[]", mimetype="application/json"))
            if fault.how not in ("delay",):
                return Answer(
                    json.loads(spoilt.get_data()) if fault.how.isdigit() else spoilt.get_data(), spoilt.status_code
                )
        return self._routed(request, body)

    def _routed(self, request: Request, body: bytes) -> Answer:
        try:
            endpoint, path = self._map.bind("localhost").match(request.path, request.method)
            _, _, handler, since = ROUTES[int(endpoint)]
            call = Call(self.model, dict(path), request.args.to_dict(flat=False), body)
            if since and not call.knows(since):
                return self._no_path(request)
            return handler(call)
        except Refused as refused:
            return self._refused(refused, {})
        except MethodNotAllowed:
            message = f"Method '{request.method}' not allowed on path '{request.path}'."
            return Answer(shapes.replies(refuse(0, 998, message, details="Use another method.").replies), 405)
        except HTTPException:
            return self._no_path(request)

    @staticmethod
    def _no_path(request: Request) -> Answer:
        message = f"Path '{request.path}' not found on server."
        return Answer(shapes.replies(refuse(0, 998, message, details="No such path.").replies), 404)

    @staticmethod
    def _refused(refused: Refused, headers: dict[str, str]) -> Answer:
        """The first error decides the status (linstor.md 2.1)."""
        code = refused.error.code
        status = 404 if 300 <= code <= 399 else 403 if 400 <= code <= 499 or code == 10000 else 500
        return Answer(shapes.replies(refused.replies), 401 if code == 10001 else status, headers)

    def _allowed(self, request: Request) -> bool:
        if not self._credentials or request.path == "/health":
            return True
        given = request.headers.get("Authorization", "")
        basic = base64.b64encode(self._credentials.encode()).decode()
        return given in (f"Basic {basic}", f"Bearer {self._credentials}")

    @staticmethod
    def _response(request: Request | None, answer: Answer) -> Response:
        data = answer.json if isinstance(answer.json, bytes) else json.dumps(answer.json).encode()
        headers = dict(answer.headers)
        if request is not None and "gzip" in request.headers.get("Accept-Encoding", "") and len(data) > 1024:
            data = gzip.compress(data, 1)
            headers["Content-Encoding"] = "gzip"
        return Response(data, answer.status, headers, mimetype="application/json")
