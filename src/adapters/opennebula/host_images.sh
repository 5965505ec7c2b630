# Write an image from standard input to a device, flush it, and read it back; or send what is on a device.

sum_of_device() { # DEVICE BYTES
    dd if="$1" bs=4M iflag=fullblock,count_bytes count="$2" status=none | sha256sum | cut -d ' ' -f 1
}

write_device() { # DEVICE BYTES CONVERSIONS MILLISECONDS
    local flags=() said
    wait_for_device "$1" "$2" "$4"
    # past the page cache, where the device is a real one
    if [ -b "$1" ]; then flags=(oflag=direct); fi
    # nocreat: dd makes a plain file of a name that is missing (linstor.md 2.18)
    said=$(dd of="$1" bs=4M iflag=fullblock "${flags[@]}" conv="$3" 2>&1 > /dev/null) ||
        fail "$(tail -n 1 <<< "$said")"
    printf '%s %s %s\n' "$mark" "$(grep -oE '^[0-9]+ bytes' <<< "$said")" "$(sum_of_device "$1" "$2")"
}

send_device() { # DEVICE BYTES
    local bytes
    bytes=$(device_bytes "$1") || fail "$1 is no block device of this host"
    [ "$bytes" -ge "$2" ] || fail "$1 has $bytes bytes and not the $2 of the image"
    printf '%s ready\n' "$mark"
    dd if="$1" bs=4M iflag=fullblock,count_bytes count="$2" status=none
}
