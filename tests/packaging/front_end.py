"""An OpenNebula on a machine of the tests, and its orders."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.machine import Machine
from tests.unit.install.trees import Tree, listing, make

from entrypoints.remotes.parser import ACTIONS

NAME = "one-linstor-driver"
USER = "oneadmin"
REMOTES = Path("/var/lib/one/remotes")
PLACES = ("var/lib/one", "etc/one", "etc/sudoers.d")
DOCUMENT = (
    "<DS_DRIVER_ACTION_DATA><IMAGE><ID>7</ID><FORMAT>save_as</FORMAT><SIZE>1</SIZE></IMAGE>"
    "<DATASTORE><ID>1</ID><TEMPLATE/></DATASTORE></DS_DRIVER_ACTION_DATA>"
)
"""An order that only asks for a name (opennebula.md 2.5), so that it ends well without a cloud."""
CALLING = """
while [ ! -e /tmp/stop ]; do
    printf %s "$1" | "$2" - 1 > "/tmp/said.$3" 2>&1 && grep -qx OpenNebula-Image-7 "/tmp/said.$3" ||
        cat "/tmp/said.$3" >> "/tmp/failed.$3"
    echo >> "/tmp/count.$3"
done
"""


@dataclass(frozen=True)
class FrontEnd:
    """OpenNebula in the trees of a packaged one, on *machine*; *before* is what they had then."""

    machine: Machine
    tree: Tree
    before: dict[str, object]

    def launchers(self) -> dict[str, str]:
        """The text of each executable of the driver; "" for one that is missing."""
        paths = {f"{kind}/{action}": self.tree.driver(kind) / action for kind in ACTIONS for action in ACTIONS[kind]}
        return {name: path.read_text() if path.is_file() else "" for name, path in paths.items()}

    def order(self) -> str:
        """What an order answers, given by oned's user; without what it says for oned's log."""
        said = self.machine.run(REMOTES / "datastore/linstor/mkfs", "-", "1", user=USER, stdin=_payload())
        return said.splitlines()[-1]

    def beginning(self) -> subprocess.Popen[str]:
        """That order, which waits for its document."""
        words = self.machine.command(REMOTES / "datastore/linstor/mkfs", "-", "1", user=USER)
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def go_on(self, order: subprocess.Popen[str]) -> str:
        """What an order of `beginning` answers."""
        return order.communicate(_payload())[0].strip()

    def calling(self, number: int) -> subprocess.Popen[bytes]:
        """Give that order again and again, until `called` is asked."""
        words = ("sh", "-c", CALLING, "sh", _payload(), str(REMOTES / "datastore/linstor/mkfs"), str(number))
        return subprocess.Popen(self.machine.command(*words, user=USER))

    def count(self, number: int) -> int:
        """How many orders of `calling` have ended."""
        counted = self.machine.root / f"tmp/count.{number}"
        return len(counted.read_text()) if counted.exists() else 0

    def failures(self, number: int) -> str:
        """What those said that did not end well."""
        failed = self.machine.root / f"tmp/failed.{number}"
        return failed.read_text() if failed.exists() else ""

    def now(self) -> dict[str, object]:
        """What the trees have."""
        return _listed(self.machine)


def front_end(machine: Machine, version: str, *, addon: bool = False) -> FrontEnd:
    """One, and the user that its oned runs as."""
    machine.run("useradd", "--system", "--user-group", "--home-dir", "/var/lib/one", "--shell", "/bin/bash", USER)
    tree = make(machine.root, version, addon=addon)
    machine.run("chown", "-R", f"{USER}:{USER}", "/var/lib/one")
    machine.run("chown", "-R", f"root:{USER}", "/etc/one")
    return FrontEnd(machine, tree, _listed(machine))


def _listed(machine: Machine) -> dict[str, object]:
    return {f"{place}/{name}": each for place in PLACES for name, each in listing(machine.root / place).items()}


def _payload() -> str:
    return base64.b64encode(DOCUMENT.encode()).decode()
