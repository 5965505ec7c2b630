"""The file systems of a running guest stand still for the moment whose data is kept (opennebula.md 3.6).

Its agent does that, where it has one. The host's own watchdog thaws when this process is gone, and the work is whole
all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from domain.errors import GuestNotFrozen, HostError, HostUnreachable
from domain.names import HostName
from domain.ports import Hosts
from domain.steps import FreezeGuest, PauseGuest, ResumeGuest, ThawGuest

FROZEN = "frozen"


@contextmanager
def frozen(hosts: Hosts, host: HostName, deploy_id: str) -> Iterator[str]:
    """A block in which the guest *deploy_id* of *host* stands still; what the host told, FROZEN where it does.

    Raises HostUnreachable, HostCommandFailed.
    """
    try:
        told = hosts.run(host, [FreezeGuest(deploy_id)])[0]
    except HostError:
        # its answer may be what was lost
        with suppress(HostError):
            hosts.run(host, [ThawGuest(deploy_id)])
        raise
    try:
        yield told
    finally:
        if told == FROZEN:
            with suppress(HostUnreachable):
                hosts.run(host, [ThawGuest(deploy_id)])


@contextmanager
def frozen_by_agent(hosts: Hosts, host: HostName, deploy_id: str) -> Iterator[None]:
    """The same for who has asked for it. Raises GuestNotFrozen where the guest has no agent."""
    with frozen(hosts, host, deploy_id) as told:
        if told != FROZEN:
            raise GuestNotFrozen(host, deploy_id)
        yield


@contextmanager
def paused(hosts: Hosts, host: HostName, deploy_id: str) -> Iterator[None]:
    """A block in which the guest stands still as a whole. Raises HostUnreachable, HostCommandFailed."""
    try:
        hosts.run(host, [PauseGuest(deploy_id)])
        yield
    finally:
        with suppress(HostError):
            hosts.run(host, [ResumeGuest(deploy_id)])


@contextmanager
def frozen_where_possible(hosts: Hosts, host: HostName, deploy_id: str) -> Iterator[None]:
    """The same for work that is also good without: a host that cannot freeze or thaw is no error."""
    told = FROZEN
    with suppress(HostError):
        told = hosts.run(host, [FreezeGuest(deploy_id)])[0]
    try:
        yield
    finally:
        if told == FROZEN:
            with suppress(HostError):
                hosts.run(host, [ThawGuest(deploy_id)])
