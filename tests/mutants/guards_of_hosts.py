"""Guards of rules 5 to 8: who writes, hosts that are dead, what moves, and sizes."""

from __future__ import annotations

from tests.mutants.guard import Mutant

ONE_WRITER = [
    Mutant(
        5,
        "domain/migration.py",
        "        self._wait_closed(moving, leave)\n",
        "",
        "two writers are forbidden while the source still has the device open",
    ),
    Mutant(
        5,
        "domain/migration.py",
        "        refuse_third_user(moving, order)\n",
        "",
        "a third host that has the volume open gets a second writer beside it",
    ),
    Mutant(
        5,
        "domain/migration.py",
        "            self._healing.forbid(moving.storage, moving.definition, pair, moving.seen)\n",
        "            pass\n",
        "two writers stay allowed after a migration",
    ),
    Mutant(
        5,
        "domain/migration.py",
        "        cluster.mark(volume, marking.migration(*pair, common=moving.disk.common))\n",
        "",
        "a killed migration leaves no mark of what it allowed",
    ),
    Mutant(
        5,
        "domain/healing.py",
        "if len([each for each in seen if each.in_use]) > 1:",
        "if len([each for each in seen if each.in_use]) > 9:",
        "an order takes away what a running migration needs",
    ),
    Mutant(
        5,
        "domain/disks.py",
        "            self._healing.heal(storage, definition, [order.place.host])\n            here",
        "            here",
        "a deployment leaves two writers that a dead migration allowed",
    ),
    Mutant(
        5,
        "domain/healing.py",
        "if each.in_use is False:",
        "if not each.in_use:",
        "an attachment whose use cannot be seen is taken away",
    ),
    Mutant(
        5,
        "domain/attachment.py",
        "        require_good_replica(volume, seen)\n        cluster.attach(volume, host)",
        "        cluster.attach(volume, host)",
        "a volume without a good replica is attached, empty",
    ),
    Mutant(
        5,
        "domain/healing.py",
        "        return all(each.in_use is not None or each.role is not Role.ATTACHMENT for each in away)",
        "        return True",
        "a migration is forgotten while one of its ends cannot be seen",
    ),
    Mutant(
        5,
        "domain/healing.py",
        "except StillTwoWriters as refused:",
        "except ZeroDivisionError as refused:",
        "one place that still allows two writers keeps the other from being forbidden",
    ),
    Mutant(
        5,
        "domain/healing.py",
        "        away = [each for each in ends if not any(same_host(each.host, home) for home in homes)]\n",
        "        away = ends\n",
        "the end of a dead migration takes the disk from where its VM is",
    ),
]

DEAD_HOST = [
    Mutant(
        6,
        "domain/disks.py",
        "            self._debts.write_down(storage, volume, place)\n            return int(",
        "            return int(",
        "nothing remembers the link on a host that is down",
    ),
    Mutant(
        6,
        "domain/disks.py",
        "        with suppress(HostUnreachable):\n            self._hosts.run(order.place.host, [RemoveTree(",
        "        with suppress(ZeroDivisionError):\n            self._hosts.run(order.place.host, [RemoveTree(",
        "a VM cannot end because its host is down",
    ),
    Mutant(
        6,
        "domain/relocation.py",
        "if vm is None or vm.lcm_state not in WITHOUT_CHECKPOINT:",
        "if vm is None:",
        "the memory of a stopped VM is given up without a word",
    ),
    Mutant(
        6,
        "domain/migration.py",
        "            if not same_host(error.host, leave):\n                failed.append(error)\n            elif",
        "            failed.append(error)\n            if",
        "a migration fails in the end because the host it left is down",
    ),
    Mutant(
        6,
        "domain/debts.py",
        "        if here is not None and not here.reachable:\n            return False\n",
        "",
        "an order waits for a host that LINSTOR knows to be down",
    ),
    Mutant(
        6,
        "domain/debts.py",
        "[*(path for path in known if path != place.path), place.path][-MOST_PATHS:]",
        "[place.path]",
        "a second debt on the same host makes the first one forgotten",
    ),
    Mutant(
        6,
        "domain/debts.py",
        "        except HostUnreachable:\n            return False\n",
        "        except HostUnreachable:\n            return True\n",
        "the debt of a host that does not answer counts as paid",
    ),
]

NO_DATA_MOVES = [
    Mutant(
        7,
        "domain/relocation.py",
        "comes = is_host_of(vm, order.target.host)",
        "comes = True",
        "a disk is attached to the front-end",
    ),
    Mutant(
        7,
        "domain/relocation.py",
        "        if order.source == order.target:\n            return\n        source, target",
        "        source, target",
        "a move to the same place removes the directory",
    ),
    Mutant(
        7,
        "domain/relocation.py",
        "                self._hosts.run(source.host, [RemoveTree(source.path)])\n",
        "                pass\n",
        "the old directory stays on the host that the VM left",
    ),
    Mutant(
        7,
        "domain/vm_directory.py",
        "return [RemoveTree(order.directory, unless=token(order))]",
        "return [RemoveTree(order.directory)]",
        "a directory on a shared file system is removed under its running VM",
    ),
    Mutant(
        7,
        "domain/vm_directory.py",
        "if same_host(leave, order.source) and not order.caller:",
        "if same_host(leave, order.source):",
        "a directory on a shared file system is removed where premigrate failed before",
    ),
    Mutant(
        7,
        "domain/vm_directory.py",
        "        if order.caller and not self._is_left_alone(order):\n            return []\n",
        "",
        "the directory of another driver is removed",
    ),
    Mutant(
        7,
        "domain/vm_directory.py",
        ', only=f"disk.{context}")',
        ")",
        "a disk that the guest writes is copied as a file",
    ),
    Mutant(
        7,
        "domain/vm_directory.py",
        "        if str(old) != order.directory:\n",
        "        if True:\n",
        "the directory that the VM uses goes as the old one",
    ),
    Mutant(
        7,
        "domain/vm_directory.py",
        "return [RemoveTree(order.directory, unless=_stays(order))]",
        "return [RemoveTree(order.directory)]",
        "a failed migration removes a shared directory under its running VM",
    ),
]

SIZES = [
    Mutant(
        8,
        "domain/sizes.py",
        "max(size_kib, found.size_kib)",
        "size_kib",
        "driving on a growth asks for a smaller size",
    ),
    Mutant(
        8,
        "domain/rolling_back.py",
        "        self._sizes.ensure(storage, volume, definition.size_kib)\n",
        "",
        "a revert shrinks a disk that grew",
    ),
    Mutant(
        8,
        "domain/images.py",
        "max(image.size_mib * 1024, -(-fetched.size_bytes // 1024))",
        "image.size_mib * 1024",
        "an image is smaller than its source",
    ),
    Mutant(
        8,
        "domain/images.py",
        "zeroed=here.zeroed, wait=wait)",
        "zeroed=True, wait=wait)",
        "holes are skipped on a pool that gives back old blocks",
    ),
    Mutant(
        8,
        "domain/sizes.py",
        "        if found.resizing:\n            self._drive_on(storage, volume)\n",
        "",
        "a growth that broke on a satellite stays half done",
    ),
]
