"""Guards of images that several VMs use: an order about one VM takes them from no other."""

from __future__ import annotations

from tests.mutants.guard import Mutant

NEIGHBOURS = [
    Mutant(
        3,
        "domain/disks.py",
        "            return int(self._may_be_common(of))",
        "            return 0",
        "an image is detached from a dead host where other VMs may use it",
    ),
    Mutant(
        3,
        "domain/disks.py",
        "return disk is None or disk.common",
        "return disk is not None and disk.common",
        "an image of which oned tells nothing is taken for one of a single VM",
    ),
    Mutant(
        3,
        "domain/relocation.py",
        "        except HostUnreachable:\n            return True\n",
        "        except HostUnreachable:\n            return False\n",
        "a VM that leaves a dead host takes a common image from the others there",
    ),
    Mutant(
        3,
        "domain/migration.py",
        "if each.disk.common)",
        "if False)",
        "a migration takes a common image from VMs of a host that nobody could ask",
    ),
    Mutant(
        3,
        "domain/migration.py",
        "if here is not None and moving.volume not in shared:",
        "if here is not None:",
        "a migration takes a common image from other VMs of the host it leaves",
    ),
    Mutant(
        5,
        "domain/vm_directory.py",
        "        if shared:\n            raise",
        "        if False:\n            raise",
        "a VM moves live beside another one that writes the same image",
    ),
    Mutant(
        3,
        "domain/marks.py",
        "{_COMMON if common else ''}",
        "",
        "nothing tells that others use the image of a dead migration",
    ),
    Mutant(
        3,
        "domain/healing.py",
        "if pair is None or common or self._drop_unused",
        "if pair is None or self._drop_unused",
        "the end of a dead migration takes a common image from other VMs",
    ),
]
