"""Requests and what becomes of them: limits, the second try after a lost reply, versions (linstor.md 2.1, 0.2)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from adapters.linstor.access import Access
from adapters.linstor.api import Answer, Api, LostReply, Request
from adapters.linstor.endpoints import Controllers
from adapters.linstor.replies import Meaning, Replies, replies_of
from domain.errors import AccessDenied, ControllerFailed, ControllerUnreachable
from domain.settings import Limits

Query = Sequence[tuple[str, str]]
Watch = Callable[[Request, Callable[[], Answer]], Answer]
"""Gets a request and the call that sends it; gives its answer. Counts and traces come in here."""
_VERSION = "/v1/controller/version"


def unwatched(_request: Request, send: Callable[[], Answer]) -> Answer:
    """The answer as it comes."""
    return send()


class Controller:
    """The active controller of one LINSTOR, for any number of threads; each has a connection of its own."""

    def __init__(self, controllers: Controllers, access: Access, limits: Limits, watch: Watch = unwatched) -> None:
        self._controllers, self._access, self.limits = controllers, access, limits
        self._watch = watch
        self._local = threading.local()
        self._version: tuple[int, ...] = ()
        self._shown: tuple[int, ...] = ()

    def read(self, doing: str, path: str, query: Query = (), meanings: Mapping[int, Meaning] | None = None) -> Any:
        """The JSON of a GET. Raises by *meanings*, AccessDenied, ControllerFailed, ControllerUnreachable."""
        answer, _ = self._sent(doing, Request("GET", _target(path, query), safe=True), self.limits.read, repeat=True)
        if answer.status < 300:
            return answer.body
        self._judged(doing, answer, repeated=False).check(doing, meanings)
        raise ControllerFailed(doing, f"status {answer.status} without a reason")

    def ask(self, doing: str, path: str, body: Any) -> Answer:
        """The answer to a POST that only asks; refusals but AccessDenied are for the caller to judge."""
        request = Request("POST", _target(path, ()), body, safe=True)
        answer, _ = self._sent(doing, request, self.limits.read, repeat=True)
        self._admitted(doing, answer)
        return answer

    def change(
        self,
        doing: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Query = (),
        seconds: float = 0.0,
        repeat: bool = True,
    ) -> Replies:
        """The replies to a request that changes something; refusals are for the caller to judge.

        After a lost reply the same request is sent once more where *repeat*: the controller serialises it behind
        the first one, and the caller takes "exists" or "missing" for what it is. *seconds* 0 is the limit for
        changes. Raises ControllerUnreachable (nothing was done), ControllerFailed with *unclear*, AccessDenied.
        """
        request = Request(method, _target(path, query), body)
        answer, repeated = self._sent(doing, request, seconds or self.limits.change, repeat=repeat)
        return self._judged(doing, answer, repeated=repeated)

    def _sent(self, doing: str, request: Request, seconds: float, *, repeat: bool) -> tuple[Answer, bool]:
        api = self._api()
        self._find_active(api)
        try:
            return self._exchanged(api, request, seconds), False
        except LostReply as lost:
            if not repeat or (request.safe and lost.expired and len(self._controllers.names()) == 1):
                raise ControllerFailed(doing, lost.said, unclear=not request.safe) from lost
        try:
            return self._exchanged(api, request, seconds), True
        except LostReply as lost:
            raise ControllerFailed(doing, lost.said, unclear=not request.safe) from lost
        except ControllerUnreachable as gone:
            if request.safe:
                raise
            raise ControllerFailed(doing, f"the answer was lost, then {gone}", unclear=True) from gone

    def _exchanged(self, api: Api, request: Request, seconds: float) -> Answer:
        return self._watch(request, lambda: api.exchange(request, seconds))

    def _find_active(self, api: Api) -> None:
        """Of several controllers find one that answers, each within the limit for connecting.

        One that accepts and says nothing would else cost the limit of the first request, which for a change is long.
        Where none answers in time the request itself is tried: a controller can be busy. Raises ControllerUnreachable.
        """
        names = self._controllers.names()
        if len(names) == 1 or self._controllers.found:
            return
        for _ in names:
            with suppress(LostReply):
                answer = self._exchanged(api, Request("GET", _VERSION, safe=True), self.limits.connect)
                self._version = _version_in(answer.body) if answer.status < 300 else ()
                return

    def _judged(self, doing: str, answer: Answer, *, repeated: bool) -> Replies:
        self._admitted(doing, answer)
        replies = replies_of(answer.body, answer.status, repeated=repeated)
        if replies is None:
            raise ControllerFailed(doing, f"status {answer.status} without LINSTOR's list of replies", unclear=True)
        return replies

    def _admitted(self, doing: str, answer: Answer) -> None:
        """Raises AccessDenied when the controller wants other credentials."""
        if answer.status in (401, 403):
            raise AccessDenied(f"LINSTOR refused to {doing}: {self._refusal(answer)}")

    def _refusal(self, answer: Answer) -> str:
        if self._api().hides_credentials:
            return "it wants credentials, and these are sent over https only (LINSTOR_ALLOW_INSECURE_AUTH)"
        replies = replies_of(answer.body, answer.status)
        return replies.error.said if replies and replies.error else f"status {answer.status}"

    def shows(self, rest_version: str) -> None:
        """Note that an answer had something that no server before that version gives."""
        self._shown = max(self._shown, _numbers(rest_version))

    def at_least(self, rest_version: str) -> bool:
        """Whether the server's REST API has that version (linstor.md 0.1).

        It is asked once, and not at all where its answers have shown enough.
        """
        if self._shown >= _numbers(rest_version):
            return True
        if not self._version:
            where = ", ".join(self._controllers.names())
            self._version = _version_in(self.read(f"tell its version at {where}", _VERSION))
        return self._version >= _numbers(rest_version)

    def _api(self) -> Api:
        """The connection of this thread."""
        if not hasattr(self._local, "api"):
            self._local.api = Api(self._controllers, self._access, self.limits.connect)
        api: Api = self._local.api
        return api


def path_of(*parts: str) -> str:
    """The path of an object below /v1; every part is quoted."""
    return "/".join(["/v1", *(quote(part, safe="") for part in parts)])


def _target(path: str, query: Query) -> str:
    return f"{path}?{urlencode(query, quote_via=quote, safe='')}" if query else path


def _version_in(found: Any) -> tuple[int, ...]:
    return _numbers(str(found.get("rest_api_version", "")) if isinstance(found, dict) else "")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]{1,9}", version)) or (0,)
