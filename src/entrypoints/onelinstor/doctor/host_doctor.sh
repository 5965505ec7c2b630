# Looks at a host and changes nothing. Each line is `MARK KEY VALUE`.

LIBVIRT=${LIBVIRT_URI:-qemu:///system}
NEEDED="cp cut dd dirname find grep ln mkdir mv readlink rm setsid sha256sum sort stat sync tail tar timeout xargs"
MOST_GUESTS=100

tell() { printf '%s %s\n' "$mark" "$*"; }

look() { # LOCATION
    tell user "$(id -un)"
    tell groups "$(id -Gn)"
    look_at_programs
    look_at_drbd
    look_at_devices
    look_at_guests
    look_at_location "$1"
    look_at_lvm
    tell end
} < /dev/null

look_at_programs() {
    local program
    for program in $NEEDED; do
        command -v "$program" > /dev/null || tell missing "$program"
    done
}

first_line() { # FILE
    local line=
    if [ -r "$1" ]; then read -r line < "$1"; fi
    printf '%s' "$line"
}

look_at_drbd() {
    local helper rules
    tell drbd "$(first_line /sys/module/drbd/version)"
    helper=$(first_line /sys/module/drbd/parameters/usermode_helper)
    tell helper "$helper"
    if [[ $helper == /* ]] && ! [ -x "$helper" ]; then tell helper-missing; fi
    if command -v drbdsetup > /dev/null; then tell utils drbdsetup; fi
    for rules in /usr/lib/udev/rules.d/*drbd*.rules /lib/udev/rules.d/*drbd*.rules /etc/udev/rules.d/*drbd*.rules; do
        if [ -r "$rules" ]; then tell rules "$rules"; fi
    done
}

look_at_devices() {
    local device named
    named=$(readlink -e -- /dev/drbd/by-res/*/*)
    for device in /dev/drbd[0-9]*; do
        [ -e "$device" ] || continue
        [ -w "$device" ] || tell closed "$device"
        grep -qxF -- "$(readlink -e -- "$device")" <<< "$named" || tell nameless "$device"
    done
}

look_at_guests() {
    local guests guest count=0
    if ! command -v virsh > /dev/null; then tell libvirt "not found"; return; fi
    guests=$(timeout 20 virsh --connect "$LIBVIRT" list --name 2>&1) || { tell libvirt "$(tail -n 1 <<< "$guests")"; return; }
    for guest in $guests; do
        [[ $guest == one-* ]] && [ "$count" -lt "$MOST_GUESTS" ] || continue
        count=$((count + 1))
        timeout 10 virsh --connect "$LIBVIRT" dumpxml "$guest" 2> /dev/null | grep -F org.qemu.guest_agent > /dev/null ||
            tell agentless "$guest"
    done
}

look_at_location() { # LOCATION: where it is not there yet, the driver makes it
    local directory=$1
    until [ -d "$directory" ] || [ "$directory" = / ]; do directory=$(dirname -- "$directory"); done
    [ -w "$directory" ] || tell location-closed
    tell free "$(df -Pk -- "$directory" | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4)"
}

look_at_lvm() {
    if [ ! -r /etc/lvm/lvm.conf ] || [ -e /etc/lvm/devices/system.devices ]; then return; fi
    tell filter "$(grep -v '^[[:space:]]*#' /etc/lvm/lvm.conf | grep -m 1 -i drbd)"
}
