"""Front-ends as they are found: their trees (opennebula.md 1.2, 1.3) and their configuration, in words of our own."""

from __future__ import annotations

import getpass
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

TRANSFER = {
    "5.8.5": "-t 15 -d dummy,lvm,shared,fs_lvm,qcow2,ssh,ceph,dev,vcenter,iscsi_libvirt",
    "6.8.0": "-t 15 -d dummy,lvm,shared,fs_lvm,fs_lvm_ssh,qcow2,ssh,ceph,dev,vcenter,iscsi_libvirt",
    "7.4.0": "-t 15 -d dummy,lvm,shared,fs_lvm,fs_lvm_ssh,qcow2,ssh,local,ceph,dev,iscsi_libvirt,netapp,purefa",
}
DATASTORE = {
    "5.8.5": "-t 15 -d dummy,fs,lvm,ceph,dev,iscsi_libvirt,vcenter -s shared,ssh,ceph,fs_lvm,qcow2,vcenter",
    "6.8.0": "-t 15 -d dummy,fs,lvm,ceph,dev,iscsi_libvirt,restic,rsync -s shared,ssh,ceph,fs_lvm,fs_lvm_ssh,qcow2",
    "7.4.0": "-t 15 -d dummy,fs,lvm,ceph,dev,iscsi_libvirt,rsync -s dummy,lvm,shared,ssh,local,ceph,qcow2,netapp",
}
SNAPSHOTS = {
    "5.8.5": "kvm-qcow2 kvm-ceph",
    "6.8.0": "kvm-qcow2 kvm-shared kvm-ceph kvm-ssh qemu-qcow2 qemu-shared qemu-ceph qemu-ssh",
    "7.4.0": "kvm-qcow2 kvm-shared kvm-ceph kvm-ssh kvm-local kvm-lvm kvm-netapp lxc-ceph qemu-qcow2 qemu-local",
}
ADDON_TM = (
    *("clone", "context", "cpds", "delete", "failmigrate", "ln", "mkimage", "mkswap", "monitor", "mv", "mvds"),
    *("postbackup", "postbackup_live", "postmigrate", "prebackup", "prebackup_live", "premigrate", "resize"),
    *("snap_create", "snap_create_live", "snap_delete", "snap_revert"),
)
ADDON_DATASTORE = (
    *("clone", "cp", "export", "mkfs", "monitor", "rm", "snap_delete", "snap_flatten", "snap_revert", "stat"),
)


def oned_conf(version: str) -> str:
    """A configuration of that version, with comments, with sections that are switched off, and with lists."""
    return f"""# The daemon's own settings
#   PORT: where it listens
LOG = [
  SYSTEM      = "file",
  DEBUG_LEVEL = 3   # everything
]
#MANAGER_TIMER = 15
SCRIPTS_REMOTE_DIR=/var/tmp/one
PORT = 2633
DB = [ BACKEND = "sqlite" ]
# DB = [ BACKEND = "mysql",
#        SERVER  = "localhost" ]
VNC_PORTS = [
    START    = 5900,
    RESERVED = "32768:65536"
]
VM_MAD = [
    NAME           = "kvm",
    EXECUTABLE     = "one_vmm_exec",
    ARGUMENTS      = "-t 15 -r 0 kvm",
    DEFAULT        = "vmm_exec/vmm_exec_kvm.conf",
    IMPORTED_VMS_ACTIONS = "terminate, hold, release,
        suspend, resume"
]
#TM_MAD = [
#    EXECUTABLE = "one_tm",
#    ARGUMENTS  = "-t 1 -d dummy"
#]
TM_MAD = [
    EXECUTABLE = "one_tm",
    ARGUMENTS = "{TRANSFER[version]}"
]
# -s: drivers of system datastores
DATASTORE_MAD = [
    EXECUTABLE = "one_datastore",
    ARGUMENTS  = "{DATASTORE[version]}"
]
INHERIT_DATASTORE_ATTR  = "CEPH_HOST"
INHERIT_IMAGE_ATTR      = "DISK_TYPE"   # of an image
TM_MAD_CONF = [
    NAME = "ssh", LN_TARGET = "SYSTEM", CLONE_TARGET = "SYSTEM", SHARED = "NO", ALLOW_ORPHANS = "YES"
]
TM_MAD_CONF = [
    NAME = "ceph", LN_TARGET = "NONE", CLONE_TARGET = "SELF", SHARED = "YES",
    TM_MAD_SYSTEM = "ssh,shared", LN_TARGET_SSH = "SYSTEM"
]
DS_MAD_CONF = [
    NAME = "fs", REQUIRED_ATTRS = "", PERSISTENT_ONLY = "NO", MARKETPLACE_ACTIONS = "export"
]
AUTH_MAD_CONF = [ NAME = "core", PASSWORD_CHANGE = "YES" ]
DEFAULT_UMASK = 177"""


