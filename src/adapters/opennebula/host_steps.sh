# The steps of domain/steps.py: one function for each, with its fields as words. What a function prints is told back.

perform() { # FUNCTION WORD...
    need_asker
    # standard input tells whether the driver lives, so no program may read that
    printf '%s\n' "$mark" && "$@" < /dev/null || exit 1
}

finish() { printf '%s\n' "$mark"; }

make_directory() { mkdir -p -- "$1"; }

resolve_alike() { # ONE OTHER
    local one other
    one=$(readlink -e -- "$1") && other=$(readlink -e -- "$2") && [ "$one" = "$other" ]
}

appears_as() { # DEVICE ALIAS: udev makes the alias up to a second later than the device (linstor.md 2.18)
    local waited=0
    until resolve_alike "$1" "$2"; do
        [ "$waited" -lt 2000 ] || return 1
        need_asker
        sleep 0.05
        waited=$((waited + 50))
    done
}

link_device() { # DEVICE PATH ALIAS
    local target=$1 new
    if [ -e "$2" ] && [ ! -L "$2" ]; then fail "$2 exists and is no link"; fi
    if [ -n "$3" ] && appears_as "$1" "$3"; then target=$3; fi
    new=$(dirname -- "$2")/.$(basename -- "$2").new
    ln -sfn -- "$target" "$new" && mv -fT -- "$new" "$2" && printf '%s\n' "$target"
}

kept_by() { # DIRECTORY NAME
    [ -n "$2" ] && [ -e "$1/$2" ] && echo kept
}

unlink_path() { # PATH
    if [ -L "$1" ]; then rm -f -- "$1"; return; fi
    [ ! -e "$1" ] || fail "$1 is no link"
}

