"""Faults of hosts."""

from __future__ import annotations

from tests.e2e.doctor.fault import Fault, Plant, warned
from tests.e2e.doctor.world import write


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
    warned(
        "no helper",
        "host.usermode-helper",
        "/nowhere/drbdadm",
        _file("sys/module/drbd/parameters/usermode_helper", "/nowhere/drbdadm\n"),
    ),
    Fault("no udev rules", "host.udev", "no rules", _gone("usr/lib/udev/rules.d/65-drbd.rules")),
    warned("device without a name", "host.udev", "/dev/drbd1007", _file("dev/drbd1007", "")),
    warned("no libvirt", "host.libvirt", "hypervisor", _file("no-libvirt", "")),
    warned("guest without agent", "host.guest-agents", "one-8", _file("guests/one-8", "<domain/>")),
    Fault(
        "location closed",
        "host.location",
        "cannot write",
        lambda world: world.change("host-b", location_writable=False),
    ),
    warned(
        "no space for checkpoints",
        "host.checkpoints",
        "MiB left",
        lambda world: world.tell_host(1, "host-b", memory_kib=10**15),
    ),
    warned(
        "LVM opens guests' volumes",
        "host.lvm-filter",
        "LVM looks",
        _file("etc/lvm/lvm.conf", "# /dev/drbd\ndevices {\n}\n"),
    ),
)
