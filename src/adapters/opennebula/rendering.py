"""Typed steps -> one bash script; the only place where remote shell text is made (rule 11).

Every value from outside goes through `shlex.quote` once. Scripts need bash, coreutils and util-linux on the host.
A device is never opened only to look at it: a reader is refused while another host writes, and blocks writers
elsewhere (linstor.md 2.18). Its size comes from /sys/class/block instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from shlex import quote
from typing import Any

from domain import steps
from domain.errors import BadOrder

PRELUDE = r"""
set -u
export LANG=C LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
die() { printf '%s\n' "$*" >&2; exit 1; }
sectors() { # of a device that exists, without opening it
    local real; real=$(readlink -e -- "$1") || return 1
    cat -- "/sys/class/block/${real##*/}/size" 2>/dev/null
}
same_device() { [ -n "$2" ] && [ "$(readlink -e -- "$1")" = "$(readlink -e -- "$2")" ] && [ -e "$2" ]; }
wait_for_device() { # device bytes hundredths
    local size left=$3
    while :; do
        size=$(sectors "$1") && [ $((size * 512)) -ge "$2" ] && [ "$size" -gt 0 ] && return 0
        [ "$left" -gt 0 ] || break
        sleep 0.1; left=$((left - 10))
    done
    [ -n "${size:-}" ] && die "device $1 has $((size * 512)) bytes, not the $2 that were asked for"
    die "device $1 did not appear"
}
link_device() { # device path alias
    local target=$1 tries=20 new="$2.new.$$"
    [ -e "$2" ] && [ ! -L "$2" ] && die "$2 exists and is not a link"
    if [ -n "$3" ]; then
        while ! same_device "$1" "$3" && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
        same_device "$1" "$3" && target=$3
    fi
    ln -sfn -- "$target" "$new" && mv -Tf -- "$new" "$2" || die "cannot link $2"
    printf '%s' "$target"
}
unlink_path() {
    [ -L "$1" ] && { rm -f -- "$1" || die "cannot unlink $1"; return 0; }
    [ ! -e "$1" ] || die "$1 is not a link"
}
remove_tree() { # path unless
    [ -n "$2" ] && [ -e "$1/$2" ] && { printf kept; return 0; }
    if [ -L "$1" ]; then rm -f -- "$1"; else rm -rf --one-file-system -- "$1"; fi || die "cannot remove $1"
}
remove_file() {
    [ ! -d "$1" ] || die "$1 is a directory"
    rm -f -- "$1" || die "cannot remove $1"
}
count_links() { # directory device alias path
    local count=0 link real; real=$(readlink -e -- "$2" || printf '%s' "$2")
    for link in "$1"/*/*/disk.*; do
        [ -L "$link" ] && [ "$link" != "$4" ] || continue
        case "$(readlink -- "$link")" in "$2"|"$3") count=$((count + 1)); continue;; esac
        [ "$(readlink -e -- "$link")" = "$real" ] && count=$((count + 1))
    done
    printf '%s' "$count"
}
check_closed() {
    local real fd; real=$(readlink -e -- "$1") || { printf closed; return 0; }
    if command -v fuser >/dev/null; then
        if fuser -s -- "$real" 2>/dev/null; then printf open; else printf closed; fi
        return 0
    fi
    for fd in /proc/[0-9]*/fd/*; do
        [ "$(readlink -e -- "$fd" 2>/dev/null)" = "$real" ] && { printf open; return 0; }
    done
    printf closed
}
format_device() { # device program options...
    local device=$1; shift
    sectors "$device" >/dev/null || die "device $device does not exist"
    [ -w "$device" ] || set -- sudo -n "$@"
    "$@" "$device" >/dev/null || die "$* failed on $device"
}
freeze_guest() { # domain seconds
    virsh --connect "${LIBVIRT_URI:-qemu:///system}" domfsfreeze "$1" >/dev/null 2>&1 ||
        { printf 'no agent'; return 0; }
    setsid bash -c 'sleep "$2"; virsh --connect "$3" domfsthaw "$1"' linstor-thaw "$1" "$2" \
        "${LIBVIRT_URI:-qemu:///system}" </dev/null >/dev/null 2>&1 &
    printf frozen
}
thaw_guest() {
    virsh --connect "${LIBVIRT_URI:-qemu:///system}" domfsthaw "$1" >/dev/null 2>&1 || true
    pkill -f "linstor-thaw $1 " 2>/dev/null || true
}
make_qcow2() { # device bytes
    sectors "$1" >/dev/null || die "device $1 does not exist"
    command -v qemu-img >/dev/null || die "qemu-img is not installed, so no qcow2 disk can be made"
    qemu-img create -q -f qcow2 "$1" "$2" >/dev/null || die "qemu-img failed on $1"
}
device_size() { local size; size=$(sectors "$1") || die "device $1 does not exist"; printf '%s' $((size * 512)); }
"""

_KIND = re.compile(r"[a-z][a-z0-9.]{0,15}")
_OPTION = re.compile(r"[A-Za-z0-9_=,./:^+-]+")
_FORCE = {"ext2": "-F", "ext3": "-F", "ext4": "-F", "xfs": "-f", "btrfs": "-f"}


def words(*values: object) -> str:
    """The values as quoted words of one command."""
    return " ".join(quote(str(value)) for value in values)


def _removable(path: str) -> str:
    """Only a directory deep below the root is ever removed. Raises BadOrder."""
    if not path.startswith("/") or len(path.strip("/").split("/")) < 4 or ".." in path.split("/"):
        raise BadOrder(f"{path} is not a directory that this driver may remove")
    return path


def _format(step: steps.MakeFileSystem) -> str:
    if not _KIND.fullmatch(step.kind):
        raise BadOrder(f"{step.kind!r} is not a file system")
    if bad := [option for option in step.options if not _OPTION.fullmatch(option)]:
        raise BadOrder(f"{bad[0]!r} is not an option of mkfs")
    if step.kind == "swap":
        return words("format_device", step.device, "mkswap", *step.options)
    force = [_FORCE[step.kind]] if step.kind in _FORCE else []
    return words("format_device", step.device, f"mkfs.{step.kind}", *force, *step.options)


def _render(command: str, *fields: str) -> Callable[[Any], str]:
    return lambda step: words(command, *(getattr(step, field) or "" for field in fields))


_COMMANDS: dict[type, Callable[[Any], str]] = {
    steps.MakeDirectory: lambda step: words("mkdir", "-p", "--", step.path),
    steps.WaitForDevice: lambda step: words(
        "wait_for_device", step.device, step.size_kib * 1024, round(step.seconds * 100)
    ),
    steps.LinkDevice: _render("link_device", "device", "path", "alias"),
    steps.Unlink: _render("unlink_path", "path"),
    steps.RemoveTree: lambda step: words("remove_tree", _removable(step.path), step.unless),
    steps.MakeFile: lambda step: words("touch", "--", step.path),
    steps.FileExists: lambda step: f"if [ -e {quote(step.path)} ]; then printf yes; else printf no; fi",
    steps.RemoveFile: _render("remove_file", "path"),
    steps.CountLinks: _render("count_links", "directory", "device", "alias", "path"),
    steps.CheckClosed: _render("check_closed", "device"),
    steps.MakeFileSystem: _format,
    steps.MakeQcow2: lambda step: words("make_qcow2", step.device, step.size_kib * 1024),
    steps.StopMonitoring: lambda step: words("rm", "-f", "--", f"{step.directory}/.monitor"),
    steps.DeviceSize: _render("device_size", "device"),
    steps.FreezeGuest: lambda step: words("freeze_guest", step.deploy_id, round(step.seconds)),
    steps.ThawGuest: _render("thaw_guest", "deploy_id"),
}


def script(wanted: tuple[steps.Step, ...], marker: str) -> str:
    """The script for *wanted*; after each step it prints *marker* alone on a line, so that texts can be told apart."""
    lines = [PRELUDE]
    for step in wanted:
        lines.append(f"{_COMMANDS[type(step)](step)} || exit 1")
        lines.append(f"printf '\\n%s\\n' {quote(marker)}")
    return "\n".join(lines) + "\n"


def describe(step: steps.Step) -> str:
    """The step in words, for an error: what it does and to which path."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(step).__name__).lower()
    subject = getattr(step, "path", None) or getattr(step, "device", None) or getattr(step, "directory", "")
    return f"{name} {subject}".strip()
