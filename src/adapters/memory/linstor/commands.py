"""The commands that satellites run, as far as a pattern may be written for them: those of `fail` (linstor.md 2.5)."""

from __future__ import annotations

from adapters.memory.linstor.objects import Definition, Pool, VolumeDefinition

KIND_NAMES = {"LVM": "LVM", "LVM_THIN": "LVM-Thin", "ZFS": "ZFS", "ZFS_THIN": "ZFS-Thin", "FILE_THIN": "FILE THIN"}
_LVM = "--config devices { filter=['a|/dev/.*|'] }"


def kind_name(pool: Pool) -> str:
    """The provider as satellites name it."""
    return KIND_NAMES.get(pool.kind, pool.kind)


def backing(definition: Definition, volume: VolumeDefinition) -> str:
    """The name of a backing volume."""
    return f"{definition.name}_{volume.number:05d}"


def _group(pool: Pool) -> tuple[str, str]:
    group, _, thin = pool.props.get("StorDriver/StorPoolName", pool.name).partition("/")
    return group, thin or "thinpool"


def create(pool: Pool, name: str, size: int) -> str:
    """Make an empty backing volume of *size* KiB."""
    group, thin = _group(pool)
    if pool.kind.startswith("ZFS"):
        return f"zfs create {'-s ' if pool.thin else ''}-V {size}KB {group}/{name}"
    if pool.kind.startswith("FILE"):
        return f"fallocate -l {size}KiB {group}/{name}.img"
    if pool.thin:
        return f"lvcreate {_LVM} --virtualsize {size}k {group} --thinpool {thin} --name {name}"
    return f"lvcreate {_LVM} --size {size}k {group} -n {name} -y"


def snapshot(pool: Pool, name: str, of: str) -> str:
    """Take a snapshot."""
    group, _ = _group(pool)
    if pool.kind.startswith("ZFS"):
        return f"zfs snapshot {group}/{of}@{name}"
    if pool.kind.startswith("FILE"):
        return f"cp --reflink=always {group}/{of}.img {group}/{name}.img"
    skip = "--setactivationskip y --ignoreactivationskip --activate y"
    return f"lvcreate {_LVM} --snapshot {skip} --name {group}/{name} {group}/{of}"


def restore(pool: Pool, name: str, of: str) -> str:
    """Make a volume from a snapshot, or a copy for a clone."""
    group, _ = _group(pool)
    if pool.kind.startswith("ZFS"):
        return f"zfs clone {group}/{of} {group}/{name}"
    if pool.kind.startswith("FILE"):
        return f"cp --reflink=always {group}/{of}.img {group}/{name}.img"
    return f"lvcreate {_LVM} --snapshot --name {name} {group}/{of}"


def resize(pool: Pool, name: str, size: int) -> str:
    """Grow or shrink a backing volume to *size* KiB."""
    group, _ = _group(pool)
    if pool.kind.startswith("ZFS"):
        return f"zfs set volsize={size}KB {group}/{name}"
    if pool.kind.startswith("FILE"):
        return f"truncate -s {size}K {group}/{name}.img"
    return f"lvresize {_LVM} --size {size}k {group}/{name} -f"


def remove(pool: Pool, name: str) -> str:
    """Remove a backing volume or a snapshot."""
    group, _ = _group(pool)
    if pool.kind.startswith("ZFS"):
        return f"zfs destroy -f {group}/{name}"
    if pool.kind.startswith("FILE"):
        return f"rm {group}/{name}.img"
    return f"lvremove {_LVM} -f {group}/{name}"


def adjust(definition: Definition) -> str:
    """Let DRBD take over a resource file."""
    return f"drbdadm -vvv adjust {definition.name}"


def create_metadata(definition: Definition, volume: VolumeDefinition) -> str:
    """Write DRBD's metadata."""
    return f"drbdadm -vvv --max-peers 7 -- --force create-md {definition.name}/{volume.number}"


def down(definition: Definition) -> str:
    """Stop DRBD."""
    return f"drbdsetup down {definition.name}"
