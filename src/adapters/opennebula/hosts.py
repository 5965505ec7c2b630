"""Port Hosts over ssh: one session for each host and call."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from adapters.opennebula.copying import Copier
from adapters.opennebula.rendering import script
from adapters.opennebula.ssh import Shell, reached, session
from adapters.opennebula.step_texts import told
from domain.names import HostName, same_host
from domain.settings import Limits
from domain.steps import CopyDevice, ExportDevice, MakeFileSystem, Step


class SshHosts:
    """Hosts reached by ssh as oneadmin, without a password. *limits* are asked for at each call."""

    def __init__(self, limits: Callable[[], Limits], shell: Shell | None = None) -> None:
        self._limits = limits
        self._shell = shell or Shell(limits())

    def run(self, host: HostName, steps: Sequence[Step]) -> tuple[str, ...]:
        """Carry out *steps* in one session; one text for each. Raises HostUnreachable, HostCommandFailed."""
        if not steps:
            return ()
        mark = f"linstor-step-{secrets.token_hex(8)}"
        limits = self._limits()
        seconds = limits.host + sum(_may_wait(step, limits) for step in steps)
        moving = sum(_may_move(step, limits) for step in steps)
        # nothing is ever sent, but the open input tells the host that this order lives
        with session(host, self._shell.command(host, script(steps, mark)), seconds) as program:
            if moving:
                # a host that does not even begin must not be waited for as long as a large disk takes
                program.allow_after(f"{mark}\n".encode(), seconds + moving)
            ended = reached(host, program.end(), program.seconds)
        return told(host, steps, ended, mark)

    def copy_files(
        self, source: HostName, directory: str, target: HostName, to: str, then: Sequence[Step] = (), only: str = ""
    ) -> bool:
        """Copy plain files between directories, streamed and compared, then carry out steps. See the port."""
        copier = Copier(self._shell, self._limits())
        if not same_host(source, target):
            return copier.copy(source, directory, target, to, then, only)
        copied = copier.copy_here(source, directory, to, only)
        self.run(target, then)
        return copied


def _may_wait(step: Step, limits: Limits) -> float:
    """Seconds that the step itself may take, on top of the limit of the session."""
    if isinstance(step, MakeFileSystem):
        return limits.change
    return float(getattr(step, "seconds", 0.0))


def _may_move(step: Step, limits: Limits) -> float:
    """Seconds that the data of a whole disk may take, once the session has begun."""
    return limits.transfer if isinstance(step, CopyDevice | ExportDevice) else 0.0
