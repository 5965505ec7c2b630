"""Checks of a host: what the user of oned may do there, DRBD, guests, space (linstor.md 5, 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from entrypoints.onelinstor.doctor.checks import Check, Finding, warning
from entrypoints.onelinstor.doctor.reading import HostFacts

OLDEST_DRBD = (9, 0, 28)
MOST_NAMES = 4


@dataclass(frozen=True)
class HostView:
    """A host. *hypervisor*: oned runs VMs there, whose memory together is *guests_kib*."""

    host: HostFacts
    hypervisor: bool = True
    guests_kib: int = 0


def _disk_group(view: HostView) -> Iterator[Finding]:
    user, groups = view.host.user, view.host.groups
    if user != "root" and "disk" not in groups:
        yield Finding(f"{user} is not in group disk", advice=f"usermod -aG disk {user}")
    elif view.host.closed_devices:
        yield Finding(f"{user} may not write to {_some(view.host.closed_devices)}")


def _programs(view: HostView) -> Iterator[Finding]:
    if view.host.missing:
        yield Finding(f"{', '.join(view.host.missing)} not found")


def _module(view: HostView) -> Iterator[Finding]:
    version = view.host.drbd
    numbers = tuple(int(each) for each in re.findall(r"[0-9]{1,9}", version)[:3])
    if not version:
        yield Finding(
            "DRBD's module is not loaded",
            advice="modprobe drbd; and at each start: echo drbd > /etc/modules-load.d/drbd.conf",
        )
    elif numbers < OLDEST_DRBD:
        kernels = ", the one of the kernel itself" if numbers < (9,) else ""
        yield Finding(f"DRBD {version} is loaded{kernels}; LINSTOR needs 9.0.28 or later")


def _utilities(view: HostView) -> Iterator[Finding]:
    if not view.host.drbd_utils:
        yield Finding("there is no drbdsetup")


def _helper(view: HostView) -> Iterator[Finding]:
    helper = view.host.helper
    if helper not in ("", "disabled") and not view.host.helper_there:
        yield warning(f"DRBD calls {helper}, which is not there, at each change of a replica")


def _udev(view: HostView) -> Iterator[Finding]:
    if not view.host.udev_rules:
        yield Finding("udev has no rules of DRBD, so no device gets a link below /dev/drbd/by-res")
    elif view.host.nameless_devices:
        yield warning(
            f"{_some(view.host.nameless_devices)} has no link below /dev/drbd/by-res",
            "udevadm trigger --subsystem-match=block",
        )


def _libvirt(view: HostView) -> Iterator[Finding]:
    if view.hypervisor and view.host.libvirt:
        yield warning(f"virsh: {view.host.libvirt}; guests are not frozen for snapshots")


def _agents(view: HostView) -> Iterator[Finding]:
    if view.host.agentless:
        yield warning(f"{_some(view.host.agentless)} has no channel for the agent: snapshots are as after a power cut")


def _location(view: HostView) -> Iterator[Finding]:
    if view.hypervisor and not view.host.location_writable:
        yield Finding(f"{view.host.user} cannot write where the system datastores are")


def _checkpoints(view: HostView) -> Iterator[Finding]:
    free, needed = view.host.free_kib, view.guests_kib
    if view.hypervisor and 0 <= free < needed:
        yield warning(
            f"{free // 1024} MiB left where the system datastores are; the memory of its guests is {needed // 1024}"
        )


def _filter(view: HostView) -> Iterator[Finding]:
    if view.host.lvm_filter is not None and "drbd" not in view.host.lvm_filter:
        yield warning("LVM looks into DRBD devices, holds open what guests have in them, and so blocks migrations")


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


CHECKS = (
    Check(
        "host.disk-group",
        "whether the user of oned may use devices",
        "chgrp disk, chmod 660, or a udev rule of that kind",
        _disk_group,
    ),
    Check("host.programs", "programs that the driver calls", "install them", _programs),
    Check(
        "host.drbd-module",
        "DRBD's version",
        "install drbd-dkms (or kmod-drbd), unload the old module or reboot",
        _module,
    ),
    Check("host.drbd-utils", "drbdsetup, which the satellite calls", "install drbd-utils", _utilities),
    Check(
        "host.usermode-helper",
        "DRBD's usermode helper",
        "install drbd-utils, or options drbd usermode_helper=disabled in /etc/modprobe.d",
        _helper,
    ),
    Check(
        "host.udev", "names of DRBD devices", "install drbd-utils, then udevadm trigger --subsystem-match=block", _udev
    ),
    Check(
        "host.libvirt",
        "libvirt, which freezes guests",
        "add the user to group libvirt; install libvirt-clients",
        _libvirt,
    ),
    Check(
        "host.guest-agents",
        "channels for QEMU's agent",
        'FEATURES = [ GUEST_AGENT = "yes" ] in the VM, and qemu-guest-agent in the guest',
        _agents,
    ),
    Check("host.location", "where the system datastores are", "chown it to the user of oned", _location),
    Check(
        "host.checkpoints",
        "space for checkpoints of guests",
        "make room there, or such VMs cannot be suspended or stopped",
        _checkpoints,
    ),
    Check(
        "host.lvm-filter",
        "whether LVM leaves DRBD alone",
        'global_filter = [ "r|^/dev/drbd|", "r|^/dev/mapper/[lL]instor|" ] in /etc/lvm/lvm.conf',
        _filter,
    ),
)
