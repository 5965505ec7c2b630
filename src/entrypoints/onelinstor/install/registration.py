"""What oned.conf must say about this driver (opennebula.md 6): the attributes, and the edits that add what is missing.

What an administrator has written about the driver stays; a value that differs from ours is named, not changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from entrypoints.onelinstor.install.oned_conf import (
    Attribute,
    Value,
    parse,
    quoted,
    replaced,
    with_attribute,
    with_pairs,
)

DRIVER = "linstor"
SYSTEM_DEFAULTS = ("shared", "ssh", "ceph")
"""The drivers of system datastores that one_datastore takes where `-s` is missing."""
TRANSFER = {
    "LN_TARGET": "NONE",
    "CLONE_TARGET": "SELF",
    "SHARED": "YES",
    "ALLOW_ORPHANS": "YES",
    "DS_MIGRATE": "YES",
    "TM_MAD_SYSTEM": "ssh,shared",
    "LN_TARGET_SSH": "NONE",
    "CLONE_TARGET_SSH": "SELF",
    "DISK_TYPE_SSH": "BLOCK",
    "LN_TARGET_SHARED": "NONE",
    "CLONE_TARGET_SHARED": "SELF",
    "DISK_TYPE_SHARED": "BLOCK",
}
DATASTORE = {"REQUIRED_ATTRS": "", "PERSISTENT_ONLY": "NO", "MARKETPLACE_ACTIONS": "export"}
DISK_TYPE_SINCE = (6, 8)
"""Since this version TM_MAD_CONF may say that disks are block devices, so that no datastore can forget it."""
IMAGE_ATTRIBUTE = "LINSTOR_RESOURCE_GROUP"


@dataclass(frozen=True)
class Registration:
    """The new text, and remarks about what the administrator has to look at."""

    text: str
    remarks: tuple[str, ...]


Step = Callable[[str, "list[str]"], str]


def register(text: str, version: tuple[int, ...]) -> Registration:
    """*text* with all that this driver needs from OpenNebula *version*; the same text where nothing is missing.

    Raises Problem for a text that oned could not read.
    """
    remarks: list[str] = []
    steps: tuple[Step, ...] = (
        _transfer_list,
        _datastore_lists,
        lambda now, told: _transfer_section(now, version, told),
        _datastore_section,
        _inherited,
    )
    for step in steps:
        text = step(text, remarks)
    return Registration(text, tuple(remarks))


# -- lists of drivers ----------------------------------------------------------------------------


def _transfer_list(text: str, remarks: list[str]) -> str:
    """`-d` of TM_MAD; where it is missing, one_tm takes every directory (opennebula.md 1.1)."""
    value = _arguments(text, "TM_MAD", "one_tm", remarks)
    return text if value is None else _changed(text, value, _with_driver(value.text, "d", "tm-types"))


def _datastore_lists(text: str, remarks: list[str]) -> str:
    value = _arguments(text, "DATASTORE_MAD", "one_datastore", remarks)
    if value is None:
        return text
    new = _with_driver(value.text, "d", "ds-types")
    if _option(new, "s", "system-ds-types") is None:
        new = f"{new.rstrip()} -s {','.join((*SYSTEM_DEFAULTS, DRIVER))}"
    return _changed(text, value, _with_driver(new, "s", "system-ds-types"))


def _arguments(text: str, name: str, executable: str, remarks: list[str]) -> Value | None:
    for each in reversed(parse(text)):
        if each.name == name and PurePosixPath(each.says("EXECUTABLE")).name == executable:
            if each.get("ARGUMENTS") is None:
                remarks.append(f"{name} has no ARGUMENTS; add {DRIVER} to its drivers by hand")
            return each.get("ARGUMENTS")
    remarks.append(f"there is no {name} with {executable}; oned needs one, and {DRIVER} among its drivers")
    return None


def _changed(text: str, value: Value, new: str) -> str:
    return text if new == value.text else replaced(text, value, new)


def option(arguments: str, short: str, long: str) -> str | None:
    """The list that `-short` or `--long` gives, without its quotes; None where it is missing."""
    match = _option(arguments, short, long)
    return None if match is None else match[1].strip("'\"")


def lists_driver(names: str) -> bool:
    """Whether a list of drivers has this one."""
    return DRIVER in (each.strip() for each in names.split(","))


def _option(arguments: str, short: str, long: str) -> re.Match[str] | None:
    """The last `-d LIST`, `-dLIST`, `--long LIST` or `--long=LIST`, which counts; group 1 is the list, as written."""
    value = r"""("[^"]*"|'[^']*'|[^\s-]\S*)"""
    found = re.finditer(rf"(?<!\S)(?:-{short}\s*|--{long}(?:=|\s+)){value}", arguments)
    return max(found, key=lambda match: match.start(), default=None)


def _with_driver(arguments: str, short: str, long: str) -> str:
    match = _option(arguments, short, long)
    if match is None or lists_driver(match[1].strip("'\"")):
        return arguments
    names = match[1].rstrip("'\"").rstrip(", ")
    quote = match[1][0] if match[1][0] in "'\"" else ""
    return f"{arguments[: match.start(1)]}{names},{DRIVER}{quote}{arguments[match.end(1) :]}"


# -- sections ------------------------------------------------------------------------------------


def _transfer_section(text: str, version: tuple[int, ...], remarks: list[str]) -> str:
    """DRIVER is only for a new section: images of other formats that are there already must keep theirs."""
    section = _section(text, "TM_MAD_CONF")
    if section is None:
        new = {**TRANSFER, "DRIVER": "raw"}
        if version >= DISK_TYPE_SINCE:
            new["DISK_TYPE"] = "BLOCK"
        return with_attribute(text, _written("TM_MAD_CONF", new), "TM_MAD_CONF")
    return _completed(text, section, TRANSFER, remarks)


def _datastore_section(text: str, remarks: list[str]) -> str:
    section = _section(text, "DS_MAD_CONF")
    if section is None:
        return with_attribute(text, _written("DS_MAD_CONF", DATASTORE), "DS_MAD_CONF")
    missing = {key: value for key, value in DATASTORE.items() if section.get(key) is None}
    return with_pairs(text, section, missing.items())


def _section(text: str, name: str) -> Attribute | None:
    return next((each for each in parse(text) if each.name == name and each.says("NAME") == DRIVER), None)


def _written(name: str, pairs: dict[str, str]) -> str:
    lines = ",\n".join(f"    {key} = {quoted(value)}" for key, value in {"NAME": DRIVER, **pairs}.items())
    return f"{name} = [\n{lines}\n]"


def _completed(text: str, section: Attribute, wanted: dict[str, str], remarks: list[str]) -> str:
    for key, value in wanted.items():
        now = section.get(key)
        if now is not None and _words(now.text) != _words(value):
            remarks.append(
                f"{section.name} of {DRIVER} says {key} = {now.text!r}, this driver is made for {value!r}; it was left"
            )
    return with_pairs(text, section, [(key, value) for key, value in wanted.items() if section.get(key) is None])


def _words(text: str) -> set[str]:
    return {each.strip().upper() for each in text.split(",")}


def _inherited(text: str, _remarks: list[str]) -> str:
    """What an image says about its resource group reaches its disks (docs/configuration.md)."""
    name = "INHERIT_IMAGE_ATTR"
    said = (each.value.text for each in parse(text) if each.name == name and each.value is not None)
    if IMAGE_ATTRIBUTE in said:
        return text
    return with_attribute(text, f"{name} = {quoted(IMAGE_ATTRIBUTE)}", name)