def with_addon(text: str) -> str:
    """The same after the steps of the addon's manual."""
    text = text.replace("ssh,ceph,dev", "ssh,ceph,dev,linstor", 1).replace(
        "ssh,local,ceph,dev", "ssh,local,ceph,dev,linstor", 1
    )
    return text + (
        "\n\n# LINBIT\nTM_MAD_CONF = [\n"
        '    name = "linstor", ln_target = "NONE", clone_target = "SELF", shared = "yes", ALLOW_ORPHANS="yes",\n'
        '    TM_MAD_SYSTEM = "ssh,shared", LN_TARGET_SSH = "NONE", CLONE_TARGET_SSH = "SELF",\n'
        '    DISK_TYPE_SSH = "BLOCK",\n'
        '    LN_TARGET_SHARED = "NONE", CLONE_TARGET_SHARED = "SELF", DISK_TYPE_SHARED = "BLOCK"\n]\n'
        'DS_MAD_CONF = [ NAME = "linstor", REQUIRED_ATTRS = "BRIDGE_LIST", PERSISTENT_ONLY = "NO",\n'
        '    MARKETPLACE_ACTIONS = "export" ]\n'
    )


def execrc(version: str) -> str:
    """`vmm_execrc` of that version."""
    return (
        "# Pairs of drivers that can take snapshots of disks in use, separated by blanks\n"
        f'LIVE_DISK_SNAPSHOTS="{SNAPSHOTS[version]}"\n\n'
        '# What runs on the front-end\nVNMAD_LOCAL_ACTIONS="elastic-post elastic-clean"\n'
    )


@dataclass(frozen=True)
class Tree:
    """One front-end below *root*; *environment* is that of an administrator there."""

    root: Path
    var: Path
    etc: Path
    environment: dict[str, str]

    @property
    def option(self) -> list[str]:
        """What tells the command where it is."""
        return [] if "ONE_LOCATION" in self.environment else ["--root", str(self.root)]

    def driver(self, kind: str) -> Path:
        """The directory of one kind of the driver's scripts."""
        return self.var / "remotes" / kind / "linstor"


def make(root: Path, version: str, *, self_contained: bool = False, addon: bool = False) -> Tree:
    """Build one."""
    var, etc = (root / "var", root / "etc") if self_contained else (root / "var/lib/one", root / "etc/one")
    environment = {"ONE_USER": getpass.getuser(), **({"ONE_LOCATION": str(root)} if self_contained else {})}
    tree = Tree(root, var, etc, environment)
    for name in ("tm/ssh/clone", "tm/tm_common.sh", "datastore/fs/cp", "datastore/libfs.sh"):
        _file(var / "remotes" / name, f"#!/bin/bash\n# {name}\n", 0o755)
    _file(var / "remotes" / "VERSION", f"{version}\n", 0o644)
    text = oned_conf(version)
    _file(etc / "oned.conf", with_addon(text) if addon else text, 0o640)
    _file(etc / "vmm_exec" / "vmm_execrc", execrc(version), 0o644)
    if addon:
        put_addon(tree)
    return tree


def put_addon(tree: Tree) -> None:
    """The scripts of an addon 3.x, one of them a link, one changed, and what an administrator has put beside them."""
    for kind, actions in (("tm", ADDON_TM), ("datastore", ADDON_DATASTORE)):
        for action in actions:
            _file(
                tree.driver(kind) / action, f"#!/usr/bin/env python3\nfrom one import util  # {kind} {action}\n", 0o755
            )
    (tree.driver("tm") / "ln").unlink()
    (tree.driver("tm") / "ln").symlink_to("clone")
    _file(tree.driver("tm") / "mv", "#!/bin/sh\n# ours, not theirs\n", 0o711)
    _file(tree.driver("tm") / "clone.ssh", "#!/bin/sh\n# oned calls this one first\n", 0o755)
    _file(tree.driver("tm") / "NOTES", "why mv is changed\n", 0o600)
    _packaged(tree)


def _packaged(tree: Tree) -> None:
    info = tree.root / "var/lib/dpkg/info"
    digest = hashlib.md5(b"as it was packaged").hexdigest()
    name = (tree.driver("tm") / "mv").relative_to(tree.root)
    _file(info / "linstor-opennebula.list", f"/{name}\n", 0o644)
    _file(info / "linstor-opennebula.md5sums", f"{digest}  {name}\n", 0o644)


def _file(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    os.utime(path, (1_500_000_000, 1_500_000_000))


def listing(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything below *root*: kind, mode, owner, time and content of files, and where links lead."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        state = path.lstat()
        name, common = str(path.relative_to(root)), (stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid)
        if path.is_symlink():
            found[name] = ("link", os.readlink(path), state.st_uid, state.st_gid)
        elif path.is_dir():
            found[name] = ("directory", *common)
        else:
            found[name] = ("file", *common, state.st_mtime_ns, path.read_bytes())
    return found
