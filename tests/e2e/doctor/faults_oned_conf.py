"""Faults of oned.conf and vmm_execrc."""

from __future__ import annotations

from tests.e2e.doctor.fault import Fault, Plant, warned


def _conf(old: str, new: str) -> Plant:
    return lambda world: world.edit(world.etc / "oned.conf", old, new)


def _section(name: str, new: str = "OTHER") -> Plant:
    """The section about the driver is about another one."""
    return lambda world: world.edit(
        world.etc / "oned.conf", f'{name} = [\n    NAME = "linstor"', f'{name} = [\n    NAME = "{new}"'
    )


CONFIGURATION = (
    Fault("oned.conf gone", "oned-conf.readable", "cannot be read", lambda world: (world.etc / "oned.conf").unlink()),
    Fault("oned.conf broken", "oned-conf.readable", "line 4", _conf('SYSTEM      = "file"', "SYSTEM      file")),
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
    warned(
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
    warned(
        "no orphans",
        "oned-conf.tm-mad-conf",
        "ALLOW_ORPHANS",
        _conf('ALLOW_ORPHANS = "YES",\n    DS_MIGRATE', 'ALLOW_ORPHANS = "NO",\n    DS_MIGRATE'),
    ),
    warned(
        "no other system datastores",
        "oned-conf.tm-mad-conf",
        "TM_MAD_SYSTEM is missing",
        _conf('TM_MAD_SYSTEM = "ssh,shared",', ""),
    ),
    Fault("no DS_MAD_CONF", "oned-conf.ds-mad-conf", "no DS_MAD_CONF", _section("DS_MAD_CONF")),
    warned(
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
    warned(
        "QEMU forgotten",
        "oned-conf.live-snapshots",
        "lacks qemu-linstor",
        lambda world: world.edit(world.etc / "vmm_exec/vmm_execrc", " qemu-linstor", ""),
    ),
    warned(
        "no vmm_execrc",
        "oned-conf.live-snapshots",
        "cannot be read",
        lambda world: (world.etc / "vmm_exec/vmm_execrc").unlink(),
    ),
)
