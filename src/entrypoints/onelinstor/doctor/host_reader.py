"""Hosts, read in one ssh session each, with the very options that the driver uses."""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from pathlib import Path

from adapters.opennebula.scripts_for_hosts import library, words
from adapters.opennebula.ssh import Shell, reached, session
from domain.errors import DriverError
from domain.names import host_name
from domain.settings import Limits
from entrypoints.onelinstor.doctor.reading import CannotAsk, HostFacts

SECONDS = 90.0
ADVICE = "ssh {} must work for the user of oned without a password and without a question: ssh-copy-id, known_hosts"


class OverSsh:
    """Port HostReader."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._shell = Shell(limits or Limits())

    def facts(self, host: str, location: str) -> HostFacts:
        """See the port."""
        mark = f"linstor-doctor-{secrets.token_hex(8)}"
        try:
            name = host_name(host)
            with session(
                name, self._shell.command(name, "bash -s"), SECONDS, stdin=_script(mark, location).encode()
            ) as program:
                ended = reached(name, program.end(), SECONDS)
        except DriverError as error:
            raise CannotAsk(error.tell(), ADVICE.format(host)) from error
        told = _told(ended.out.decode("utf-8", "replace"), mark)
        if "end" not in told:
            raise CannotAsk(f"its shell ended too early: {ended.said}", "the user of oned needs bash there")
        return _facts(told)


def _script(mark: str, location: str) -> str:
    own = Path(__file__).with_name("host_doctor.sh").read_text(encoding="utf-8")
    return "\n".join([library("common"), f"mark={words(mark)}", own, words("look", location), ""])


def _told(text: str, mark: str) -> dict[str, list[str]]:
    """Lines `MARK KEY VALUE`; what a login prints besides is nobody's."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        head, _, rest = line.partition(" ")
        if head == mark:
            key, _, value = rest.partition(" ")
            found[key].append(value.strip())
    return dict(found)


def _facts(told: dict[str, list[str]]) -> HostFacts:
    def one(key: str) -> str:
        return told.get(key, [""])[0]

    def several(key: str) -> tuple[str, ...]:
        return tuple(told.get(key, ()))

    free = one("free")
    return HostFacts(
        user=one("user"),
        groups=tuple(one("groups").split()),
        missing=several("missing"),
        drbd=one("drbd"),
        drbd_utils=one("utils"),
        helper=one("helper"),
        helper_there="helper-missing" not in told,
        udev_rules="rules" in told,
        closed_devices=several("closed"),
        nameless_devices=several("nameless"),
        libvirt=one("libvirt"),
        agentless=several("agentless"),
        location_writable="location-closed" not in told,
        free_kib=int(free) if re.fullmatch("[0-9]{1,18}", free) else -1,
        lvm_filter=one("filter") if "filter" in told else None,
    )
