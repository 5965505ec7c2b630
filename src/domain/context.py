"""The context disk is a plain file, made by OpenNebula's own tm/ssh/context (linstor.md 7)."""

from __future__ import annotations

from pathlib import PurePosixPath

from domain.errors import ScriptFailed
from domain.orders import MakeContext
from domain.ports import Hosts, Scripts
from domain.steps import StopMonitoring

FALL_BACK = "ssh"
SECONDS = 180.0
"""What it may take: a few files, and one copy to the host."""


def make_context(order: MakeContext, scripts: Scripts, hosts: Hosts) -> None:
    """Let tm/ssh make the context disk; oned itself measures a shared system datastore, so no host has to."""
    try:
        scripts.run("tm", FALL_BACK, "context", order.argv, order.payload, SECONDS)
    except ScriptFailed as failed:
        raise ScriptFailed(f"{failed.script} for host {order.place.host}", failed.said) from failed
    hosts.run(order.place.host, [StopMonitoring(str(PurePosixPath(order.place.directory).parent))])