remove_tree() { # PATH UNLESS
    [[ $1 != *//* && /$1/ != */../* && /$1/ != */./* ]] || fail "$1 is not written plainly"
    # four names deep, or a location of one name: LOCATION/DATASTORE/VM, LOCATION/VM/backup
    [[ $1 == /*/*/*/* || $1 =~ ^/[^/]+/[0-9]+/([0-9]+|backup)$ ]] || fail "$1 is too near to the root to be removed"
    if kept_by "$1" "$2"; then return 0; fi
    if [ -L "$1" ]; then rm -f -- "$1"; else rm -rf --one-file-system -- "$1"; fi
}

make_file() { # PATH
    if [ -f "$1" ] && [ ! -L "$1" ]; then return 0; fi
    if [ -e "$1" ] || [ -L "$1" ]; then fail "$1 exists and is no plain file"; fi
    : > "$1"
}

file_exists() { if [ -e "$1" ] || [ -L "$1" ]; then echo yes; else echo no; fi; }

file_size() { # PATH
    if [ -f "$1" ] && [ ! -L "$1" ]; then stat -c %s -- "$1"; fi
}

remove_file() { # PATH
    if [ -L "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then fail "$1 is no plain file"; fi
    rm -f -- "$1"
}

leads_to() { # LINK DEVICE ALIAS: by its text, too, for a device that is gone
    local text
    text=$(readlink -- "$1") || return 1
    [ "$text" = "$2" ] || { [ -n "$3" ] && [ "$text" = "$3" ]; } || resolve_alike "$1" "$2"
}

count_links() { # DIRECTORY DEVICE ALIAS PATH
    local link count=0
    for link in "$1"/*/*/disk.*; do
        case $link in "$4" | "$4"/*) continue ;; esac
        if leads_to "$link" "$2" "$3"; then count=$((count + 1)); fi
    done
    echo "$count"
}

check_closed() { # DEVICE
    local descriptors
    if command -v fuser > /dev/null && fuser -s "$1" > /dev/null 2>&1; then echo open; return; fi
    # by number: a guest may have opened the device under a name of its own
    if [ -b "$1" ]; then
        descriptors=$(stat -L -c '%F %t:%T' /proc/[0-9]*/fd/* 2> /dev/null)
        if grep -qxF -- "block special file $(stat -L -c '%t:%T' -- "$1")" <<< "$descriptors"; then
            echo open
            return
        fi
    fi
    echo closed
}

make_file_system() { # DEVICE KIND OPTION...
    local device=$1 kind=$2 program
    shift 2
    [[ $kind =~ ^[a-z][a-z0-9.]*$ ]] || fail "$kind is no kind of file system"
    need_device "$device"
    program=mkfs.$kind
    case $kind in
        swap) program=mkswap ;;
        ext[234]) set -- -F -q "$@" ;;
        xfs | btrfs | f2fs) set -- -f "$@" ;;
        vfat) set -- -I "$@" ;;
        ntfs) set -- -F -Q "$@" ;;
    esac
    command -v "$program" > /dev/null || fail "$program is not installed"
    [ -w "$device" ] || fail "$(id -un) may not write to $device and should be in group disk"
    "$program" "$@" "$device" > /dev/null
}

make_qcow2() { # DEVICE BYTES
    need_device "$1"
    command -v qemu-img > /dev/null || fail "qemu-img is not installed, so no qcow2 disk can be made"
    qemu-img create -q -f qcow2 "$1" "$2" > /dev/null
}

export_device() { # DEVICE PATH BASE BACKING
    local new=$2.new
    need_device "$1"
    command -v qemu-img > /dev/null || fail "qemu-img is not installed, so no disk can be saved"
    rm -f -- "$new"
    if [ -z "$3" ]; then
        qemu-img convert -q -f raw -O qcow2 "$1" "$new"
    else
        need_device "$3"
        # what differs from the older device is written when that takes the place of the device itself below the file
        qemu-img create -q -f qcow2 -F raw -b "$1" "$new" > /dev/null &&
            qemu-img rebase -q -f qcow2 -F raw -b "$3" "$new" &&
            qemu-img rebase -u -q -f qcow2 -F qcow2 -b "$4" "$new"
    fi || fail "$1 cannot be saved to $2"
    mv -fT -- "$new" "$2"
}

append_text() { # PATH TEXT
    if [ -L "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then fail "$1 is no plain file"; fi
    printf '%s' "$2" >> "$1"
}

# -- a device gets what another one has --------------------------------------------------------------------------------

WINDOW=$((256 * 1024 * 1024))
PART=$((1024 * 1024))

first_difference() { # SOURCE DEVICE FROM TO: TO where there is none
    local said
    if said=$(cmp -i "$3" -n "$(($4 - $3))" -- "$1" "$2" 2>&1); then echo "$4"; return; fi
    [[ $said =~ differ:\ [a-z]+\ ([0-9]+) ]] || fail "${said:-$1 and $2 cannot be compared}"
    echo "$(($3 + BASH_REMATCH[1] - 1))"
}

write_part() { # SOURCE DEVICE FROM BYTES
    local said flags=
    if [ -b "$2" ]; then flags=,direct; fi
    # nocreat: dd makes a plain file of a name that is missing (linstor.md 2.18)
    said=$(dd if="$1" of="$2" bs=1M iflag=fullblock,skip_bytes,count_bytes oflag="seek_bytes$flags" \
        skip="$3" seek="$3" count="$4" conv=notrunc,nocreat,fsync status=none 2>&1) || fail "$(tail -n 1 <<< "$said")"
}

copy_range() { # SOURCE DEVICE FROM TO: each part that is written is looked at once more
    local at=$3 to found part written=
    while [ "$at" -lt "$4" ]; do
        need_asker
        to=$(($4 - at < WINDOW ? $4 : at + WINDOW))
        found=$(first_difference "$1" "$2" "$at" "$to") || exit 1
        if [ "$found" = "$to" ]; then at=$to; continue; fi
        part=$((found - (found - $3) % PART))
        [ "$part" != "$written" ] || fail "$2 does not hold what is written to it"
        write_part "$1" "$2" "$part" "$(($4 - part < PART ? $4 - part : PART))"
        written=$part at=$part
    done
}

copy_device() { # SOURCE DEVICE BYTES
    local held from size
    command -v cmp > /dev/null || fail "cmp (diffutils) is not installed, so a snapshot cannot be written over a disk"
    wait_for_device "$1" "$3" 0
    wait_for_device "$2" "$3" 0
    size=$(device_bytes "$2")
    # while it is open for writing, DRBD lets no other host have it, and LINSTOR does not touch it
    { exec {from}< "$1" {held}<> "$2"; } 2> /dev/null || fail "$1 or $2 cannot be opened"
    flock -w 30 "$held" || fail "another order still writes to $2"
    copy_range "$1" "$2" 0 "$3"
    copy_range /dev/zero "$2" "$3" "$size"
    exec {from}<&- {held}<&-
}

stop_monitoring() { rm -f -- "$1/.monitor"; }

tell_size() { # DEVICE
    need_device "$1"
    device_bytes "$1"
}

# -- guests: a watchdog that is older than the freeze thaws, whatever becomes of the driver ----------------------------

WATCHDOG=linstor-thaw-watchdog
LIBVIRT=${LIBVIRT_URI:-qemu:///system}

ask_guest() { # COMMAND DEPLOY_ID
    timeout 30 virsh --connect "$LIBVIRT" "$1" "$2" > /dev/null 2>&1
}

watchdogs() { # DEPLOY_ID: numbers of the processes that will thaw it
    local file words
    for file in /proc/[0-9]*/cmdline; do
        mapfile -d '' -t words 2> /dev/null < "$file" || continue
        if [ "${words[3]:-} ${words[4]:-} ${words[6]:-}" = "$WATCHDOG $1 $LIBVIRT" ]; then
            basename -- "$(dirname -- "$file")"
        fi
    done 2> /dev/null
}

end_watchdogs() { # DEPLOY_ID
    local number
    for number in $(watchdogs "$1"); do kill -- "-$number" 2> /dev/null; done
    return 0
}

start_watchdog() { # DEPLOY_ID SECONDS COMMAND
    setsid bash -c 'sleep "$2"; exec timeout 30 virsh --connect "$3" "$4" "$1"' \
        "$WATCHDOG" "$1" "$2" "$LIBVIRT" "$3" > /dev/null 2>&1 < /dev/null &
    watchdog=$!
}

freeze_guest() { # DEPLOY_ID SECONDS
    [[ $1 =~ ^[A-Za-z0-9] ]] || fail "$1 is no name of a guest"
    end_watchdogs "$1"
    if ! command -v virsh > /dev/null; then echo "no agent"; return; fi
    start_watchdog "$1" "$2" domfsthaw
    if ask_guest domfsfreeze "$1"; then echo frozen; return; fi
    # it may have frozen some of them before it failed
    ask_guest domfsthaw "$1"
    kill "$watchdog" 2> /dev/null
    end_watchdogs "$1"
    echo "no agent"
}

go_on() { # COMMAND DEPLOY_ID: a watchdog that somebody killed does not keep the guest standing still
    local watched
    watched=$(watchdogs "$2")
    if ! ask_guest "$1" "$2" && [ -n "$watched" ]; then
        fail "the guest $2 does not go on; its watchdog will try again"
    fi
    end_watchdogs "$2"
}

thaw_guest() { go_on domfsthaw "$1"; } # DEPLOY_ID

pause_guest() { # DEPLOY_ID SECONDS
    [[ $1 =~ ^[A-Za-z0-9] ]] || fail "$1 is no name of a guest"
    command -v virsh > /dev/null || fail "virsh is not installed, so that no guest can be paused"
    end_watchdogs "$1"
    start_watchdog "$1" "$2" resume
    if ask_guest suspend "$1"; then return; fi
    ask_guest resume "$1"
    kill "$watchdog" 2> /dev/null
    end_watchdogs "$1"
    fail "the guest $1 cannot be paused"
}

resume_guest() { go_on resume "$1"; } # DEPLOY_ID
