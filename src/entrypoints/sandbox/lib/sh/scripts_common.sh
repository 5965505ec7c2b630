# The one function of OpenNebula's own shell library that this driver calls (opennebula.md 2.8).

# send_to_monitor TYPE RESULT ID PAYLOAD: a message to monitord, here a file. As in the real one the payload is not
# quoted, so its lines end up beside each other; unlike there it is not compressed.
send_to_monitor() {
    mkdir -p "$ONE_LOCATION/var/monitord"
    printf '%s %s %s 0 %s\n' "$1" "$2" "$3" "$(echo $4 | base64 -w 0)" >"$(mktemp "$ONE_LOCATION/var/monitord/XXXXXX")"
}
