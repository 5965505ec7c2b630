"""The deb on copies of this machine: installed beside OpenNebula, used, upgraded, removed. Only where PACKAGES=1."""

from __future__ import annotations

import os
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.packaging.building import ROOT, built, run, two
from tests.packaging.front_end import NAME, REMOTES, front_end
from tests.packaging.machine import Machine, machine, reason_against

COPIES = Path("var/lib") / NAME
OWN = (
    *(f"usr/lib/{NAME}", str(COPIES), "usr/bin/onelinstor", f"usr/share/doc/{NAME}"),
    "usr/share/man/man1/onelinstor.1.gz",
    "usr/share/bash-completion/completions/onelinstor",
    "usr/share/zsh/vendor-completions/_onelinstor",
)
RECORDING = ROOT / "tests/captures/oned-7.4.0/selection.tar.gz"
UNTIL = 120.0

pytestmark = [
    pytest.mark.packages,
    pytest.mark.skipif(bool(reason_against()), reason=reason_against()),
    pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb"),
]


@pytest.fixture(scope="module")
def packages() -> tuple[Path, Path]:
    return two("deb")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path / "machine") as made:
        assert _left(made) == []
        yield made


def _left(machine: Machine) -> list[str]:
    return [each for each in OWN if (machine.root / each).exists() or (machine.root / each).is_symlink()]


def _dpkg(machine: Machine, *words: str) -> str:
    """The package's own needs are another machine's business, and so is a power cut."""
    return machine.run("dpkg", "--force-depends", "--force-unsafe-io", *words)


def _current(machine: Machine) -> str:
    """The build whose command a person runs."""
    return str((machine.root / COPIES / "current").readlink())


def _reached(count: Callable[[], int], number: int) -> None:
    end = time.monotonic() + UNTIL
    while count() < number:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("version", ["6.8.0", "7.4.0"])
def test_it_serves_oned_from_installation_to_removal(packages: tuple[Path, Path], here: Machine, version: str) -> None:
    """Every action runs the package's copy, an upgrade fails no order, and removal gives back every byte."""
    one = front_end(here, version)

    _dpkg(here, "-i", here.put(packages[0]))
    assert one.order() == "OpenNebula-Image-7"
    first = _current(here)
    assert [name for name, text in one.launchers().items() if first not in text] == []
    edited = {name for name, entry in one.before.items() if one.now()[name] != entry}
    assert edited == set()

    here.run("onelinstor", "install", "--configure")
    assert b"linstor" in (one.tree.etc / "oned.conf").read_bytes()
    calling = [one.calling(number) for number in range(2)]
    try:
        _reached(lambda: min(map(one.count, range(2))), 3)
        _dpkg(here, "-i", here.put(packages[1]))
        _reached(lambda: one.count(0), one.count(0) + 3)
    finally:
        (here.root / "tmp/stop").touch()
        for each in calling:
            each.wait()
    second = _current(here)
    assert second != first
    assert [name for name, text in one.launchers().items() if second not in text] == []
    assert [one.failures(number) for number in range(2)] == ["", ""]

    _dpkg(here, "-r", NAME)
    assert one.now() == one.before
    _dpkg(here, "--purge", NAME)
    assert _left(here) == []


def test_what_oned_runs_then_carries_out_recorded_orders(
    packages: tuple[Path, Path], here: Machine, tmp_path: Path
) -> None:
    """The package's own sandbox plays recorded calls of a real oned with the files that oned runs."""
    front_end(here, "7.4.0")
    with tarfile.open(RECORDING) as archive:
        archive.extractall(here.root / "tmp" / "oned-7.4.0", filter="data")
    _dpkg(here, "-i", here.put(packages[0]))

    told = here.run("onelinstor", "sandbox", "replay", "/tmp/oned-7.4.0", "--remotes", REMOTES)

    assert told.endswith(" 0 findings\n")


@pytest.mark.parametrize("version", ["5.8.5", "6.8.0"])
def test_an_addon_that_was_there_comes_back(packages: tuple[Path, Path], here: Machine, version: str) -> None:
    """Its scripts are put away, also those that an administrator changed, and given back by the removal."""
    one = front_end(here, version, addon=True)

    _dpkg(here, "-i", here.put(packages[0]))
    assert one.order() == "OpenNebula-Image-7"
    assert not (one.tree.driver("tm") / "clone.ssh").exists()
    _dpkg(here, "-r", NAME)

    assert one.now() == one.before


def test_a_package_of_the_addon_makes_room(packages: tuple[Path, Path], here: Machine) -> None:
    """Its files go first, so that it does not take the driver's away when it is removed later."""
    one = front_end(here, "6.8.0")
    _dpkg(here, "-i", _addon(here))
    assert (one.tree.driver("tm") / "clone").read_text() == "#!/bin/sh\n"

    _dpkg(here, "-i", here.put(packages[0]))

    assert one.order() == "OpenNebula-Image-7"
    assert here.ended("dpkg", "-s", "linstor-opennebula").returncode != 0
    _dpkg(here, "-r", NAME)
    assert one.now() == one.before


def _addon(machine: Machine) -> str:
    root = machine.root / "tmp/addon"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: linstor-opennebula\nVersion: 3.1.2-1\nArchitecture: all\nMaintainer: none <none@localhost>\n"
        "Description: the addon\n"
    )
    for name in ("tm/linstor/clone", "datastore/linstor/cp"):
        path = root / "var/lib/one/remotes" / name
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    machine.run("dpkg-deb", "--build", "--root-owner-group", "/tmp/addon", "/tmp/linstor-opennebula.deb")
    return "/tmp/linstor-opennebula.deb"


