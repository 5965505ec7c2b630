"""Load dependency-injector without the event loop that it can also serve: that takes longer than most actions.

It asks asyncio for three names when it is loaded, and looks whether werkzeug is there. No provider of ours is
asynchronous, so neither is ever used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

NAMES = ("Future", "ensure_future", "gather")


@contextmanager
def lean() -> Iterator[None]:
    """Whatever is imported in the block gets a stand-in for asyncio and no werkzeug; afterwards both are as ever."""
    if "asyncio" in sys.modules:
        yield
        return
    stand_in = ModuleType("asyncio")
    stand_in.__dict__.update({name: type(name, (), {}) for name in NAMES})
    hidden: dict[str, ModuleType | None] = {"asyncio": stand_in, "werkzeug": None}
    # None hides a module (importlib's documentation), which the type of sys.modules does not know
    sys.modules.update(hidden)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
