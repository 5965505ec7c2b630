"""Whatever LINSTOR's place is taken by: its answer is understood, or the order fails in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import recorded
from tests.fuzz.budget import tried
from tests.fuzz.ordering import carried_out, judge, world
from tests.fuzz.wire import ADDRESS, Wire, steady, through

from adapters.linstor.clusters import RestClusters
from adapters.linstor.inventory import RestInventories
from adapters.memory.cluster import MemoryCluster
from adapters.memory.linstor import LinstorModel
from domain.errors import DriverError
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.settings import StorageSettings
from entrypoints.remotes.parser import Call

HERE, THERE = HostName("host-a"), HostName("host-d")
VOLUME, OTHER, NEW = (VolumeName(f"OpenNebula-Image-{number}") for number in (1, 2, 3))
SNAPSHOT, GROUP = SnapshotName("OpenNebula-Snap-0"), GroupName("two")
SETTINGS = StorageSettings(100, (ADDRESS,))
MARKS = {"vm": "7", "disk": "0"}

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "definitions": lambda cluster: cluster.definitions([VOLUME, OTHER]),
    "definitions_marked": lambda cluster: cluster.definitions_marked(MARKS),
    "deployments": lambda cluster: cluster.deployments([VOLUME, OTHER]),
    "allocated": lambda cluster: cluster.allocated([VOLUME, OTHER]),
    "snapshots": lambda cluster: cluster.snapshots(VOLUME),
    "capacity": lambda cluster: cluster.capacity(GROUP),
    "create": lambda cluster: cluster.create(NEW, 65536, GROUP, MARKS),
    "copy": lambda cluster: cluster.copy(OTHER, NEW, GROUP, MARKS),
    "copy_state": lambda cluster: cluster.copy_state(OTHER, NEW),
    "grow": lambda cluster: cluster.grow(OTHER, 131072),
    "attach": lambda cluster: cluster.attach(VOLUME, THERE),
    "detach": lambda cluster: cluster.detach(VOLUME, THERE),
    "mark": lambda cluster: cluster.mark(VOLUME, {"x": "y"}, ["z"]),
    "allow_two_writers": lambda cluster: cluster.allow_two_writers(VOLUME, (HERE, HostName("host-b"))),
    "forbid_two_writers": lambda cluster: cluster.forbid_two_writers(VOLUME, (HERE, HostName("host-b"))),
    "place": lambda cluster: cluster.place(VOLUME),
    "delete": lambda cluster: cluster.delete(OTHER),
    "snapshot": lambda cluster: cluster.snapshot(OTHER, SNAPSHOT, MARKS),
    "delete_snapshot": lambda cluster: cluster.delete_snapshot(VOLUME, SNAPSHOT),
    "roll_back": lambda cluster: cluster.roll_back(VOLUME, SNAPSHOT),
    "restore": lambda cluster: cluster.restore(VOLUME, SNAPSHOT, NEW, GROUP, MARKS),
}


def _cluster() -> LinstorModel:
    model = LinstorModel.simple(("host-a", "host-b", "host-c", "host-d"), groups={"two": 2})
    cluster = MemoryCluster(model)
    for volume in (VOLUME, OTHER):
        cluster.create(volume, 65536, GROUP, MARKS)
    cluster.snapshot(VOLUME, SNAPSHOT, MARKS)
    return model


spoilt_answers = st.integers(-1, 3)


@tried(350)
@given(st.data(), st.sampled_from(sorted(OPERATIONS)), spoilt_answers)
def test_an_answer_is_understood_or_an_error_of_the_domain(data: st.DataObject, operation: str, which: int) -> None:
    """For every call of the port, whichever of its answers is spoilt."""
    with steady(), through(Wire(_cluster(), data.draw, which)):
        try:
            OPERATIONS[operation](RestClusters({}).of(SETTINGS))
        except DriverError as error:
            assert str(error)


@tried(80)
@given(st.data(), spoilt_answers)
def test_the_inventory_is_understood_or_an_error(data: st.DataObject, which: int) -> None:
    """What orphans and report look at."""
    with steady(), through(Wire(_cluster(), data.draw, which)):
        try:
            RestInventories({}).of(SETTINGS).holdings()
        except DriverError as error:
            assert str(error)


@tried(150)
@given(st.data(), st.sampled_from(recorded.calls()), st.integers(-1, 8))
def test_an_order_meets_spoilt_answers(data: st.DataObject, call: Call, which: int) -> None:
    """The rules trip over nothing that the adapter lets pass."""
    with steady():
        driver = world()
        driver.cluster = RestClusters({}).of(SETTINGS)  # type: ignore[assignment]
        with through(Wire(driver.model, data.draw, which)):
            judge(carried_out(driver, call))