def test_without_opennebula_it_is_there_for_a_look(packages: tuple[Path, Path], here: Machine) -> None:
    """The command works, says what to do, and an upgrade keeps the build before it for orders that go on."""
    assert "where OpenNebula is" in _dpkg(here, "-i", here.put(packages[0]))
    before = _current(here)
    _dpkg(here, "-i", here.put(packages[1]))

    assert _current(here) != before
    assert (here.root / COPIES / before).is_dir()
    assert "nothing is left behind" in here.run("onelinstor", "sandbox", "demo")
    _dpkg(here, "-r", NAME)
    assert _left(here) == []


def test_a_removal_that_cannot_give_back_is_refused(packages: tuple[Path, Path], here: Machine) -> None:
    """Else oned would run files that are gone; the package stays as it was, and its orders with it."""
    one = front_end(here, "6.8.0", addon=True)
    _dpkg(here, "-i", here.put(packages[0]))
    here.run("rm", "-r", "/var/lib/one/onelinstor/saved")

    ended = here.ended("dpkg", "-r", NAME)

    assert ended.returncode != 0
    assert "is gone, so" in ended.stdout
    assert "OpenNebula still runs this package's files" in ended.stdout
    assert one.order() == "OpenNebula-Image-7"
    assert "installed" in here.run("dpkg-query", "-W", "-f", "${db:Status-Status}", NAME)


def test_a_driver_from_elsewhere_is_not_taken_away(packages: tuple[Path, Path], here: Machine) -> None:
    """Who has moved to a virtual environment since may remove the package."""
    one = front_end(here, "7.4.0")
    _dpkg(here, "-i", here.put(packages[0]))
    here.run("cp", "-a", f"/{COPIES / 'current'}/", "/opt/elsewhere")
    here.run("/opt/elsewhere/onelinstor", "install", "--in-place")

    _dpkg(here, "-r", NAME)

    assert one.order() == "OpenNebula-Image-7"


OLD = "000000000000"


def _run_an_old_build(machine: Machine) -> None:
    """Let oned run one that is older than the one before the last."""
    old = machine.root / COPIES / OLD
    machine.run("cp", "-a", f"/{COPIES / _current(machine)}", f"/{COPIES / OLD}")
    (old / "BUILD").write_text(f"{OLD}\n")
    machine.run(f"/{COPIES / OLD}/onelinstor", "install")
    os.utime(old, (0, 0))


def test_a_build_that_launchers_name_stays(packages: tuple[Path, Path], here: Machine) -> None:
    """An upgrade that may not touch OpenNebula does not take from it what it runs, however old that is."""
    one = front_end(here, "7.4.0")
    _dpkg(here, "-i", here.put(packages[0]))
    _run_an_old_build(here)
    (one.tree.var / "onelinstor/journal.json").write_text("spoilt")

    assert "was left as it is" in _dpkg(here, "-i", here.put(packages[1]))

    assert one.order() == "OpenNebula-Image-7"


def test_a_build_that_an_order_runs_stays(packages: tuple[Path, Path], here: Machine) -> None:
    """An image may be written for hours, and upgraded twice in that time; later the build goes."""
    one = front_end(here, "7.4.0")
    _dpkg(here, "-i", here.put(packages[0]))
    _run_an_old_build(here)
    with one.beginning() as order:
        _reached(lambda: OLD in Path(f"/proc/{order.pid}/maps").read_text(), True)
        _dpkg(here, "-i", here.put(packages[1]))
        assert (here.root / COPIES / OLD).is_dir()
        assert one.go_on(order) == "OpenNebula-Image-7"

    _dpkg(here, "-i", here.put(packages[0]))
    assert not (here.root / COPIES / OLD).exists()


def test_the_same_sources_give_the_same_package(packages: tuple[Path, Path]) -> None:
    """Whoever doubts a package can build it again and compare."""
    first = packages[0].read_bytes()

    assert built("deb", "4.0.1").read_bytes() == first


def test_the_wheelhouse_needs_no_network(packages: tuple[Path, Path], tmp_path: Path) -> None:
    """A front-end without network gets everything from one directory."""
    run("/usr/bin/python3", "-m", "venv", tmp_path / "venv")
    run(
        tmp_path / "venv/bin/pip", "install", "--quiet", "--no-index", "--find-links", "dist/wheelhouse", NAME,
        PIP_FIND_LINKS="",
    )  # fmt: skip

    assert "sandbox" in run(tmp_path / "venv/bin/onelinstor", "--help")


def test_licences_of_the_libraries_are_in_it(packages: tuple[Path, Path], tmp_path: Path) -> None:
    """Who distributes a library distributes its licence."""
    run("dpkg-deb", "-x", packages[0], tmp_path)
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    libraries = {name.split("/")[3].split("-")[0] for name in names if name.endswith(".dist-info/RECORD")}
    licensed = {
        name.split("/")[3].split("-")[0]
        for name in names
        if ".dist-info/" in name and any(word in name.upper() for word in ("LICEN", "COPYING"))
    }
    assert len(libraries) > 5
    assert libraries - licensed == set()
