"""The library of the container is loaded without an event loop, and with one where it asks for more of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"


def _told(code: str) -> list[str]:
    """What *code* prints in an interpreter that has just started, as an executable has."""
    begin = f"import sys; sys.path.insert(0, {str(SRC)!r}); from entrypoints.remotes.lean import lean\n"
    ended = subprocess.run([sys.executable, "-I", "-c", begin + code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


def test_the_container_is_loaded_without_an_event_loop() -> None:
    """Afterwards asyncio and werkzeug can be imported as ever."""
    told = _told(
        "with lean():\n    import entrypoints.container\n"
        "print('asyncio.events' in sys.modules)\n"
        "import asyncio, werkzeug\n"
        "print(asyncio.Semaphore.__module__, werkzeug.__name__)\n"
    )

    assert told == ["False", "asyncio.locks", "werkzeug"]


def test_coroutines_are_told_from_functions() -> None:
    """The library asks for it before Python 3.11, and calls it."""
    told = _told(
        "with lean():\n    from asyncio import iscoroutinefunction as tells\n"
        "async def waits(): pass\n"
        "print(tells(waits), tells(print), 'asyncio.events' in sys.modules)\n"
    )

    assert told == ["True", "False", "False"]


def test_a_name_that_was_not_foreseen_loads_the_event_loop() -> None:
    """A later release of the library must not stop every action of a cloud."""
    told = _told(
        "with lean():\n    from asyncio import Semaphore\n    from asyncio import gather as loaded\n"
        "import asyncio\n"
        "print(Semaphore is asyncio.Semaphore, loaded is asyncio.gather)\n"
    )

    assert told == ["True", "True"]


def test_an_event_loop_that_is_loaded_stays() -> None:
    """Whoever uses it in this process goes on."""
    told = _told(
        "import asyncio\nwith lean():\n    print(sys.modules['asyncio'] is asyncio)\nprint('asyncio' in sys.modules)\n"
    )

    assert told == ["True", "True"]
