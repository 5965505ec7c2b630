"""The guards of the eleven safety rules, and how each is taken out: the tests must notice."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One guard taken out: *old* stands exactly once in *path* (below src/), *new* takes its place."""

    rule: int
    path: str
    old: str
    new: str
    what: str


RULES = {
    1: "Repeatable",
    2: "Nothing left behind",
    3: "Destroy only what is ours and unused",
    4: "Copy, then switch",
    5: "One writer",
    6: "A dead host does not block",
    7: "Undeploy, stop, resume move no disk data",
    8: "Sizes never shrink",
    9: "Bounded",
    10: "Constant cost",
    11: "No shell strings from data, no secrets shown",
}

REPEATABLE = [
    Mutant(
        1,
        "domain/lifetime.py",
        "lambda found: marking.same_life(found.marks, marks))",
        "lambda found: True)",
        "a copy from an earlier life of the disk is booted as the new one",
    ),
    Mutant(
        1,
        "domain/lifetime.py",
        "return None if found is not None and found.deleting else (found,)",
        "return (found,)",
        "a volume that is still going away is taken for one that is there",
    ),
    Mutant(
        1,
        "domain/lifetime.py",
        "if found is not None and not found.failed and keep(found):",
        "if found is not None and keep(found):",
        "a copy that LINSTOR calls failed is kept",
    ),
    Mutant(
        1,
        "domain/lifetime.py",
        "begun = {**marks, marking.STATE: marking.CREATING}",
        "begun = dict(marks)",
        "a restore that a kill left empty is taken for a complete one",
    ),
    Mutant(
        1,
        "domain/images.py",
        "return owner == str(image.image_id) and marking.STATE not in found.marks",
        "return owner == str(image.image_id)",
        "an image whose writing was killed is taken for a complete one",
    ),
    Mutant(
        1,
        "domain/returning.py",
        "if state in (marking.CREATING, marking.RETURNED):",
        "if state == marking.CREATING:",
        "a disk that came back keeps its file and its mark for ever",
    ),
    Mutant(
        1,
        "domain/snapshots.py",
        "if any(each.complete and asked and each.marks.get(marking.ASKED) == asked for each in found):",
        "if any(each.complete and asked for each in found):",
        "a stale snapshot of the same number is taken for the one asked for",
    ),
]

NOTHING_LEFT = [
    Mutant(
        2,
        "domain/lifetime.py",
        "_never)\n        undo.add(lambda: self.delete(storage, volume))",
        "_never)",
        "a failed order leaves its new volume",
    ),
    Mutant(
        2,
        "domain/lifetime.py",
        "            if made:\n                undo.add(lambda: self.delete(storage, target))\n",
        "",
        "a failed order leaves its copy",
    ),
    Mutant(
        2,
        "domain/attachment.py",
        "            undo.add(lambda: cluster.detach(volume, host))\n",
        "            pass\n",
        "a failed order leaves its attachment",
    ),
    Mutant(
        2,
        "domain/snapshots.py",
        "            self.drop(storage, volume, number, [_failed(volume, name)], used)\n            raise",
        "            raise",
        "a snapshot that failed stays under its name",
    ),
    Mutant(
        2,
        "domain/snapshots.py",
        "        storage.cluster.mark(volume, {marking.snapshot_key(number): str(following)})\n",
        "",
        "a deleted snapshot's name is used again, with the old data under it",
    ),
    Mutant(
        2,
        "domain/migration.py",
        "        undo.add(lambda: cluster.forbid_two_writers(volume, where))\n",
        "",
        "a migration that cannot begin leaves two writers allowed",
    ),
]

