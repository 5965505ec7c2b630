"""Planted faults: what is wrong, how it comes about, and which line of the doctor must say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.e2e.doctor.world import GIB, GROUP, IMAGES, LINSTOR, World, write

from entrypoints.onelinstor.doctor.checks import Status

Plant = Callable[[World], Any]


@dataclass(frozen=True)
class Fault:
    """*check* is the id of the line, *says* a part of what stands there."""

    what: str
    check: str
    says: str
    plant: Plant
    status: Status = Status.FAILED


def _warned(what: str, check: str, says: str, plant: Plant) -> Fault:
    return Fault(what, check, says, plant, Status.WARNING)


# -- the front-end ----------------------------------------------------------------------------------


def _launcher(world: World, name: str = "tm/linstor/clone") -> Path:
    return world.remotes / name


def _conf(old: str, new: str) -> Plant:
    return lambda world: world.edit(world.etc / "oned.conf", old, new)


def _section(name: str, new: str = "OTHER") -> Plant:
    """The section about the driver is about another one."""
    return lambda world: world.edit(
        world.etc / "oned.conf", f'{name} = [\n    NAME = "linstor"', f'{name} = [\n    NAME = "{new}"'
    )


def _version(text: str) -> Plant:
    return lambda world: (world.remotes / "VERSION").write_text(text)


def _path_with(program: str) -> Plant:
    def plant(world: World) -> None:
        write(world.sandbox.root / "few" / program, "#!/bin/sh\n").chmod(0o755)
        world.environment["PATH"] = str(world.sandbox.root / "few")

    return plant


def _broken_python(world: World) -> None:
    for path in [*world.remotes.glob("tm/linstor/*"), *world.remotes.glob("datastore/linstor/*")]:
        path.write_text("#!/nowhere/python -IS\n" + path.read_text().partition("\n")[2])


def _strange_owner(world: World) -> None:
    def change(facts: Any) -> Any:
        found = {name: replace(each, uid=65534) for name, each in facts.launchers.items()}
        return replace(facts, launchers=found)

    world.changes["front-end"] = change


def _other_lock_directory(world: World) -> None:
    import os

    (Path(world.environment["TMPDIR"]) / f"one-linstor-{os.getuid()}").write_text("")


FRONT_END = (
    _warned("another user", "front-end.user", "as alice", lambda world: world.change("front-end", runs_as="alice")),
    Fault(
        "no tree",
        "front-end.found",
        "no OpenNebula front-end",
        lambda world: world.environment.update(ONE_LOCATION="/nowhere"),
    ),
    _warned("no VERSION", "front-end.version", "cannot be read", lambda world: (world.remotes / "VERSION").unlink()),
    _warned("senseless VERSION", "front-end.version", "no version", _version("latest")),
    Fault("old OpenNebula", "front-end.version", "older than 5.8", _version("5.6.2\n")),
    _warned("future OpenNebula", "front-end.version", "newer than any", _version("9.0.0\n")),
    Fault("executable gone", "front-end.launchers", "tm/clone is missing", lambda world: _launcher(world).unlink()),
    Fault(
        "executable of the addon",
        "front-end.release",
        "not of this driver",
        lambda world: _launcher(world).write_text("#!/usr/bin/env python3\nfrom one import util\n"),
    ),
    _warned(
        "half an upgrade",
        "front-end.release",
        "more than one installation",
        lambda world: world.edit(_launcher(world, "datastore/linstor/cp"), "import sys\n", "import sys  # 3.9\n"),
    ),
    Fault("exec bit lost", "front-end.modes", "not executable", lambda world: _launcher(world).chmod(0o644)),
    Fault("writable for all", "front-end.modes", "writable for others", lambda world: _launcher(world).chmod(0o777)),
    Fault("strange owner", "front-end.owners", "owned by neither", _strange_owner),
    Fault("Python removed", "front-end.python", "/nowhere/python", _broken_python),
    Fault("no qemu-img", "front-end.qemu-img", "not in the PATH", _path_with("ssh")),
    Fault("no ssh", "front-end.ssh", "not in the PATH", _path_with("qemu-img")),
    Fault(
        "no tm/ssh/context",
        "front-end.stock-scripts",
        "tm/ssh/context",
        lambda world: (world.remotes / "tm/ssh/context").unlink(),
    ),
    Fault("lock directory is a file", "front-end.locks", "every order fails", _other_lock_directory),
)

CONFIGURATION = (
    Fault("oned.conf gone", "oned-conf.readable", "cannot be read", lambda world: (world.etc / "oned.conf").unlink()),
    Fault("oned.conf broken", "oned-conf.readable", "line 5", _conf('SYSTEM      = "file"', "SYSTEM      file")),
    Fault("not in -d of TM_MAD", "oned-conf.tm-mad", "every new VM", _conf("netapp,purefa,linstor", "netapp,purefa")),
    Fault(
        "no TM_MAD",
        "oned-conf.tm-mad",
        "no TM_MAD",
        _conf('TM_MAD = [\n    EXECUTABLE = "one_tm"', 'TM_MAD = [\n    EXECUTABLE = "two_tm"'),
    ),
    Fault("not in -d of DATASTORE_MAD", "oned-conf.datastore-mad", "no images", _conf("rsync,linstor -s", "rsync -s")),
    Fault(
        "not in -s of DATASTORE_MAD",
        "oned-conf.system-datastores",
        "not monitored",
        _conf("qcow2,netapp,linstor", "qcow2,netapp"),
    ),
    Fault(
        "no -s at all",
        "oned-conf.system-datastores",
        "not monitored",
        _conf("-s dummy,lvm,shared,ssh,local,ceph,qcow2,netapp,linstor", ""),
    ),
    _warned(
        "imports are cut off",
        "oned-conf.limit",
        "after 600 seconds",
        _conf("-t 15 -d dummy,fs", "-t 15 -w 600 -d dummy,fs"),
    ),
    Fault("no TM_MAD_CONF", "oned-conf.tm-mad-conf", "no TM_MAD_CONF", _section("TM_MAD_CONF")),
    Fault(
        "clones into the system datastore",
        "oned-conf.tm-mad-conf",
        "'SYSTEM' and not 'SELF'",
        _conf('    CLONE_TARGET = "SELF",\n    SHARED', '    CLONE_TARGET = "SYSTEM",\n    SHARED'),
    ),
    Fault("no CLONE_TARGET_SSH", "oned-conf.tm-mad-conf", "CLONE_TARGET_SSH", _conf('CLONE_TARGET_SSH = "SELF",', "")),
    _warned(
        "no orphans",
        "oned-conf.tm-mad-conf",
        "ALLOW_ORPHANS",
        _conf('ALLOW_ORPHANS = "YES",\n    DS_MIGRATE', 'ALLOW_ORPHANS = "NO",\n    DS_MIGRATE'),
    ),
    _warned(
        "no other system datastores",
        "oned-conf.tm-mad-conf",
        "TM_MAD_SYSTEM is missing",
        _conf('TM_MAD_SYSTEM = "ssh,shared",', ""),
    ),
    Fault("no DS_MAD_CONF", "oned-conf.ds-mad-conf", "no DS_MAD_CONF", _section("DS_MAD_CONF")),
    _warned(
        "images say nothing to disks",
        "oned-conf.inherit-image-attr",
        "LINSTOR_RESOURCE_GROUP",
        _conf('INHERIT_IMAGE_ATTR = "LINSTOR_RESOURCE_GROUP"', ""),
    ),
    Fault(
        "no live snapshots",
        "oned-conf.live-snapshots",
        "lacks kvm-linstor",
        lambda world: world.edit(world.etc / "vmm_exec/vmm_execrc", " kvm-linstor", ""),
    ),
    _warned(
        "no vmm_execrc",
        "oned-conf.live-snapshots",
        "cannot be read",
        lambda world: (world.etc / "vmm_exec/vmm_execrc").unlink(),
    ),
)

# -- oned and its datastores ------------------------------------------------------------------------

LINSTOR_STORES = (IMAGES, LINSTOR)


def _updated(identity: int = IMAGES, drop: str = "", **given: str) -> Plant:
    return lambda world: world.update(identity, drop, **given)


ONED = (
    Fault("oned is down", "oned.answers", "one.datastorepool.info", lambda world: world.sandbox.oned.close()),
    Fault(
        "wrong password",
        "oned.answers",
        "authenticated",
        lambda world: write(world.sandbox.one / "auth", "oneadmin:wrong"),
    ),
    Fault("no credentials", "oned.answers", "no session", lambda world: (world.sandbox.one / "auth").unlink()),
    _warned(
        "no image datastore",
        "oned.datastores",
        "no image datastore",
        lambda world: world.sandbox.oned.forget("datastore", IMAGES),
    ),
    Fault(
        "another TM_MAD",
        "datastore.drivers",
        "TM_MAD is 'ceph'",
        lambda world: world.tell_datastore(IMAGES, ("linstor", "ceph"), **world.given[IMAGES]),
    ),
    Fault(
        "another DS_MAD",
        "datastore.drivers",
        "DS_MAD is 'fs'",
        lambda world: world.tell_datastore(IMAGES, ("fs", "linstor"), **world.given[IMAGES]),
    ),
    _warned(
        "disabled",
        "datastore.state",
        "disabled",
        lambda world: world.tell_datastore(IMAGES, state=1, **world.given[IMAGES]),
    ),
    Fault("senseless time", "datastore.attributes", "LINSTOR_TIMEOUT", _updated(LINSTOR_TIMEOUT="soon")),
    Fault("senseless node map", "datastore.attributes", "LINSTOR_NODE_MAP", _updated(LINSTOR_NODE_MAP="host-a")),
    _warned("LINSTOR_AUTO_PLACE", "datastore.deprecated", "LINSTOR_AUTO_PLACE", _updated(LINSTOR_AUTO_PLACE="2")),
    _warned(
        "context volumes", "datastore.deprecated", "CONTEXT_DISK_TYPE", _updated(LINSTOR, CONTEXT_DISK_TYPE="BLOCK")
    ),
    Fault("images as files", "datastore.disk-type", "FILE and not BLOCK", _updated(DISK_TYPE="FILE")),
    _warned(
        "volatile disks as files", "datastore.disk-type", "missing and not BLOCK", _updated(LINSTOR, drop="DISK_TYPE")
    ),
    Fault("not updated since oned.conf", "datastore.targets", "CLONE_TARGET_SSH", _updated(drop="CLONE_TARGET_SSH")),
    Fault("links into the system datastore", "datastore.targets", "LN_TARGET", _updated(LN_TARGET="SYSTEM")),
    Fault("system datastore not shared", "datastore.targets", "SHARED is 'NO'", _updated(LINSTOR, SHARED="NO")),
    _warned("no COMPATIBLE_SYS_DS", "datastore.compatible-systems", "missing", _updated(drop="COMPATIBLE_SYS_DS")),
    Fault(
        "COMPATIBLE_SYS_DS of nobody",
        "datastore.compatible-systems",
        "names 999",
        _updated(COMPATIBLE_SYS_DS="104,999"),
    ),
    Fault(
        "COMPATIBLE_SYS_DS not served",
        "datastore.compatible-systems",
        "driven by ssh",
        _updated(TM_MAD_SYSTEM="shared"),
    ),
    _warned("unknown bridge", "datastore.bridges", "old-host", _updated(BRIDGE_LIST="host-a old-host")),
    Fault("certificate gone", "datastore.access", "LINSTOR_CA_FILE", _updated(LINSTOR_CA_FILE="/nowhere/ca.pem")),
    Fault(
        "password file gone",
        "datastore.access",
        "LINSTOR_PASSWORD_FILE",
        _updated(LINSTOR_USER="one", LINSTOR_PASSWORD_FILE="/nowhere/it"),
    ),
    _warned(
        "password for all to read",
        "datastore.secrets",
        "LINSTOR_PASSWORD",
        _updated(LINSTOR_USER="one", LINSTOR_PASSWORD="geheim"),
    ),
    Fault("STAGING_DIR gone", "datastore.staging", "no directory", _updated(STAGING_DIR="/nowhere")),
    Fault(
        "STAGING_DIR closed",
        "datastore.staging",
        "cannot be written",
        lambda world: world.change("directory", writable=False),
    ),
    _warned(
        "STAGING_DIR full",
        "datastore.staging",
        "512 MiB left",
        lambda world: world.change("directory", free_kib=512 * 1024),
    ),
)

# -- LINSTOR ------------------------------------------------------------------------------------------


def _second_controller(world: World) -> None:
    """It answers, and is no LINSTOR."""
    both = f"{world.sandbox.controller},{world.sandbox.oned.url.removeprefix('http://').partition('/')[0]}"
    for each in LINSTOR_STORES:
        world.update(each, LINSTOR_CONTROLLERS=both)


def _property(key: str, value: str) -> Plant:
    return lambda world: world.sandbox.linstor.state.properties.update({key: value})


def _group_property(key: str, value: str) -> Plant:
    return lambda world: world.sandbox.linstor.state.groups[GROUP].props.update({key: value})


def _filter(**values: Any) -> Plant:
    return lambda world: world.sandbox.linstor.state.groups[GROUP].select_filter.update(values)


def _node(name: str, **values: Any) -> Plant:
    """LINSTOR says something else about a node."""

    def change(facts: Any) -> Any:
        return replace(
            facts, nodes=tuple(replace(each, **values) if each.name == name else each for each in facts.nodes)
        )

    return lambda world: world.changes.update(linstor=change)


def _pool(name: str, **values: Any) -> Plant:
    def change(facts: Any) -> Any:
        pools = (replace(each, **values) if (each.node, each.name) == (name, "data") else each for each in facts.pools)
        return replace(facts, pools=tuple(pools))

    return lambda world: world.changes.update(linstor=change)


def _two_nodes(world: World) -> None:
    for name in ("host-c", "one-fe"):
        del world.sandbox.linstor.state.nodes[name]
    world.sandbox.oned.forget("host", 2)


def _kind(name: str, kind: str) -> Plant:
    return lambda world: setattr(world.sandbox.linstor.state.nodes[name].pools["data"], "kind", kind)


LINSTOR_FAULTS = (
    Fault("LINSTOR is down", "linstor.answers", "refused", lambda world: world.sandbox.server.close()),
    _warned("a controller that is none", "linstor.controllers", "not as LINSTOR", _second_controller),
    Fault(
        "old LINSTOR",
        "linstor.version",
        "1.17.0",
        lambda world: setattr(world.sandbox.linstor, "server_version", "1.17.0"),
    ),
    _warned(
        "node offline",
        "linstor.nodes",
        "host-c is OFFLINE",
        lambda world: setattr(world.sandbox.linstor.state.nodes["host-c"], "online", False),
    ),
    Fault(
        "satellite of another version", "linstor.nodes", "VERSION_MISMATCH", _node("host-c", status="VERSION_MISMATCH")
    ),
    _warned(
        "node given up",
        "linstor.evicted",
        "EVICTED",
        lambda world: world.sandbox.linstor.state.nodes["host-c"].flags.add("EVICTED"),
    ),
    Fault(
        "host without node",
        "linstor.host-nodes",
        "host-c",
        lambda world: world.sandbox.linstor.state.nodes.pop("host-c"),
    ),
    Fault("node without satellite", "linstor.host-nodes", "CONTROLLER", _node("host-c", kind="CONTROLLER")),
    Fault(
        "node without DRBD",
        "linstor.drbd",
        "no module",
        _node("host-c", layers=("STORAGE",), lacks={"DRBD": "no module"}),
    ),
    _warned(
        "no tiebreakers", "linstor.quorum", "tiebreaker", _property("DrbdOptions/auto-add-quorum-tiebreaker", "false")
    ),
    _warned("no quorum", "linstor.quorum", "quorum off", _property("DrbdOptions/Resource/quorum", "off")),
    Fault(
        "two primaries everywhere",
        "linstor.writers",
        "two primaries",
        _property("DrbdOptions/Net/allow-two-primaries", "yes"),
    ),
    Fault("protocol A", "linstor.writers", "protocol A", _property("DrbdOptions/Net/protocol", "A")),
    Fault("no auto-promote", "linstor.writers", "auto-promote", _property("DrbdOptions/Resource/auto-promote", "no")),
    Fault("unknown group", "group.exists", "'gold'", _updated(LINSTOR_RESOURCE_GROUP="gold")),
    _warned("one replica", "group.replicas", "one replica", _filter(place_count=1)),
    Fault("two replicas without DRBD", "group.replicas", "without DRBD", _filter(layer_stack=["STORAGE"])),
    Fault(
        "pool of nobody",
        "group.pools",
        "0 nodes with pool fast",
        _filter(storage_pool="fast", storage_pool_list=["fast"]),
    ),
    Fault("four replicas", "group.pools", "4 replicas", _filter(place_count=4)),
    _warned("nowhere for a tiebreaker", "group.witness", "2 nodes", _two_nodes),
    Fault("thick LVM", "group.snapshots", "data on host-b (LVM)", _kind("host-b", "LVM")),
    Fault("files as pools", "group.clones", "FILE_THIN", _kind("host-b", "FILE_THIN")),
    _warned("pool nearly full", "group.space", "5% left", _pool("host-b", free_kib=5 * GIB, total_kib=100 * GIB)),
    Fault("pool full", "group.space", "1% left", _pool("host-b", free_kib=GIB, total_kib=100 * GIB)),
    Fault("pool with errors", "group.pool-errors", "metadata", _pool("host-b", errors=("thin metadata is full",))),
    Fault(
        "group with two primaries",
        "group.writers",
        "the group allows",
        _group_property("DrbdOptions/Net/allow-two-primaries", "yes"),
    ),
    _warned(
        "group without tiebreakers",
        "group.quorum",
        "the group",
        _group_property("DrbdOptions/auto-add-quorum-tiebreaker", "False"),
    ),
)

# -- hosts --------------------------------------------------------------------------------------------


def _file(name: str, text: str) -> Plant:
    return lambda world: write(world.home("host-b") / name, text)


def _gone(name: str) -> Plant:
    return lambda world: (world.home("host-b") / name).unlink()


HOSTS = (
    Fault("host down", "host.ssh", "No route to host", lambda world: world.sandbox.hosts.down("host-b")),
    Fault("not in group disk", "host.disk-group", "oneadmin is not in group disk", _file("groups", "oneadmin kvm\n")),
    Fault(
        "devices closed",
        "host.disk-group",
        "/dev/drbd1000",
        lambda world: world.change("host-b", closed_devices=("/dev/drbd1000",)),
    ),
    Fault("no tar", "host.programs", "tar", lambda world: world.change("host-b", missing=("tar",))),
    Fault("no DRBD", "host.drbd-module", "not loaded", _gone("sys/module/drbd/version")),
    Fault("DRBD of the kernel", "host.drbd-module", "the kernel itself", _file("sys/module/drbd/version", "8.4.11\n")),
    Fault("old DRBD 9", "host.drbd-module", "9.0.28 or later", _file("sys/module/drbd/version", "9.0.20-1\n")),
    Fault(
        "no drbd-utils",
        "host.drbd-utils",
        "drbdsetup",
        lambda world: (world.sandbox.root / "host-bin/drbdsetup").unlink(),
    ),
    _warned(
        "no helper",
        "host.usermode-helper",
        "/nowhere/drbdadm",
        _file("sys/module/drbd/parameters/usermode_helper", "/nowhere/drbdadm\n"),
    ),
    Fault("no udev rules", "host.udev", "no rules", _gone("usr/lib/udev/rules.d/65-drbd.rules")),
    _warned("device without a name", "host.udev", "/dev/drbd1007", _file("dev/drbd1007", "")),
    _warned("no libvirt", "host.libvirt", "hypervisor", _file("no-libvirt", "")),
    _warned("guest without agent", "host.guest-agents", "one-8", _file("guests/one-8", "<domain/>")),
    Fault(
        "location closed",
        "host.location",
        "cannot write",
        lambda world: world.change("host-b", location_writable=False),
    ),
    _warned(
        "no space for checkpoints",
        "host.checkpoints",
        "MiB left",
        lambda world: world.tell_host(1, "host-b", memory_kib=10**15),
    ),
    _warned(
        "LVM opens guests' volumes",
        "host.lvm-filter",
        "LVM looks",
        _file("etc/lvm/lvm.conf", "# /dev/drbd\ndevices {\n}\n"),
    ),
)

FAULTS = (*FRONT_END, *CONFIGURATION, *ONED, *LINSTOR_FAULTS, *HOSTS)
