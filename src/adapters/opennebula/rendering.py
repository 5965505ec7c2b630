"""Typed steps -> calls of the functions of `host_steps.sh`, one script for one session."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from adapters.opennebula.scripts_for_hosts import library, words
from domain import steps

Call = Sequence[object]
"""The name of a function of a host's script, and its words."""


def script(wanted: Sequence[steps.Step], mark: str) -> str:
    """A command line that carries out *wanted* for as long as its standard input stays open.

    It prints *mark* on a line of its own before each step and after the last one; what a step tells stands between.
    """
    return words("bash", "-c", "\n".join([library("common"), "exec {asker}<&0", calls(wanted, mark)]))


def calls(wanted: Sequence[steps.Step], mark: str) -> str:
    """The same for a script that knows what every script on a host begins with; "" for no steps."""
    if not wanted:
        return ""
    performed = [words("perform", *_CALLS[type(step)](step)) for step in wanted]
    return "\n".join([f"mark={words(mark)}", library("steps"), *performed, "finish", ""])


def describe(step: steps.Step) -> str:
    """The step in words, for an error: what it does and to what."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(step).__name__).lower()
    fields = ("path", "device", "directory", "deploy_id")
    return f"{name} {next(str(getattr(step, field)) for field in fields if hasattr(step, field))}"


def _fields(function: str, *fields: str) -> Callable[[Any], Call]:
    """A call with the fields of a step as words, "" for None."""
    return lambda step: (function, *(getattr(step, field) or "" for field in fields))


_CALLS: dict[type, Callable[[Any], Call]] = {
    steps.MakeDirectory: _fields("make_directory", "path"),
    steps.WaitForDevice: lambda step: (
        "wait_for_device",
        step.device,
        step.size_kib * 1024,
        round(step.seconds * 1000),
    ),
    steps.LinkDevice: _fields("link_device", "device", "path", "alias"),
    steps.Unlink: _fields("unlink_path", "path"),
    steps.RemoveTree: _fields("remove_tree", "path", "unless"),
    steps.MakeFile: _fields("make_file", "path"),
    steps.FileExists: _fields("file_exists", "path"),
    steps.FileSize: _fields("file_size", "path"),
    steps.RemoveFile: _fields("remove_file", "path"),
    steps.CountLinks: _fields("count_links", "directory", "device", "alias", "path"),
    steps.CheckClosed: _fields("check_closed", "device"),
    steps.MakeFileSystem: lambda step: ("make_file_system", step.device, step.kind, *step.options),
    steps.MakeQcow2: lambda step: ("make_qcow2", step.device, step.size_kib * 1024),
    steps.CopyDevice: lambda step: ("copy_device", step.source, step.device, step.size_kib * 1024),
    steps.ExportDevice: _fields("export_device", "device", "path", "base", "backing"),
    steps.AppendText: _fields("append_text", "path", "text"),
    steps.StopMonitoring: _fields("stop_monitoring", "directory"),
    steps.FreezeGuest: lambda step: ("freeze_guest", step.deploy_id, round(step.seconds)),
    steps.PauseGuest: lambda step: ("pause_guest", step.deploy_id, round(step.seconds)),
    steps.ResumeGuest: _fields("resume_guest", "deploy_id"),
    steps.ThawGuest: _fields("thaw_guest", "deploy_id"),
    steps.DeviceSize: _fields("tell_size", "device"),
}