ONLY_OURS = [
    Mutant(
        3,
        "domain/disks.py",
        "if disk_of(volume) != of:",
        "if False:",
        "an order about a disk destroys a volume with another name",
    ),
    Mutant(
        3,
        "domain/disks.py",
        "if marking.of_other_disk(found.marks, of):",
        "if False:",
        "an order about a disk destroys a volume whose marks name another",
    ),
    Mutant(
        3,
        "domain/disks.py",
        "return copy_of_source(volume_name(disk.source), of) if disk.clone else None",
        "return copy_of_source(volume_name(disk.source), of) if disk.clone else volume_name(disk.source)",
        "the end of a VM destroys its persistent image",
    ),
    Mutant(
        3,
        "domain/images.py",
        "if not _belongs(volume, found.marks.get(marking.IMAGE), order.image.image_id):",
        "if False:",
        "rm destroys the volume of another image",
    ),
    Mutant(
        3,
        "domain/lifetime.py",
        "if (of := disk_of(found.name)) is not None:",
        "if (of := disk_of(found.name)) is None:",
        "a volume of somebody else is replaced because its name is wanted",
    ),
    Mutant(
        3,
        "domain/disks.py",
        "if PurePosixPath(order.place.path).name != str(order.vm_id):",
        "if False:",
        "a directory that is not the VM's is removed",
    ),
    Mutant(
        3,
        "domain/attachment.py",
        "if here.role is not Role.ATTACHMENT or (here.deleting and not here.reachable):",
        "if here.deleting and not here.reachable:",
        "a replica is deleted where only an attachment should end",
    ),
    Mutant(
        3,
        "domain/relocation.py",
        "if here is not None and not (shared and self._others_use(order.source, here)):",
        "if here is not None:",
        "a CD-ROM is taken away under another VM",
    ),
    Mutant(
        3,
        "domain/disks.py",
        "if self._users_left(storage, volume, place, here, of) == 0 and here is not None:",
        "if self._users_left(storage, volume, place, here, of) >= 0 and here is not None:",
        "an image is detached from a host where another VM uses it",
    ),
    Mutant(
        3,
        "domain/local_volumes.py",
        "if not _networked(seen) and on_host(seen, host) is None:",
        "if False:",
        "a volume without DRBD gets an empty disk on another host",
    ),
]

COPY_THEN_SWITCH = [
    Mutant(
        4,
        "domain/rewriting.py",
        "            self._keep_safe(storage, volume, seen)\n",
        "",
        "a disk is written over without keeping its data of before",
    ),
    Mutant(
        4,
        "domain/rewriting.py",
        "        if not any(each.half_written for each in seen):\n            self._snapshots.take(",
        "        if True:\n            self._snapshots.take(",
        "half a disk is taken for the data of before",
    ),
    Mutant(
        4,
        "domain/rewriting.py",
        "            self._hosts.run(place.host, [Unlink(place.path)])\n",
        "            pass\n",
        "a VM can start from a disk that is being written over",
    ),
    Mutant(
        4,
        "domain/rewriting.py",
        "        storage.cluster.mark_half_written(volume, _replicas(seen), half=True)\n",
        "",
        "nobody can tell that a disk is half written",
    ),
    Mutant(
        4,
        "domain/rewriting.py",
        "if any(each.half_written for each in seen):\n            safe =",
        "if True:\n            safe =",
        "a failed revert goes back to what another one left",
    ),
    Mutant(
        4,
        "domain/local_volumes.py",
        "    require_whole(volume, seen)\n",
        "",
        "half a disk is copied, attached and exported",
    ),
    Mutant(
        4,
        "domain/orphans.py",
        "kept = _half_written(holding) or ",
        "kept = ",
        "the data of before is deleted as an orphan while its disk is half written",
    ),
    Mutant(
        4,
        "domain/reverting.py",
        "sorted(numbers, key=lambda pair: pair[1] == number)",
        "sorted(numbers, key=lambda pair: pair[1] != number)",
        "flatten drops the snapshot itself before the others",
    ),
    Mutant(
        4,
        "domain/rolling_back.py",
        "seen = self._wait_whole(storage, volume)",
        "seen = storage.cluster.deployments([volume])[volume]",
        "a revert is called done while a replica is not complete",
    ),
    Mutant(
        4,
        "domain/returning.py",
        "        if state == marking.CREATING:\n            self._make(",
        "        self._hosts.run(order.source.host, [RemoveFile(order.source.path)])\n"
        "        if state == marking.CREATING:\n            self._make(",
        "the file of a returning disk goes before its data is in the volume",
    ),
    Mutant(
        4,
        "domain/lifetime.py",
        "            storage.cluster.mark(target, {}, [marking.STATE])",
        "            pass",
        "a complete restore stays marked as half made",
    ),
]

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

