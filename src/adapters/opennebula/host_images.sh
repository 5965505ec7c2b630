# Write an image from standard input to a device, flush it, and read it back; or send what is on a device.

PIECE=$((256 * 1024 * 1024))

read_device() { # DEVICE BYTES: in pieces, so that nothing holds the device for long after its driver has died
    local at=0
    while [ "$at" -lt "$2" ]; do
        need_asker
        dd if="$1" bs=4M iflag=fullblock,count_bytes,skip_bytes skip="$at" \
            count="$(($2 - at < PIECE ? $2 - at : PIECE))" status=none || return 1
        at=$((at + PIECE))
    done
}

wait_for_word() { # WORD: a driver that died in the meantime never says it
    local word
    read -r word && [ "$word" = "$1" ] || fail "the order that asked for this has ended"
}

write_device() { # DEVICE BYTES CONVERSIONS MILLISECONDS
    local flags=() said written sum held
    wait_for_device "$1" "$2" "$4"
    # while it is open, LINSTOR can neither delete it nor give its name to another volume
    exec {held}< "$1"
    printf '%s ready\n' "$mark"
    wait_for_word go
    # past the page cache, where the device is a real one
    if [ -b "$1" ]; then flags=(oflag=direct); fi
    # nocreat: dd makes a plain file of a name that is missing (linstor.md 2.18)
    said=$(dd of="$1" bs=4M iflag=fullblock,count_bytes count="$2" "${flags[@]}" conv="$3" 2>&1 > /dev/null) ||
        fail "$(tail -n 1 <<< "$said")"
    written=$(grep -oE '^[0-9]+ bytes' <<< "$said")
    if [ "$written" = "$2 bytes" ]; then
        exec {asker}<&0
        sum=$(read_device "$1" "$2" | sha256sum | cut -d ' ' -f 1) || fail "$1 cannot be read back"
    fi
    printf '%s %s %s\n' "$mark" "$written" "${sum:-}"
}

send_device() { # DEVICE BYTES
    local bytes
    bytes=$(device_bytes "$1") || fail "$1 is no block device of this host"
    [ "$bytes" -ge "$2" ] || fail "$1 has $bytes bytes and not the $2 of the image"
    printf '%s ready\n' "$mark"
    dd if="$1" bs=4M iflag=fullblock,count_bytes count="$2" status=none
}
