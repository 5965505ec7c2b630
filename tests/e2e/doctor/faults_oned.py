"""Faults of oned and its datastores."""

from __future__ import annotations

from tests.e2e.doctor.fault import Fault, Plant, warned
from tests.e2e.doctor.world import IMAGES, LINSTOR, write


def updated(identity: int = IMAGES, drop: str = "", **given: str) -> Plant:
    """Attributes of a datastore change, or one goes."""
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
    warned(
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
    warned(
        "disabled",
        "datastore.state",
        "disabled",
        lambda world: world.tell_datastore(IMAGES, state=1, **world.given[IMAGES]),
    ),
    Fault("senseless time", "datastore.attributes", "LINSTOR_TIMEOUT", updated(LINSTOR_TIMEOUT="soon")),
    Fault("senseless node map", "datastore.attributes", "LINSTOR_NODE_MAP", updated(LINSTOR_NODE_MAP="host-a")),
    warned("LINSTOR_AUTO_PLACE", "datastore.deprecated", "LINSTOR_AUTO_PLACE", updated(LINSTOR_AUTO_PLACE="2")),
    warned("context volumes", "datastore.deprecated", "CONTEXT_DISK_TYPE", updated(LINSTOR, CONTEXT_DISK_TYPE="BLOCK")),
    Fault("images as files", "datastore.disk-type", "FILE and not BLOCK", updated(DISK_TYPE="FILE")),
    warned(
        "volatile disks as files", "datastore.disk-type", "missing and not BLOCK", updated(LINSTOR, drop="DISK_TYPE")
    ),
    Fault("not updated since oned.conf", "datastore.targets", "CLONE_TARGET_SSH", updated(drop="CLONE_TARGET_SSH")),
    Fault("links into the system datastore", "datastore.targets", "LN_TARGET", updated(LN_TARGET="SYSTEM")),
    Fault("system datastore not shared", "datastore.targets", "SHARED is 'NO'", updated(LINSTOR, SHARED="NO")),
    warned("no COMPATIBLE_SYS_DS", "datastore.compatible-systems", "missing", updated(drop="COMPATIBLE_SYS_DS")),
    Fault(
        "COMPATIBLE_SYS_DS of nobody",
        "datastore.compatible-systems",
        "names 999",
        updated(COMPATIBLE_SYS_DS="104,999"),
    ),
    Fault(
        "COMPATIBLE_SYS_DS not served",
        "datastore.compatible-systems",
        "driven by ssh",
        updated(TM_MAD_SYSTEM="shared"),
    ),
    warned("unknown bridge", "datastore.bridges", "old-host", updated(BRIDGE_LIST="host-a old-host")),
    Fault("certificate gone", "datastore.access", "LINSTOR_CA_FILE", updated(LINSTOR_CA_FILE="/nowhere/ca.pem")),
    Fault(
        "password file gone",
        "datastore.access",
        "LINSTOR_PASSWORD_FILE",
        updated(LINSTOR_USER="one", LINSTOR_PASSWORD_FILE="/nowhere/it"),
    ),
    warned(
        "password for all to read",
        "datastore.secrets",
        "LINSTOR_PASSWORD",
        updated(LINSTOR_USER="one", LINSTOR_PASSWORD="geheim"),
    ),
    Fault("STAGING_DIR gone", "datastore.staging", "no directory", updated(STAGING_DIR="/nowhere")),
    Fault(
        "STAGING_DIR closed",
        "datastore.staging",
        "cannot be written",
        lambda world: world.change("directory", writable=False),
    ),
    warned(
        "STAGING_DIR full",
        "datastore.staging",
        "512 MiB left",
        lambda world: world.change("directory", free_kib=512 * 1024),
    ),
)
