# Send and receive the plain files of a directory: one side on each host, and the driver between them.
# Lines for the driver begin with $mark, so that what a login prints is never taken for an answer.

# which files; a probe that a host left when it died is nobody's file
chosen=(! -name '.linstor-probe-*')
choose() { # NAME: this file of the directory alone; "" for all
    if [ -n "$1" ]; then chosen=(-path "./$1" -type f); fi
}

tell() { printf '%s %s\n' "$mark" "$*"; }

manifest() { # one sum over names and contents of the plain files below DIRECTORY
    (cd -- "$1" && find . -xdev -type f "${chosen[@]}" -print0 | sort -z | xargs -0 -r sha256sum | sha256sum | cut -d ' ' -f 1)
}

packed() { # files and directories below DIRECTORY; no link, no device, no socket
    (cd -- "$1" && find . -mindepth 1 -xdev \( -type f -o -type d \) "${chosen[@]}" -print0 | tar -S --null --no-recursion -cf - -T -)
}

open_arrivals() { # DIRECTORY
    arrivals=$(dirname -- "$1")/.$(basename -- "$1").arriving
    trap 'rm -rf --one-file-system -- "$arrivals"' EXIT
    rm -rf --one-file-system -- "$arrivals" && mkdir -p -- "$arrivals" || fail "$arrivals cannot be made"
}

unpack() { tar -C "$arrivals" -xf - || fail "the files cannot be written to $arrivals"; }

place() { # DIRECTORY: files of the same name are replaced, and a link there is never followed
    mkdir -p -- "$1" && cp -al --remove-destination -- "$arrivals/." "$1/" || fail "the files cannot be put into $1"
    sync -f -- "$1" || fail "$1 cannot be flushed"
}

send_files() { # DIRECTORY PROBE NAME
    local answer
    choose "$3"
    if [ ! -d "$1" ]; then tell missing; return; fi
    probe=$1/$2
    trap 'rm -f -- "$probe"' EXIT
    : > "$probe" || fail "$1 cannot be written to"
    tell ready
    # the probe stays until the other side has looked for it
    read -r answer || answer=stop
    rm -f -- "$probe"
    [ "$answer" = go ] || return 0
    packed "$1" || fail "the files of $1 cannot be read"
    tell "$(manifest "$1")" >&2
}

receive_files() { # DIRECTORY PROBE
    local word
    read -r word && [ "$word" = look ] || return 0
    if [ -e "$1/$2" ]; then tell shared; return; fi
    open_arrivals "$1"
    tell ready
    unpack
    local sum
    sum=$(manifest "$arrivals") || fail "what arrived in $arrivals cannot be read"
    place "$1"
    tell "$sum"
}

copy_here() { # FROM TO NAME
    tell begun
    choose "$3"
    if [ ! -d "$1" ]; then tell missing; return; fi
    if [ "$1" -ef "$2" ]; then tell shared; return; fi
    open_arrivals "$2"
    packed "$1" | unpack || fail "the files of $1 cannot be copied"
    [ "$(manifest "$1")" = "$(manifest "$arrivals")" ] || fail "what arrived is not what was sent"
    place "$2"
    tell copied
}
