"""The goals, and whether the figures keep them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from tests.bench.measuring import Measured

Runs = Mapping[int, Mapping[str, Measured]]

DISKS = 2
"""How many disks the VM has that migrates."""

MOST_REQUESTS = {
    "tm clone": 6,
    "tm clone (larger)": 6,
    "tm ln": 4,
    "tm mvds": 4,
    "tm delete": 4,
    "tm premigrate": 3 + 3 * DISKS,
    "tm postmigrate": 3 + 3 * DISKS,
    "tm failmigrate": 3 + 3 * DISKS,
    "tm mv (to the front-end)": 4,
    "tm mv (from the front-end)": 4,
    "tm mv (host to host)": 4,
    "tm resize": 4,
    "tm snap_create": 4,
    "tm snap_create_live": 4,
    "tm snap_revert": 4,
    "tm snap_delete": 4,
    "datastore snap_revert": 4,
    "datastore snap_delete": 4,
}
"""Without polls (docs/decisions/0004)."""
MOST_SESSIONS = {"tm snap_create_live": 2, "tm mv (directory)": 2}
"""On one host; one for every other action. Between freezing and thawing LINSTOR takes the snapshot, and a directory
goes when its copy has been compared.
"""
MOST_MONITOR = 2
MOST_TIMES_ONE_DISK = 2.0
MOST_RATIO = 2.5
SIZE_TOLERANCE = 0.02


@dataclass(frozen=True)
class Goal:
    """One goal: what is wanted, what was found, and whether that is good."""

    name: str
    wanted: str
    found: str
    kept: bool

    def as_json(self) -> dict[str, object]:
        """For the file."""
        return asdict(self)


def goals(runs: Runs, ratios: Mapping[str, float], disks: Mapping[int, Mapping[str, float]]) -> list[Goal]:
    """Every goal; *runs*: number of foreign definitions -> figures, *disks*: number of disks -> seconds, by action."""
    few, many = min(runs), max(runs)
    return [
        *_request_goals(runs[few]),
        _worst("controller/version per order", 1, {name: each.versions for name, each in runs[few].items()}),
        _listed("ssh sessions per host and order", "1, or 2 where something is between", _sessions(runs[few])),
        _listed(f"same requests at {few} and {many:,}", "no difference", _other_requests(runs[few], runs[many])),
        _listed(f"same answers at {few} and {many:,}", "within 2 %", _other_sizes(runs[few], runs[many])),
        _worst(f"requests of monitor at {many:,} volumes", MOST_MONITOR, _monitors(runs[many])),
        _worst("bytes through ssh of a disk's mv to the front-end", 0, _moved(runs[few])),
        _worst(f"time with {max(disks)} disks / with {min(disks)}", MOST_TIMES_ONE_DISK, _times_one(disks)),
        _worst("own time / import of linstor", MOST_RATIO, ratios),
    ]


def _request_goals(measured: Mapping[str, Measured]) -> Iterator[Goal]:
    for name, most in MOST_REQUESTS.items():
        found = len(measured[name].requests)
        yield Goal(f"requests of {name}", f"<= {most}", str(found), found <= most)


def _sessions(measured: Mapping[str, Measured]) -> Iterator[str]:
    """The actions with more than they need."""
    for name, each in measured.items():
        found = max(each.ssh.values(), default=0)
        if found > MOST_SESSIONS.get(name, 1):
            yield f"{name} {found}"


def _monitors(measured: Mapping[str, Measured]) -> dict[str, float]:
    return {name: len(each.requests) for name, each in measured.items() if name.endswith(" monitor")}


def _moved(measured: Mapping[str, Measured]) -> dict[str, float]:
    return {name: each.moved for name, each in measured.items() if name.endswith("mv (to the front-end)")}


def _times_one(disks: Mapping[int, Mapping[str, float]]) -> dict[str, float]:
    few, many = min(disks), max(disks)
    return {name: many_took / disks[few][name] for name, many_took in disks[many].items()}


def _worst(name: str, most: float, values: Mapping[str, float]) -> Goal:
    """A goal for the greatest value, with all actions that are above what is wanted."""
    above = {action: value for action, value in values.items() if value > most}
    greatest = max(values, key=lambda action: values[action])
    shown = above or {greatest: values[greatest]}
    found = ", ".join(f"{action} {value:.3g}" for action, value in shown.items())
    return Goal(name, f"<= {most:g}", found, not above)


def _listed(name: str, wanted: str, differences: Iterable[str]) -> Goal:
    found = ", ".join(differences)
    return Goal(name, wanted, found or "as wanted", not found)


def _other_requests(few: Mapping[str, Measured], many: Mapping[str, Measured]) -> Iterator[str]:
    for name, each in few.items():
        if len(each.requests) != len(many[name].requests):
            yield f"{name} {len(each.requests)} -> {len(many[name].requests)}"


def _other_sizes(few: Mapping[str, Measured], many: Mapping[str, Measured]) -> Iterator[str]:
    """Polls are left out, for their number depends on time."""
    for name, each in few.items():
        old, new = each.bytes, many[name].bytes
        if abs(new - old) > SIZE_TOLERANCE * old:
            yield f"{name} {old} -> {new}"
