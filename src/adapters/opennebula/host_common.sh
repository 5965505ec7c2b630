# What every script on a host begins with. Needs bash, coreutils, util-linux, findutils and tar; runs as oneadmin.
set -u -o pipefail
export LANG=C LC_ALL=C
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin

fail() { printf '%s\n' "$*" >&2; exit 1; }

# A driver that dies leaves its session behind, and the next order has the volumes then: their devices may be others
# under the same names. So the driver keeps standard input open for as long as it lives, and whoever begins something
# looks at it. $asker is a copy of that input; "" where the input itself is what is worked on.
asker=

is_asked() { [ -z "$asker" ] || ! read -r -t 0 -u "$asker"; }

need_asker() { is_asked || fail "the order that asked for this has ended"; }

# A device is never opened only to look at it: DRBD refuses a reader while another host writes, and a reader blocks the
# writers of other hosts. The kernel's own table tells the size. A name without an entry there is no device, whatever
# may lie under that name.
device_bytes() { # DEVICE
    local real sectors
    real=$(readlink -e -- "$1") || return 1
    sectors=/sys/class/block/${real##*/}/size
    [ -r "$sectors" ] && read -r sectors < "$sectors" && printf '%d\n' "$((sectors * 512))"
}

need_device() { device_bytes "$1" > /dev/null || fail "$1 is no block device of this host"; }

wait_for_device() { # DEVICE BYTES MILLISECONDS
    local bytes waited=0 pause=20
    until bytes=$(device_bytes "$1") && [ "$bytes" -gt 0 ] && [ "$bytes" -ge "$2" ]; do
        if [ "$waited" -ge "$3" ]; then
            [ -n "$bytes" ] && fail "$1 has $bytes bytes and not $2 after $3 ms"
            fail "$1 did not appear within $3 ms"
        fi
        need_asker
        sleep "$((pause / 1000)).$(printf '%03d' "$((pause % 1000))")"
        waited=$((waited + pause))
        pause=$((pause < 500 ? pause * 2 : 1000))
    done
}
