"""For each action: what there is before, and the order that is killed."""

from __future__ import annotations

from collections.abc import Callable

from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR
from entrypoints.sandbox.torture.kills import run
from entrypoints.sandbox.torture.stage import AWAY, DATA, FRONT_END, HOME, NEW, OS, VM, Stage
from entrypoints.sandbox.torture.starting import Order

BEFORE_ANY_SNAPSHOT = "1.24.0"
"""The REST version of LINSTOR 1.30, which goes back to the newest snapshot only."""

Scene = Callable[[Stage], Order]
"""Prepares the stage, and gives the order."""


def _bring(action: str, disk: int) -> Scene:
    def scene(stage: Stage) -> Order:
        stage.known_vm()
        return stage.bring(action, disk)

    return scene


def _volatile(action: str, disk: int, *words: object) -> Scene:
    def scene(stage: Stage) -> Order:
        stage.known_vm()
        return stage.tm(action, *words, stage.place(HOME, disk), datastore=SYSTEM_LINSTOR)

    return scene


def _context(stage: Stage) -> Order:
    stage.known_vm()
    script = stage.sandbox.one / "var" / "context.sh"
    script.write_text("SET_HOSTNAME='vm'\n", encoding="utf-8")
    return stage.tm("context", script, stage.place(HOME, 2), datastore=SYSTEM_LINSTOR)


def _ended(make: Scene) -> Scene:
    """On the disks of a VM that was powered off."""

    def scene(stage: Stage) -> Order:
        stage.boot()
        stage.power_off()
        return make(stage)

    return scene


def _running(make: Scene) -> Scene:
    def scene(stage: Stage) -> Order:
        stage.boot()
        return make(stage)

    return scene


def _mvds(stage: Stage) -> Order:
    return stage.tm("mvds", stage.place(HOME, 1), stage.images[DATA].source)


def _delete(disk: int) -> Scene:
    return lambda stage: stage.tm("delete", stage.place(HOME, disk))


def _delete_directory(stage: Stage) -> Order:
    return stage.tm("delete", stage.place(HOME), datastore=SYSTEM_LINSTOR)


def _premigrate(stage: Stage) -> Order:
    stage.go_to(AWAY)
    return stage.migration("premigrate")


def _postmigrate(stage: Stage) -> Order:
    stage.prepare_migration(VM, AWAY)
    stage.migrate_guest(VM)
    return stage.migration("postmigrate")


def _failmigrate(stage: Stage) -> Order:
    stage.prepare_migration(VM, AWAY)
    return stage.migration("failmigrate")


def _move(source: str, target: str, disk: int | None) -> Scene:
    def scene(stage: Stage) -> Order:
        if target == FRONT_END or source == FRONT_END:
            for each in (0, 1, None) if source == FRONT_END else ():
                _carry_out(
                    stage, stage.tm("mv", stage.place(HOME, each), stage.place(FRONT_END, each), datastore=_of(each))
                )
        if target != FRONT_END:
            stage.go_to(target)
        return stage.tm("mv", stage.place(source, disk), stage.place(target, disk), datastore=_of(disk))

    return scene


def _of(disk: int | None) -> int:
    return SYSTEM_LINSTOR if disk is None else IMAGES


def _carry_out(stage: Stage, order: Order) -> None:
    ended = run(stage.sandbox, order)
    if ended.exit_code:
        raise RuntimeError(f"{order.kind}/{order.action} ended with {ended.exit_code}: {ended.stderr}")


def _take(stage: Stage, disk: int, number: int) -> None:
    stage.ask_snapshot(disk, number)
    _carry_out(stage, stage.tm("snap_create", stage.place(HOME, disk), number))


def _snapshot(action: str, *, taken: int = 0) -> Scene:
    """With snapshots 0 to *taken* - 1 there."""

    def scene(stage: Stage) -> Order:
        for number in range(taken):
            _take(stage, 0, number)
        if "create" in action:
            stage.ask_snapshot(0, taken)
        return stage.tm(action, stage.place(HOME, 0), taken if "create" in action else 0)

    return scene


def _save(snapshot: int) -> Scene:
    def scene(stage: Stage) -> Order:
        _take(stage, 0, 0)
        return stage.tm("cpds", stage.place(HOME, 0), f"OpenNebula-Image-{NEW}", snapshot)

    return scene


def _on_an_old_server(make: Scene) -> Scene:
    """On a LINSTOR that goes back to the newest snapshot only (linstor.md 2.11)."""

    def scene(stage: Stage) -> Order:
        order = make(stage)
        stage.sandbox.linstor.rest_api_version = BEFORE_ANY_SNAPSHOT
        return order

    return scene


