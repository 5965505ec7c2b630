"""What the rules and the ports say to each other, as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.properties.faults import Process, Watched
from tests.properties.pictures import said

COMPARED = ("cluster", "oned")
"""Ports of which there are two kinds; what others answer may have no words."""


class Overheard(Watched):
    """A port whose calls, answers and kinds of errors are told to *told*."""

    def __init__(self, name: str, port: Any, process: Callable[[], Process], told: list[str]) -> None:
        super().__init__(name, port, process)
        self._told = told

    def __getattr__(self, method: str) -> Any:
        call = super().__getattr__(method)

        def overheard(*args: Any, **kwargs: Any) -> Any:
            asked = f"{self._name}.{method}{said(args)}"
            try:
                answer = call(*args, **kwargs)
            except BaseException as error:
                self._told.append(f"{asked}: {type(error).__name__}")
                raise
            self._told.append(f"{asked} = {said(answer)}" if self._name in COMPARED else asked)
            return answer

        return overheard
