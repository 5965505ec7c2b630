"""What can go wrong around an order, as a table: when it can begin, what happens then, and how it ends again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from adapters.memory.linstor import Handle, OpenRefused, Refused
from entrypoints.sandbox.linstor.faults import Fault
from entrypoints.sandbox.torture.programs import BUSY, FULL, READ_ONLY, failing
from entrypoints.sandbox.torture.stage import HOME, Stage

LIMITS: Mapping[str, str] = {
    "LINSTOR_TIMEOUT": "3",
    "LINSTOR_CONNECT_TIMEOUT": "2",
    "LINSTOR_CLONE_TIMEOUT": "5",
    "LINSTOR_DEVICE_TIMEOUT": "3",
}
"""Attributes of the datastores, so that nobody has to wait for the ordinary limits."""
SLOW = 4.0
"""Seconds: more than those of a change, and than `ONED`."""
ONED = "2"
"""ONE_XMLRPC_TIMEOUT, in seconds."""

End = Callable[[], object]
"""Ends the trouble, before the order is tried again."""
Begin = Callable[[Stage], tuple[str, End]]
"""Lets the trouble begin; what a session with a host that begins now is told of it, and the end."""

REQUEST = r"[A-Z]+ /v1/"
CHANGE = r"(POST|PUT|DELETE) /v1/(?!.*(query-|queries/))"
READ = r"GET /v1/"
PLACING = (
    r"POST /v1/.*/(spawn|clone|autoplace|make-available|snapshots|snapshot-restore-.*)$|PUT .*/volume-definitions/"
)
SESSION = r"ssh to .* begins"
ASKING = r"oned is asked"
OTHER = "host-b"


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong: it may begin at each event that *meets* describes.

    *standby*: a second controller waits. *patient*: the order has to wait for a limit that no attribute changes.
    *owing*: it may succeed and leave something for the next order, as one does whose host is down (rule 6).
    *helpless*: what was made cannot be taken back, because LINSTOR does not do that either.
    *in_the_way*: it keeps LINSTOR from ending a deletion that was begun.
    *away*: a host that nobody can look at; what it has attached and does not use may stay so.
    *breaks_growth*: LINSTOR drives a growth on only for a size beyond the one it has on record (linstor.md 2.17).
    """

    name: str
    meets: str
    begin: Begin
    standby: bool = False
    patient: bool = False
    owing: bool = False
    helpless: bool = False
    in_the_way: bool = False
    away: str = ""
    breaks_growth: bool = False


def _nothing() -> None:
    return


def _linstor(how: str, when: str = "before", *, delay: float = 0.0, lasts: bool = False) -> Begin:
    """A request that meets it goes wrong, or all from then on."""

    def begin(stage: Stage) -> tuple[str, End]:
        faults = stage.sandbox.server.app.faults
        faults.append(Fault(lambda _method, _path: True, when, how, delay, lasts))
        return "", faults.clear

    return begin


def _offline(host: str) -> Begin:
    def begin(stage: Stage) -> tuple[str, End]:
        events = stage.sandbox.linstor.events
        events.satellite_down(host)
        return "", lambda: events.satellite_up(host)

    return begin


def _cut_off(host: str) -> Begin:
    def begin(stage: Stage) -> tuple[str, End]:
        events = stage.sandbox.linstor.events
        events.cut_network(host)
        return "", lambda: events.heal_network(host)

    return begin


def _command_fails(host: str, command: str) -> Begin:
    """A command of a satellite."""

    def begin(stage: Stage) -> tuple[str, End]:
        events = stage.sandbox.linstor.events
        events.fail(host, command)
        return "", lambda: events.heal(host)

    return begin


def _full(stage: Stage) -> tuple[str, End]:
    """No pool has room."""
    pools = [pool for node in stage.sandbox.linstor.state.nodes.values() for pool in node.pools.values()]
    known = {id(pool): pool.free for pool in pools}
    real = [pool for pool in pools if pool.kind != "DISKLESS"]
    for pool in real:
        pool.free = 0

    def end() -> None:
        for pool in real:
            pool.free = known[id(pool)]

    return "", end


def _behind(stage: Stage) -> tuple[str, End]:
    """The replicas of one host do not get in step."""
    state = stage.sandbox.linstor.state
    events = stage.sandbox.linstor.events
    names = [each.name for each in state.definitions.values() if HOME in {one.node for one in each.diskful()}]
    for name in names:
        with suppress(Refused):  # the order has just deleted it
            events.set_disk_state(HOME, name, "Inconsistent")

    def end() -> None:
        for name in names:
            if name in state.definitions and HOME in state.definitions[name].resources:
                events.set_disk_state(HOME, name, "UpToDate")

    return "", end


def _dies_in(operation: str) -> Begin:
    """The controller ends in the middle and is back at once; the I/O of the volume stays suspended."""

    def begin(stage: Stage) -> tuple[str, End]:
        model = stage.sandbox.linstor
        model.events.die_in(operation)

        def end() -> None:
            model.state.dies_in.clear()
            for name in model.state.definitions:
                model.events.resume_io(name)

        return "", end

    return begin


def _held_open(stage: Stage) -> tuple[str, End]:
    """Somebody else on each host has each device open, and only reads."""
    handles = list(_opened(stage))

    def end() -> None:
        for each in handles:
            each.close()

    return "", end