BOUNDED = [
    Mutant(
        9,
        "adapters/opennebula/processes.py",
        "        self._timed_out = True\n        self.kill()",
        "        self._timed_out = True",
        "a program that hangs is never ended",
    ),
    Mutant(
        9,
        "adapters/opennebula/processes.py",
        "        self.data = data[-LONGEST_OUTPUT:] if self._last else data[:LONGEST_OUTPUT]",
        "        self.data = data",
        "output without end is kept",
    ),
    Mutant(
        9,
        "domain/waiting.py",
        "pause = min(pause * 2, LONGEST_PAUSE)",
        "pause = pause * 2",
        "a long wait looks less and less often",
    ),
    Mutant(
        9,
        "adapters/opennebula/xml.py",
        "if len(document) > LARGEST:",
        "if False:",
        "a document of any size is parsed",
    ),
    Mutant(
        9,
        "adapters/answers.py",
        "        if left <= 0:\n            raise TimeoutError\n        self._sock.settimeout(left)\n",
        "",
        "a server that dribbles its answer is waited for without end",
    ),
    Mutant(
        9,
        "adapters/opennebula/processes.py",
        "_Collector(_pipe(self._process.stdout), enough=self.kill)",
        "_Collector(_pipe(self._process.stdout))",
        "a host that talks without end is heard for a day",
    ),
]

CONSTANT_COST = [
    Mutant(
        10,
        "adapters/linstor/cluster_volumes.py",
        'query = [*filters, ("with_volume_definitions", "true")]',
        'query = [("with_volume_definitions", "true")]',
        "a look-up by marks reads every definition of the cluster",
    ),
    Mutant(
        10,
        "domain/storage.py",
        "if datastore_id not in self._found:",
        "if True:",
        "oned is asked for the same datastore again for each disk",
    ),
    Mutant(
        10,
        "domain/moving.py",
        "    seen = storage.cluster.deployments(names)\n",
        "    seen = {name: storage.cluster.deployments([name])[name] for name in names}\n",
        "a migration asks once for each disk where once is enough",
    ),
]

NO_SHELL_WORDS = [
    Mutant(
        11,
        "adapters/opennebula/scripts_for_hosts.py",
        'return " ".join(quote(_possible(str(value))) for value in values)',
        'return " ".join(str(value) for value in values)',
        "words of a remote command are not quoted",
    ),
    Mutant(
        11,
        "domain/names.py",
        'return HostName(_checked(text, _HOST, "a host name"))',
        "return HostName(text)",
        "a host name may be an option of ssh",
    ),
    Mutant(
        11,
        "domain/names.py",
        "if not pattern.fullmatch(text):",
        "if not pattern.match(text):",
        "a name may go on after its end",
    ),
    Mutant(
        11,
        "domain/safe_paths.py",
        "real = PurePosixPath(sources.real_path(path))",
        "real = PurePosixPath(path)",
        "a link leads an image out of SAFE_DIRS",
    ),
    Mutant(
        11,
        "adapters/opennebula/xml.py",
        "if root.getroottree().docinfo.internalDTD is not None:",
        "if False:",
        "a document brings its own entities",
    ),
    Mutant(
        11,
        "adapters/linstor/access.py",
        'password: str = field(default="", repr=False)',
        'password: str = field(default="")',
        "a password shows in the text form of what carries it",
    ),
    Mutant(
        11,
        "domain/masking.py",
        "    for each in _kept:\n        text = text.replace(each, HIDDEN)\n",
        "",
        "a password is shown where LINSTOR echoes it",
    ),
    Mutant(
        11,
        "domain/safe_paths.py",
        "_CARRIED_OUT.search(path) or _FOR_SSH.match(path):",
        "_CARRIED_OUT.search(path):",
        "the host of a URL is an option of ssh",
    ),
    Mutant(
        11,
        "domain/staging.py",
        "if rate and not _BANDWIDTH.fullmatch(rate):",
        "if False:",
        "a rate is a command for the downloader's shell",
    ),
]

MUTANTS = [
    *REPEATABLE,
    *NOTHING_LEFT,
    *ONLY_OURS,
    *COPY_THEN_SWITCH,
    *ONE_WRITER,
    *DEAD_HOST,
    *NO_DATA_MOVES,
    *SIZES,
    *BOUNDED,
    *CONSTANT_COST,
    *NO_SHELL_WORDS,
]
