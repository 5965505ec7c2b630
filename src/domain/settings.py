"""What a datastore says about LINSTOR: attributes in, typed settings out (linstor.md 7, opennebula.md 4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.errors import BadConfiguration
from domain.masking import shown_number
from domain.names import GroupName, HostName, group_name, host_name
from domain.opennebula import Datastore

DEFAULT_GROUP = GroupName("DfltRscGrp")
"""The group that LINSTOR itself takes where none is named (linstor.md 1.1)."""

ORDER_ID = "LINSTOR_ORDER_ID"
"""What the environment calls the short id of the order; its error, log line, trace and requests carry it."""


@dataclass(frozen=True)
class Limits:
    """How long the driver waits, in seconds (rule 9)."""

    connect: float = 5.0
    read: float = 30.0
    change: float = 300.0
    copy: float = 3600.0
    device: float = 30.0
    close: float = 30.0
    ssh_connect: float = 10.0
    host: float = 120.0
    transfer: float = 86400.0
    lock: float = 120.0


@dataclass(frozen=True)
class StorageSettings:
    """One datastore's view of LINSTOR. *controllers* are URIs or `host[:port]`, in the order to try."""

    datastore_id: int
    controllers: tuple[str, ...] = ("localhost",)
    group: GroupName = DEFAULT_GROUP
    bridges: tuple[HostName, ...] = ()
    nodes: Mapping[HostName, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    password_file: str = ""
    token: str = field(default="", repr=False)
    token_file: str = ""
    prefer_local: bool = False


class KnownLimits:
    """The limits that count on hosts: those of the datastores that the order has asked about so far.

    An order can be about several, and a host must not be given up before the most patient of them would.
    """

    def __init__(self) -> None:
        self._known: list[Limits] = []

    def add(self, limits: Limits) -> None:
        """The order is about a datastore with these."""
        self._known.append(limits)

    def now(self) -> Limits:
        """The longest times for a host and for a change; the defaults where no datastore was asked about."""
        known = self._known or [Limits()]
        return replace(known[0], host=max(each.host for each in known), change=max(each.change for each in known))


_LIMITS = {
    "LINSTOR_TIMEOUT": "change",
    "LINSTOR_CONNECT_TIMEOUT": "connect",
    "LINSTOR_CLONE_TIMEOUT": "copy",
    "LINSTOR_DEVICE_TIMEOUT": "device",
    "LINSTOR_SSH_TIMEOUT": "host",
}


def settings_of(datastore: Datastore, environment: Mapping[str, str]) -> StorageSettings:
    """The settings of *datastore*; LS_CONTROLLERS of *environment* stands in for LINSTOR_CONTROLLERS.

    Raises BadConfiguration, BadName with the attribute that makes no sense.
    """
    given = datastore.attributes
    return StorageSettings(
        datastore_id=datastore.datastore_id,
        controllers=_controllers(given.get("LINSTOR_CONTROLLERS") or environment.get("LS_CONTROLLERS") or "localhost"),
        group=group_in(given) or DEFAULT_GROUP,
        bridges=tuple(host_name(word) for word in given.get("BRIDGE_LIST", "").split()),
        nodes=_node_map(given.get("LINSTOR_NODE_MAP", "")),
        limits=_limits(given),
        ca_file=given.get("LINSTOR_CA_FILE", ""),
        cert_file=given.get("LINSTOR_CERT_FILE", ""),
        key_file=given.get("LINSTOR_KEY_FILE", ""),
        user=given.get("LINSTOR_USER", ""),
        password=given.get("LINSTOR_PASSWORD", ""),
        password_file=given.get("LINSTOR_PASSWORD_FILE", ""),
        token=given.get("LINSTOR_TOKEN", ""),
        token_file=given.get("LINSTOR_TOKEN_FILE", ""),
        prefer_local=_yes(given, "LINSTOR_PREFER_LOCAL"),
    )


def group_in(attributes: Mapping[str, str]) -> GroupName | None:
    """The resource group that a template names, None where it names none. Raises BadName."""
    name = attributes.get("LINSTOR_RESOURCE_GROUP", "").strip()
    return group_name(name) if name else None


def _yes(given: Mapping[str, str], name: str) -> bool:
    return given.get(name, "").strip().lower() in ("yes", "true", "1")


def _controllers(text: str) -> tuple[str, ...]:
    found = tuple(word for word in text.replace(",", " ").split() if word)
    if not found:
        raise BadConfiguration("LINSTOR_CONTROLLERS names no controller; write host:port,host:port")
    return found


def _node_map(text: str) -> dict[HostName, str]:
    pairs = [word.split(":", 1) for word in text.replace(",", " ").split()]
    if any(len(pair) != 2 for pair in pairs):
        raise BadConfiguration("LINSTOR_NODE_MAP is not of the form host:node host:node")
    return {host_name(host): host_name(node) for host, node in pairs}


def _limits(given: Mapping[str, str]) -> Limits:
    chosen: dict[str, float] = {}
    for attribute, name in _LIMITS.items():
        if text := given.get(attribute, "").strip():
            chosen[name] = _seconds(attribute, text)
    return Limits(**chosen)


def _seconds(attribute: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:
        raise BadConfiguration(f"{attribute} is {shown_number(text)}, not a number of seconds between 1 and 86400")
    return seconds
