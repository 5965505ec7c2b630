"""Port Monitord through OpenNebula's own shell function, which knows the address, the port and the key of monitord."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.opennebula import processes
from adapters.opennebula.installation import Installation
from adapters.opennebula.vm_sizes_text import messages, monitor_lines
from domain.errors import ScriptFailed
from domain.vm_sizes import VmSizes

NAME = "send_to_monitor"
SECONDS = 30.0
LARGEST_MESSAGE = 12000
"""Characters. nc, which the function sends with, makes a datagram of at most 16 KiB; base64 and a key add a third."""

_SEND = """
. "$1" || exit 1
# the function does not quote what it is given
set -f
failed=0
sent=()
settle() {
    local each
    for each in "${sent[@]}"; do wait "$each" || failed=1; done
    sent=()
}
while IFS= read -r -d '' text; do
    # each message takes a second or more, for nc waits for an answer that never comes
    send_to_monitor MONITOR_VM SUCCESS -1 "$text" </dev/null >/dev/null &
    sent+=($!)
    [ ${#sent[@]} -lt 8 ] || settle
done
settle
exit $failed
"""


class ShellMonitord:
    """Calls `send_to_monitor` of `sh/scripts_common.sh`."""

    def __init__(self, installation: Installation, environment: Mapping[str, str]) -> None:
        self._installation, self._environment = installation, environment

    def tell(self, vms: Sequence[VmSizes]) -> None:
        """See the port."""
        texts = "".join(f"{text}\0" for text in messages(monitor_lines(vms), LARGEST_MESSAGE))
        library = self._installation.lib / "sh" / "scripts_common.sh"
        try:
            ended = processes.run(
                ["bash", "-c", _SEND, NAME, str(library)],
                stdin=texts.encode(),
                seconds=SECONDS,
                environment=self._environment,
            )
        except OSError as error:
            raise ScriptFailed(NAME, f"it cannot be started: {error.strerror}") from error
        if ended.timed_out:
            raise ScriptFailed(NAME, f"no end after {SECONDS:g} seconds")
        if ended.code != 0:
            raise ScriptFailed(NAME, ended.said)