def _image_snapshot(action: str, *, taken: int = 1) -> Scene:
    def scene(stage: Stage) -> Order:
        stage.boot()
        for number in range(taken):
            _take(stage, 1, number)
        stage.terminate(VM)
        return stage.image(action, DATA, TARGET_SNAPSHOT=0)

    return scene


CHAIN = {"MODE": "INCREMENT", "FS_FREEZE": "AGENT"}
NEXT = {**CHAIN, "LAST_INCREMENT_ID": 0, "INCREMENTAL_BACKUP_ID": NEW}


def _increment(stage: Stage) -> Order:
    """The first backup was taken, and the guest wrote on."""
    _carry_out(stage, stage.backup("prebackup_live", **CHAIN))
    _carry_out(stage, stage.backup("postbackup_live", **CHAIN))
    stage.vms[VM].backup_ids.append(NEW)
    stage.sandbox.guests.write_all(VM, 16)
    return stage.backup("prebackup_live", **NEXT)


def _postbackup(suffix: str, **config: object) -> Scene:
    def scene(stage: Stage) -> Order:
        _carry_out(stage, stage.backup(f"prebackup{suffix}", **config))
        return stage.backup(f"postbackup{suffix}", **config)

    return scene


def _copy_in(stage: Stage) -> Order:
    return stage.image("cp", NEW, PATH=str(stage.sources / str(OS)))


SCENES: dict[str, Scene] = {
    "tm/clone": _bring("clone", 0),
    "tm/ln": _bring("ln", 1),
    "tm/mkimage": _volatile("mkimage", 3, 8, "raw"),
    "tm/mkswap": _volatile("mkswap", 4, 8),
    "tm/context": _context,
    "tm/mvds": _ended(_mvds),
    "tm/delete": _ended(_delete(0)),
    "tm/delete of a persistent disk": _ended(_delete(1)),
    "tm/delete of the directory": _ended(_delete_directory),
    "tm/premigrate": _running(_premigrate),
    "tm/postmigrate": _running(_postmigrate),
    "tm/failmigrate": _running(_failmigrate),
    "tm/mv to another host": _ended(_move(HOME, AWAY, 0)),
    "tm/mv to the front-end": _ended(_move(HOME, FRONT_END, 0)),
    "tm/mv from the front-end": _ended(_move(FRONT_END, AWAY, 0)),
    "tm/mv of the directory": _ended(_move(HOME, AWAY, None)),
    "tm/resize": _running(lambda stage: stage.tm("resize", stage.place(HOME, 0), 16)),
    "tm/snap_create": _ended(_snapshot("snap_create")),
    "tm/snap_create_live": _running(_snapshot("snap_create_live", taken=1)),
    "tm/snap_revert": _ended(_snapshot("snap_revert", taken=2)),
    "tm/snap_revert on an old server": _on_an_old_server(_ended(_snapshot("snap_revert", taken=2))),
    "tm/snap_delete": _ended(_snapshot("snap_delete", taken=2)),
    "tm/cpds": _running(_save(-1)),
    "tm/cpds of a snapshot": _running(_save(0)),
    "tm/prebackup": _ended(lambda stage: stage.backup("prebackup")),
    "tm/prebackup_live": _running(lambda stage: stage.backup("prebackup_live", **CHAIN)),
    "tm/prebackup_live of an increment": _running(_increment),
    "tm/postbackup": _ended(_postbackup("")),
    "tm/postbackup_live": _running(_postbackup("_live", FS_FREEZE="SUSPEND")),
    "tm/restore": _ended(Stage.restore),
    "tm/monitor": lambda stage: stage.monitor("tm"),
    "datastore/stat": lambda stage: stage.image("stat", NEW, PATH=str(stage.sources / str(OS))),
    "datastore/cp": _copy_in,
    "datastore/mkfs": lambda stage: stage.image("mkfs", NEW, 8, FORMAT="raw", FS="ext4"),
    "datastore/clone": lambda stage: stage.image("clone", NEW, 8, PATH=stage.images[OS].source),
    "datastore/rm": lambda stage: stage.image("rm", OS),
    "datastore/snap_delete": _image_snapshot("snap_delete"),
    "datastore/snap_revert": _image_snapshot("snap_revert"),
    "datastore/snap_flatten": _image_snapshot("snap_flatten"),
    "datastore/snap_flatten on an old server": _on_an_old_server(_image_snapshot("snap_flatten", taken=2)),
    "datastore/monitor": lambda stage: stage.monitor("datastore"),
}
"""By the name that `--action` selects: `kind/action`, and what it is about where there are several."""
