# Functions that the stand-ins share. They do to hosts and directories what OpenNebula's own drivers do
# (opennebula.md 3.2, 3.6, 3.7), and nothing else: no replicas, no monitoring, no Ruby.

set -u -o pipefail
shopt -s extglob

remotes=${BASH_SOURCE[0]%/*}
action=${0##*/}

log() { printf 'INFO: %s: %s\n' "$action" "$*" >&2; }
fail() { printf 'ERROR: %s: %s\n' "$action" "$*" >&2; printf '%s\n' "$*" >&2; exit 1; }

# HOST:PATH -> its parts, double slashes squeezed
host_of() { printf '%s\n' "${1%%:*}"; }
path_of() { local path=${1#*:}; printf '%s\n' "${path//+(\/)//}"; }
is_disk() { [[ $1 =~ /disk\.[0-9]+$ ]]; }
quoted() { printf '%q' "$1"; }

# on_host HOST "what it is for" < script
on_host() { ssh "$1" bash -s || fail "Error ${2} on $1"; }

make_directory() { on_host "$1" "creating directory $2" <<<"mkdir -p $(quoted "$2")"; }
remove() { on_host "$1" "deleting $2" <<<"rm -rf $(quoted "$2")"; }

# before 6.0 a live migration found the directory of the VM, and left it, as it was
before_6_0() { [[ $(cat "$remotes/VERSION" 2>/dev/null) == 5.* ]]; }

# Call the same action of every other driver that the VM's disks name, as the driver of a system datastore does:
# own name as one more argument, the document where this version of oned puts it (on standard input, before 5.10 the
# sixth argument), the exit code told and then ignored.
migrate_other() {
    local own=$1 input=$2 document=$2 own_arguments=5 other code
    shift 2
    [[ -z $input && $# -gt 5 ]] && document=$6 own_arguments=6
    [[ $# -gt $own_arguments ]] && return 0
    for other in $(drivers_of_disks "$document"); do
        [[ $other == "$own" || ! -x $remotes/tm/$other/$action ]] && continue
        log "Call $other/$action"
        printf '%s' "$input" | "$remotes/tm/$other/$action" "$@" "$own"
        code=$?
        log "$other/$action ended with $code"
    done
    return 0
}

# The distinct TM_MAD of the DISK elements of a VM document in base64.
drivers_of_disks() {
    base64 -d <<<"$1" | tr -d '\n' | sed 's/<DISK>/\n&/g; s/<\/DISK>/&\n/g' | grep '^<DISK>' |
        sed -n 's/.*<TM_MAD>\(<!\[CDATA\[\)\{0,1\}\([A-Za-z0-9_-]*\).*/\2/p' | sort -u
}
