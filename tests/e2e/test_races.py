"""Executables that run at the same moment end as they would one after the other."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from entrypoints.sandbox.cloud import SYSTEM_LINSTOR, SYSTEM_TM
from entrypoints.sandbox.documents import Record, VmDocument
from entrypoints.sandbox.torture.stage import AWAY, DATA, HOME, OS, VM, Stage
from entrypoints.sandbox.torture.starting import Order
from entrypoints.sandbox.torture.state import State, state
from entrypoints.sandbox.world import HOSTS, Completed, Sandbox

pytestmark = pytest.mark.e2e

MANY, SEED = 16, 11
Prepare = Callable[[Stage], Sequence[Order]]


def carry_out(stage: Stage, order: Order, after: float = 0.0) -> Completed:
    time.sleep(after)
    return stage.sandbox.run(order.kind, "linstor", order.action, order.argv, order.stdin)


def at_once(stage: Stage, orders: Sequence[Order], delays: Sequence[float] = ()) -> list[Completed]:
    """All of them, the n-th begins *delays*[n] seconds late."""
    late = [*delays, *[0.0] * (len(orders) - len(delays))]
    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(lambda pair: carry_out(stage, *pair), zip(orders, late, strict=True)))


def failures(ended: Sequence[Completed]) -> list[str]:
    return [each.stderr for each in ended if each.exit_code]


def known_vm(stage: Stage, vm: int, host: str) -> None:
    """A VM with a copy of the image on the host, before oned asks for its disk."""
    stage.vms[vm] = VmDocument(vm, [Record(host, SYSTEM_LINSTOR, SYSTEM_TM[SYSTEM_LINSTOR])], context_disk=1)
    stage.vms[vm].disks[0] = stage._disk(OS, vm)
    stage._tell(vm)


def clone(stage: Stage, vm: int) -> Order:
    front_end, source = stage.sandbox.hosts.front_end, stage.images[OS].source
    return Order("tm", "clone", (f"{front_end}:{source}", stage._place(vm, 0), str(vm), "100"))


def of_vm(found: State, vm: int) -> State:
    """What there is of one VM, with its number taken out, so that VMs can be compared."""
    number = re.compile(rf"(?<=-vm){vm}(?=-)|(?<=/){vm}(?=/)")
    pairs = ((key, how) for key, how in found.items() if number.search(key))
    return {
        number.sub("N", key): "N" if key.endswith(" mark vm") and how == str(vm) else number.sub("N", how)
        for key, how in pairs
    }


def outcome(prepare: Prepare, run: Callable[[Stage, Sequence[Order]], Sequence[Completed]]) -> tuple[State, list[str]]:
    """What there is, and what was said, after the orders of a stage of its own have run."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        stage.furnish(SEED)
        orders = prepare(stage)
        said = failures(run(stage, orders))
        return state(sandbox), said


def one_after_the_other(stage: Stage, orders: Sequence[Order]) -> list[Completed]:
    return [carry_out(stage, each) for each in orders]


def backwards(stage: Stage, orders: Sequence[Order]) -> list[Completed]:
    return one_after_the_other(stage, list(reversed(orders)))


def assert_serial(prepare: Prepare, delays: Sequence[Sequence[float]]) -> None:
    """However far apart the two orders begin, they end as in one order or the other."""
    serial = [outcome(prepare, one_after_the_other), outcome(prepare, backwards)]
    assert [said for _, said in serial] == [[], []]
    for late in delays:
        assert outcome(prepare, lambda stage, orders, late=late: at_once(stage, orders, late)) in serial


def test_sixteen_copies_of_an_image_are_made_at_once() -> None:
    """Each is complete and linked, on whichever host, as one is that is made alone."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        stage.furnish(SEED)
        alone = {}
        for vm, host in enumerate(HOSTS, 11):
            known_vm(stage, vm, host)
            assert carry_out(stage, clone(stage, vm)).exit_code == 0
            alone[host] = of_vm(state(sandbox), vm)
        machines = {vm: HOSTS[vm % len(HOSTS)] for vm in range(101, 101 + MANY)}
        for vm, host in machines.items():
            known_vm(stage, vm, host)

        assert failures(at_once(stage, [clone(stage, vm) for vm in machines])) == []

        found = state(sandbox)
        assert {vm: of_vm(found, vm) for vm in machines} == {vm: alone[host] for vm, host in machines.items()}
        assert len({behind for key, behind in found.items() if key.endswith("/disk.0")}) == MANY + len(HOSTS)


def test_sixteen_machines_start_on_one_host_at_once() -> None:
    """Every guest has a disk of its own: what one writes no other reads."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        stage.furnish(SEED)
        machines = range(101, 101 + MANY)

        with ThreadPoolExecutor(MANY) as pool:
            list(pool.map(lambda vm: stage.deploy(vm, HOME, [OS], system=SYSTEM_LINSTOR), machines))

        for vm in machines:
            sandbox.guests.write_all(vm)
        assert [lost for vm in machines for lost in sandbox.guests.lost(vm)] == []


def test_a_disk_that_is_deleted_while_it_is_made_is_there_or_gone() -> None:
    """Whoever comes first: there is never a part of it."""

    def prepare(stage: Stage) -> Sequence[Order]:
        known_vm(stage, VM, HOME)
        return clone(stage, VM), stage.tm("delete", stage.place(HOME, 0))

    assert_serial(prepare, [(0.0, 0.0), (0.0, 0.4), (0.2, 0.0)])


def test_a_disk_that_is_detached_while_its_machine_moves_ends_as_in_one_order() -> None:
    """Nobody may write to it from two hosts, and nothing is left where it is not used."""

    def prepare(stage: Stage) -> Sequence[Order]:
        stage.boot()
        stage.go_to(AWAY)
        moving = stage.migration("premigrate")
        stage.sandbox.guests.detach(VM, 1)
        return moving, stage.tm("mvds", stage.place(HOME, 1), stage.images[DATA].source)

    assert_serial(prepare, [(0.0, 0.0), (0.0, 0.4), (0.2, 0.0)])


def test_space_is_told_while_fifty_images_are_made() -> None:
    """No monitoring fails or tells nonsense, and none of the images is missing."""
    with Sandbox() as sandbox:
        stage = Stage(sandbox)
        made = [stage.image("mkfs", identity, 1, FORMAT="raw", FS="raw") for identity in range(200, 250)]
        monitors = [stage.monitor("tm"), stage.monitor("datastore")]

        with ThreadPoolExecutor(8) as pool:
            images = [pool.submit(carry_out, stage, each) for each in made]
            told = []
            while not all(each.done() for each in images):
                told += at_once(stage, monitors)

        assert failures([each.result() for each in images]) == []
        assert failures(told) == []
        assert len(told) >= 2
        for each in told:
            space = dict(re.findall(r"^(USED_MB|TOTAL_MB|FREE_MB)=(\d+)$", each.stdout, re.MULTILINE))
            assert int(space["USED_MB"]) + int(space["FREE_MB"]) <= int(space["TOTAL_MB"])
        assert len(sandbox.linstor.state.definitions) == len(made)