def _opened(stage: Stage) -> Iterator[Handle]:
    model = stage.sandbox.linstor
    for definition in list(model.state.definitions.values()):
        for node in list(definition.resources):
            with suppress(OpenRefused):
                yield model.devices.open(node, definition.name, write=False, label="somebody")


def _late(seconds: float | None) -> Begin:
    """Devices appear so many seconds late, or not at all."""

    def begin(stage: Stage) -> tuple[str, End]:
        hosts = stage.sandbox.hosts
        for host in hosts.names:
            hosts.hold_back(host)

        def show() -> None:
            for host in hosts.names:
                hosts.show(host)

        if seconds is not None:
            timer = threading.Timer(seconds, show)
            timer.daemon = True
            timer.start()
        return "", show

    return begin


def _told(words: str) -> Begin:
    """The session that begins now hears *words* (`bin/ssh`)."""
    return lambda stage: (words, _nothing)


def _programs(kind: str) -> Begin:
    return lambda stage: (f"programs {failing(stage.sandbox.root, kind)}", _nothing)


def _oned(how: str) -> Begin:
    """Every call from now on."""

    def begin(stage: Stage) -> tuple[str, End]:
        stage.sandbox.oned.trouble = how
        return "", lambda: setattr(stage.sandbox.oned, "trouble", "")

    return begin


def _refused(said: str, code: int) -> Begin:
    """No, says oned, this once."""

    def begin(stage: Stage) -> tuple[str, End]:
        stage.sandbox.oned.faults.append([False, said, code, -1])
        return "", stage.sandbox.oned.faults.clear

    return begin


TROUBLES: tuple[Trouble, ...] = (
    Trouble("LINSTOR answers 500", REQUEST, _linstor("500")),
    Trouble("LINSTOR answers 500 after the work", CHANGE, _linstor("500", "after")),
    Trouble("LINSTOR answers with an error inside a success", CHANGE, _linstor("error inside", "after")),
    Trouble("a connection is cut", REQUEST, _linstor("cut")),
    Trouble("a connection is cut after the work", CHANGE, _linstor("cut", "after")),
    Trouble("LINSTOR is gone from then on", REQUEST, _linstor("cut", lasts=True), helpless=True),
    Trouble("LINSTOR answers too late", CHANGE, _linstor("delay", "after", delay=SLOW)),
    Trouble("LINSTOR's answer drips", CHANGE, _linstor("drip", "after")),
    Trouble("LINSTOR's answer is truncated", REQUEST, _linstor("truncate", "after")),
    Trouble("LINSTOR's answer is a page of a proxy", REQUEST, _linstor("garbage", "after")),
    Trouble("a controller fails over", REQUEST, _linstor("cut", lasts=True), standby=True),
    Trouble("the satellite of the VM's host is offline", REQUEST, _offline(HOME), away=HOME),
    Trouble("the satellite of another host is offline", REQUEST, _offline(OTHER), away=OTHER),
    Trouble("the network of a host is cut", REQUEST, _cut_off(OTHER), breaks_growth=True),
    Trouble("a snapshot fails on a host", r"POST .*/snapshots$", _command_fails(HOME, r"lvcreate.*--snapshot")),
    Trouble("a clone fails on a host", r"POST .*/clone$", _command_fails(HOME, r"lvcreate.*--snapshot")),
    Trouble("a host fails to adjust DRBD", CHANGE, _command_fails(HOME, r"drbdadm .*adjust"), in_the_way=True),
    Trouble("a host fails to make a volume", PLACING, _command_fails(HOME, r"lvcreate")),
    Trouble("all pools are full", PLACING, _full),
    Trouble("replicas stay behind", REQUEST, _behind),
    Trouble("the controller dies in a snapshot", r"POST .*/snapshots$", _dies_in("snapshot")),
    Trouble("the controller dies in a clone", r"POST .*/clone$", _dies_in("clone")),
    Trouble("somebody holds the devices open", r"DELETE |POST .*rollback", _held_open, patient=True),
    Trouble("devices are late", PLACING, _late(1.0)),
    Trouble("devices never appear", PLACING, _late(None)),
    Trouble("ssh is refused", SESSION, _told("refuse"), owing=True),
    Trouble("ssh breaks after the work", SESSION, _told("break"), owing=True),
    Trouble("ssh hangs", SESSION, _told("hang"), patient=True, owing=True),
    Trouble("the disk of a host is full", SESSION, _programs(FULL)),
    Trouble("the file system of a host is read-only", SESSION, _programs(READ_ONLY)),
    Trouble("a device is busy", SESSION, _programs(BUSY)),
    Trouble("oned is down", ASKING, _oned("cut")),
    Trouble("oned answers too late", ASKING, _oned("slow")),
    Trouble("oned's answer drips", ASKING, _oned("drip")),
    Trouble("oned answers 503", ASKING, _oned("503")),
    Trouble("oned answers with a page", ASKING, _oned("200")),
    Trouble("oned refuses the session", ASKING, _refused("User couldn't be authenticated, aborting call.", 0x0100)),
    Trouble("oned does not know the object", ASKING, _refused("Error getting virtual machine [7].", 0x0400)),
    Trouble("oned has the object locked", ASKING, _refused("The object is locked.", 0x8000)),
)
