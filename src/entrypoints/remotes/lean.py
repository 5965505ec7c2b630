"""Load dependency-injector without the event loop that it can also serve: that takes longer than most actions.

It asks asyncio for a few names when it is loaded, and looks whether werkzeug is there. No provider of ours is
asynchronous, so neither is ever used.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

NAMES = ("Future", "ensure_future", "gather")


class _StandIn(ModuleType):
    """Has what the library is known to ask for; for anything else the event loop is loaded after all."""

    def __init__(self) -> None:
        super().__init__("asyncio")
        self.__dict__.update({name: type(name, (), {}) for name in NAMES})
        # before Python 3.11 the library takes this one from asyncio
        self.__dict__["iscoroutinefunction"] = inspect.iscoroutinefunction

    def __getattr__(self, name: str) -> object:
        """A release of the library that asks for more must cost time, not every action of the cloud."""
        if name.startswith("_"):
            raise AttributeError(name)
        if sys.modules.get("asyncio") is self:
            del sys.modules["asyncio"]
        return getattr(importlib.import_module("asyncio"), name)


@contextmanager
def lean() -> Iterator[None]:
    """Whatever is imported in the block gets a stand-in for asyncio and no werkzeug; afterwards both are as ever."""
    if "asyncio" in sys.modules:
        yield
        return
    hidden: dict[str, ModuleType | None] = {"asyncio": _StandIn(), "werkzeug": None}
    # None hides a module (importlib's documentation), which the type of sys.modules does not know
    sys.modules.update(hidden)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, module in hidden.items():
            if name in sys.modules and sys.modules[name] is module:
                del sys.modules[name]
