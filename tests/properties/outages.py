"""Hosts, satellites and the controller go away and come back, between and during orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.properties.faults import How, Outage
from tests.properties.guests import MemoryGuests

from adapters.memory.hosts import MemoryHosts
from adapters.memory.linstor import LinstorModel
from domain.errors import ControllerUnreachable


class Outages:
    """Who is away now. *coming*: what the next order will see. *happened*: something was away since it was cleared."""

    def __init__(self, model: LinstorModel, hosts: MemoryHosts, guests: MemoryGuests) -> None:
        self._model, self._hosts, self._guests = model, hosts, guests
        self.away: dict[str, How] = {}
        self.controller_away = False
        self.coming: Outage | None = None
        self.happened = False

    @property
    def any(self) -> bool:
        """Whether something is away."""
        return bool(self.away) or self.controller_away

    def silent(self, host: str) -> bool:
        """Whether nobody reaches the host, so that oned calls its VMs UNKNOWN."""
        return self.away.get(host) in (How.DEAD, How.CUT)

    # -- going and coming -----------------------------------------------------------------------

    def goes(self, outage: Outage) -> None:
        """It is away from now on; a host that is cut off may die later."""
        self.happened = True
        if outage.how is How.CONTROLLER:
            self.controller_away = True
            return
        self.away[outage.host] = outage.how
        self._model.events.satellite_down(outage.host)
        if outage.how is not How.SATELLITE:
            self._hosts.down(outage.host)
        if outage.how is How.DEAD:
            self._guests.host_dies(outage.host)
            self._model.events.cut_network(outage.host)

    def all_return(self) -> None:
        """Everything is back, as it is after a while."""
        self.controller_away = False
        for host, how in self.away.items():
            if how is How.DEAD:
                self._model.events.heal_network(host)
            self._hosts.up(host)
            self._model.events.satellite_up(host)
        self.away.clear()

    # -- during an order ------------------------------------------------------------------------

    def due(self, call: int) -> None:
        """Call number *call* of an order is about to be made."""
        coming = self.coming
        if coming is not None and call == coming.at:
            self.goes(coming)
        if coming is not None and coming.lasts and call == coming.at + coming.lasts:
            self.all_return()
            self.coming = None

    def order_ended(self) -> None:
        """What the order was too short to see happens now."""
        coming, self.coming = self.coming, None
        if coming is not None and not self.any:
            self.goes(coming)

    def reached(self, cluster: Any) -> Any:
        """The port, as long as there is a controller."""
        return _Reached(cluster, lambda: self.controller_away)


class _Reached:
    """A port Cluster that may be away."""

    def __init__(self, cluster: Any, away: Callable[[], bool]) -> None:
        self._cluster, self._away = cluster, away

    def __getattr__(self, method: str) -> Any:
        def asked(*args: Any, **kwargs: Any) -> Any:
            if self._away():
                raise ControllerUnreachable(["memory"], "no answer")
            return getattr(self._cluster, method)(*args, **kwargs)

        return asked
