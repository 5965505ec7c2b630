"""Where controllers are: addresses as an administrator writes them, and which one answered last (linstor.md 3.1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from domain.errors import BadConfiguration

_PORTS = {"linstor": 3370, "http": 3370, "linstor+ssl": 3371, "https": 3371}
_SECURE = frozenset({"linstor+ssl", "https"})


@dataclass(frozen=True)
class Endpoint:
    """One controller's address; *secure* is TLS."""

    host: str
    port: int
    secure: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"

    def secured(self, port: int) -> Endpoint:
        """The same machine over TLS at *port*."""
        return Endpoint(self.host, port, True)


def endpoint(text: str) -> Endpoint:
    """An address `[scheme://]host[:port]`; without a scheme it is plain HTTP. Raises BadConfiguration."""
    try:
        parts = urlsplit(text if "://" in text else f"linstor://{text}")
        port = parts.port
    except ValueError:
        raise _no_address() from None
    if not _sound(parts):
        raise _no_address()
    return Endpoint(str(parts.hostname), port or _PORTS[parts.scheme], parts.scheme in _SECURE)


def _sound(parts: SplitResult) -> bool:
    """Whether it is an address and nothing else: a password in it would end up in messages."""
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment
    return parts.scheme in _PORTS and _is_host(parts.hostname or "") and "@" not in parts.netloc and plain


def _is_host(name: str) -> bool:
    """Whether a name can be looked up at all: its parts have 1 to 63 characters, none of them a control character."""
    try:
        return name.isprintable() and bool(name.encode("idna"))
    except UnicodeError:
        return False


def _no_address() -> BadConfiguration:
    return BadConfiguration(
        "LINSTOR_CONTROLLERS has an entry that is no address; write host, host:port, "
        "linstor://host:port or linstor+ssl://host:port, without user and password"
    )


class Controllers:
    """The controllers of one LINSTOR, the one that answered last first. Used from several threads."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._all = [endpoint(address) for address in addresses]
        self._good: Endpoint | None = None

    def in_order(self, last: Collection[Endpoint]) -> list[Endpoint]:
        """All of them; those in *last* come at the end."""
        known = list(self._all)
        return sorted(known, key=lambda each: (each in last, each != self._good, known.index(each)))

    def answered(self, one: Endpoint) -> None:
        """Remember that *one* is a LINSTOR controller and active."""
        self._good = one

    @property
    def found(self) -> bool:
        """Whether any of them has answered so far."""
        return self._good is not None

    def moved(self, old: Endpoint, new: Endpoint) -> None:
        """Remember that *old* sends its visitors to *new* (a controller with TLS, linstor.md 2.1)."""
        self._all = [new if each == old else each for each in self._all]

    def names(self) -> tuple[str, ...]:
        """All addresses, for a person."""
        return tuple(str(each) for each in self._all)
