"""Faults of the front-end."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.e2e.doctor.fault import Fault, Plant, warned
from tests.e2e.doctor.world import World, write


def _launcher(world: World, name: str = "tm/linstor/clone") -> Path:
    return world.remotes / name


def _version(text: str) -> Plant:
    return lambda world: (world.remotes / "VERSION").write_text(text)


def _path_with(program: str) -> Plant:
    def plant(world: World) -> None:
        write(world.sandbox.root / "few" / program, "#!/bin/sh\n").chmod(0o755)
        world.environment["PATH"] = str(world.sandbox.root / "few")

    return plant


def _broken_python(world: World) -> None:
    for path in [*world.remotes.glob("tm/linstor/*"), *world.remotes.glob("datastore/linstor/*")]:
        path.write_text("#!/nowhere/python -IS\n" + path.read_text().partition("\n")[2])


def _strange_owner(world: World) -> None:
    def change(facts: Any) -> Any:
        found = {name: replace(each, uid=65534) for name, each in facts.launchers.items()}
        return replace(facts, launchers=found)

    world.changes["front-end"] = change


def _other_lock_directory(world: World) -> None:
    (Path(world.environment["TMPDIR"]) / f"one-linstor-{os.getuid()}").write_text("")


FRONT_END = (
    warned("another user", "front-end.user", "as alice", lambda world: world.change("front-end", runs_as="alice")),
    Fault(
        "no tree",
        "front-end.found",
        "no OpenNebula front-end",
        lambda world: world.environment.update(ONE_LOCATION="/nowhere"),
    ),
    warned("no VERSION", "front-end.version", "cannot be read", lambda world: (world.remotes / "VERSION").unlink()),
    warned("senseless VERSION", "front-end.version", "no version", _version("latest")),
    Fault("old OpenNebula", "front-end.version", "older than 5.8", _version("5.6.2\n")),
    warned("future OpenNebula", "front-end.version", "newer than any", _version("9.0.0\n")),
    Fault("executable gone", "front-end.launchers", "tm/clone is missing", lambda world: _launcher(world).unlink()),
    Fault(
        "executable of the addon",
        "front-end.release",
        "not of this driver",
        lambda world: _launcher(world).write_text("#!/usr/bin/env python3\nfrom one import util\n"),
    ),
    warned(
        "half an upgrade",
        "front-end.release",
        "more than one installation",
        lambda world: world.edit(_launcher(world, "datastore/linstor/cp"), "import sys\n", "import sys  # 3.9\n"),
    ),
    Fault("exec bit lost", "front-end.modes", "not executable", lambda world: _launcher(world).chmod(0o644)),
    Fault("writable for all", "front-end.modes", "writable for others", lambda world: _launcher(world).chmod(0o777)),
    Fault("strange owner", "front-end.owners", "owned by neither", _strange_owner),
    Fault("Python removed", "front-end.python", "/nowhere/python", _broken_python),
    Fault("no qemu-img", "front-end.qemu-img", "not in the PATH", _path_with("ssh")),
    Fault("no ssh", "front-end.ssh", "not in the PATH", _path_with("qemu-img")),
    Fault(
        "no tm/ssh/context",
        "front-end.stock-scripts",
        "tm/ssh/context",
        lambda world: (world.remotes / "tm/ssh/context").unlink(),
    ),
    Fault("lock directory is a file", "front-end.locks", "every order fails", _other_lock_directory),
)
