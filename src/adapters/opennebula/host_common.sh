# What every script on a host begins with. Needs bash, coreutils, util-linux, findutils and tar; runs as oneadmin.
set -u -o pipefail
export LANG=C LC_ALL=C
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin

fail() { printf '%s\n' "$*" >&2; exit 1; }

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
