"""The rpm on copies of this machine: its scripts are run by rpm itself, in rpm's own order. Only where PACKAGES=1."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.packaging.building import two
from tests.packaging.front_end import NAME, front_end
from tests.packaging.machine import Machine, machine, reason_against

COPIES = f"/var/lib/{NAME}"
ADDON = """
Name: linstor-opennebula
Version: 3.1.2
Release: 1
Summary: The addon
License: none
BuildArch: noarch
%description
The addon.
%install
for each in tm/linstor/clone datastore/linstor/cp; do
    install -D -m 755 /dev/stdin "%{buildroot}/var/lib/one/remotes/$each" << END
#!/bin/sh
END
done
%files
/var/lib/one/remotes/tm/linstor
/var/lib/one/remotes/datastore/linstor
"""

pytestmark = [
    pytest.mark.packages,
    pytest.mark.skipif(bool(reason_against()), reason=reason_against()),
    pytest.mark.skipif(shutil.which("rpmbuild") is None, reason="needs rpmbuild"),
]


@pytest.fixture(scope="module")
def packages() -> tuple[Path, Path]:
    return two("rpm")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path / "machine") as made:
        yield made


def _rpm(machine: Machine, *words: str) -> str:
    """A distribution with dpkg has none of the packages that it needs."""
    return machine.run("rpm", "--nodeps", "--force-debian", *words)


def test_it_serves_oned_from_installation_to_removal(packages: tuple[Path, Path], here: Machine) -> None:
    """The later copy has nothing of the earlier package, its orders end well, and removal gives back every byte."""
    one = front_end(here, "7.4.0")

    _rpm(here, "-i", here.put(packages[1]))
    assert one.order() == "OpenNebula-Image-7"
    assert (here.root / f"usr/lib/{NAME}/domain/added_later.py").exists()
    _rpm(here, "-U", "--oldpackage", here.put(packages[0]))

    assert one.order() == "OpenNebula-Image-7"
    current = here.run("readlink", "-f", f"{COPIES}/current").strip()
    assert [name for name, text in one.launchers().items() if current not in text] == []
    assert here.run("find", current, "-name", "added_later.py") == ""
    assert here.run("find", current, "!", "-user", "root") == ""
    assert here.run("rpm", "--verify", "--nodeps", NAME) == ""

    _rpm(here, "-e", NAME)
    assert one.now() == one.before
    left = here.run("find", "/usr", "/var/lib", "-name", f"*{NAME}*", "-not", "-path", "/var/lib/dpkg/*")
    assert left == ""


def test_a_package_of_the_addon_makes_room(packages: tuple[Path, Path], here: Machine) -> None:
    """It is taken away in the same step, and takes none of the driver's files with it."""
    one = front_end(here, "6.8.0")
    (here.root / "tmp/addon.spec").write_text(ADDON)
    here.run(
        "rpmbuild", "-bb", "--quiet", "--define", "_topdir /tmp/top", "--define", "_rpmdir /tmp", "/tmp/addon.spec"
    )
    _rpm(here, "-i", "/tmp/noarch/linstor-opennebula-3.1.2-1.noarch.rpm")

    _rpm(here, "-U", here.put(packages[0]))

    assert one.order() == "OpenNebula-Image-7"
    assert here.ended("rpm", "-q", "linstor-opennebula").returncode != 0
    _rpm(here, "-e", NAME)
    assert one.now() == one.before


def test_a_removal_that_cannot_give_back_is_refused(packages: tuple[Path, Path], here: Machine) -> None:
    """The package stays, and oned with it."""
    one = front_end(here, "6.8.0", addon=True)
    _rpm(here, "-i", here.put(packages[0]))
    here.run("rm", "-r", "/var/lib/one/onelinstor/saved")

    ended = here.ended("rpm", "--nodeps", "--force-debian", "-e", NAME)

    assert "OpenNebula still runs this package's files" in ended.stdout
    assert one.order() == "OpenNebula-Image-7"
    assert here.run("rpm", "-q", NAME)
