"""What every implementation of the Locks and Parallel ports promises."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.locks import MemoryLocks
from adapters.memory.parallel import MemoryParallel
from adapters.opennebula.locks import FileLocks
from adapters.opennebula.threads import Threads
from domain.errors import BadConfiguration, BadName, CopyFailed, Expired, SeveralFailed
from domain.names import VolumeName
from domain.ports import Locks, Parallel

ONE, TWO = VolumeName("OpenNebula-Image-1"), VolumeName("OpenNebula-Image-2")
MAKE: dict[str, Callable[[Path], Locks]] = {
    "memory": lambda _: MemoryLocks(MemoryClock()),
    "files": lambda directory: FileLocks({"TMPDIR": str(directory)}),
}


@pytest.fixture(params=MAKE)
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Locks:
    return MAKE[request.param](tmp_path)


def test_a_volume_is_held_by_one_order_at_a_time(locks: Locks) -> None:
    """The second one is told what it waited for, and how long (defect 61)."""
    with locks.hold([ONE], 1.0), pytest.raises(Expired, match=r"image-1.*0\.05 seconds"), locks.hold([TWO, ONE], 0.05):
        pass


def test_other_volumes_are_free_and_an_ended_order_holds_nothing(locks: Locks) -> None:
    """Also after an error."""
    with pytest.raises(ZeroDivisionError), locks.hold([ONE], 1.0), locks.hold([TWO], 0.05):
        raise ZeroDivisionError
    with locks.hold([ONE, TWO], 0.05):
        pass


def test_what_could_not_be_held_entirely_is_not_held_at_all(locks: Locks) -> None:
    """A waiting order does not block others with the locks that it already got."""
    with locks.hold([TWO], 1.0):
        with pytest.raises(Expired), locks.hold([ONE, TWO], 0.05):
            pass
        with locks.hold([ONE], 0.05):
            pass


def test_case_does_not_make_another_volume(locks: Locks) -> None:
    """LINSTOR takes both names for one volume; naming one twice is no dead end."""
    upper = VolumeName(ONE.upper())
    with locks.hold([ONE, upper, ONE], 0.5), pytest.raises(Expired), locks.hold([upper], 0.05):
        pass


def test_no_volume_needs_no_lock(locks: Locks) -> None:
    """An order without volumes goes on."""
    with locks.hold([], 0.05), locks.hold([], 0.05):
        pass


def test_a_name_never_becomes_a_path(locks: Locks) -> None:
    """What LINSTOR would refuse is no name of a lock."""
    with pytest.raises(BadName), locks.hold([VolumeName("../../etc/passwd")], 0.05):
        pass


def test_the_lock_of_a_killed_order_is_free(tmp_path: Path) -> None:
    """The kernel gives it back, however the process ended."""
    text = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); from adapters.opennebula.locks import FileLocks\n"
        "with FileLocks({'TMPDIR': sys.argv[2]}).hold(['OpenNebula-Image-1'], 1):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    source = str(Path(sys.modules[FileLocks.__module__].__file__ or "").parents[2])
    argv = [sys.executable, "-c", text, source, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        locks = FileLocks({"TMPDIR": str(tmp_path)})
        with pytest.raises(Expired), locks.hold([ONE], 0.05):
            pass
        process.kill()
        with locks.hold([ONE], 5.0):
            pass


def test_two_orders_that_want_the_same_two_never_block_each_other(tmp_path: Path) -> None:
    """Everybody takes them in one order."""
    done = []

    def order(names: list[VolumeName]) -> None:
        for _ in range(20):
            with FileLocks({"TMPDIR": str(tmp_path)}).hold(names, 20.0):
                done.append(names)

    threads = [threading.Thread(target=order, args=(names,)) for names in ([ONE, TWO], [TWO, ONE])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 40


def test_taking_a_lock_makes_its_file_young(tmp_path: Path) -> None:
    """Cleaners of /tmp go by age, and must not remove a lock that is held."""
    locks = FileLocks({"TMPDIR": str(tmp_path)})
    with locks.hold([ONE], 1.0):
        directory = next(tmp_path.iterdir())
        os.utime(directory / ONE.lower(), (0, 0))
    with locks.hold([ONE], 1.0):
        assert (directory / ONE.lower()).stat().st_mtime > 0


@pytest.mark.parametrize("mode", [0o777, 0o755])
def test_a_directory_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    """Somebody else could hold our locks for ever."""
    directory = tmp_path / f"one-linstor-{os.getuid()}"
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(BadConfiguration, match="one-linstor"), FileLocks({"TMPDIR": str(tmp_path)}).hold([ONE], 1.0):
        pass


def test_a_link_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    """It could lead anywhere."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / f"one-linstor-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadConfiguration), FileLocks({"TMPDIR": str(tmp_path)}).hold([ONE], 1.0):
        pass


# -- Parallel --------------------------------------------------------------------------------------


@pytest.fixture(params=[Threads, MemoryParallel], ids=["threads", "memory"])
def parallel(request: pytest.FixtureRequest) -> Parallel:
    made: Parallel = request.param()
    return made


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_results_come_in_the_order_of_the_items(parallel: Parallel, count: int) -> None:
    """Whatever ends first."""
    assert parallel.map(lambda item: item * 2, range(count)) == [item * 2 for item in range(count)]


def test_all_are_worked_on_before_an_error_is_raised(parallel: Parallel) -> None:
    """One error comes as it is."""
    done = []

    def work(item: int) -> None:
        if item == 0:
            raise CopyFailed("volume-0")
        done.append(item)

    with pytest.raises(CopyFailed, match="volume-0"):
        parallel.map(work, range(4))
    assert sorted(done) == [1, 2, 3]


def test_several_errors_are_all_named(parallel: Parallel) -> None:
    """The sentence names every volume."""

    def work(item: int) -> None:
        raise CopyFailed(f"volume-{item}")

    with pytest.raises(SeveralFailed, match=r"volume-0.*volume-1.*volume-2"):
        parallel.map(work, range(3))


def test_a_test_may_choose_the_order() -> None:
    """The last item first, for example."""
    seen: list[int] = []
    MemoryParallel(lambda count: list(reversed(range(count)))).map(seen.append, [1, 2, 3])
    assert seen == [3, 2, 1]
