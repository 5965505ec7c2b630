"""`onelinstor sandbox shell`: a shell inside a sandbox in which an image exists and a VM runs."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from entrypoints.command_line import new_parser
from entrypoints.sandbox.cloud import IMAGES, SYSTEM_SSH, Cloud, OrderFailed
from entrypoints.sandbox.world import Sandbox

IMAGE, VM, HOST, SIZE_MIB = 0, 7, "host-a", 64

WELCOME = """A sandbox: hosts {hosts}, image {image}, VM {vm} on {host}. It goes when you leave this shell. Try:
  ssh {host} ls -l {directory}
  ssh {host} ls -l /dev
  $ONE_LOCATION/var/remotes/tm/linstor/resize {host}:{directory}/disk.0 {larger} {vm} {datastore}
  curl -s http://$LS_CONTROLLERS/v1/view/resources
"""


def environment(sandbox: Sandbox) -> dict[str, str]:
    """What the shell sees: what oned gives a script, and where LINSTOR answers."""
    own = {"LS_CONTROLLERS": sandbox.controller, "PS1": "sandbox$ ", "TERM": os.environ.get("TERM", "dumb")}
    return {**sandbox.environment(), **own}


def furnish(sandbox: Sandbox) -> str:
    """Make the image and start the VM; what to tell the person."""
    cloud = Cloud(sandbox)
    cloud.make_image(IMAGE, "disk", SIZE_MIB)
    cloud.deploy(VM, HOST, [IMAGE], system=SYSTEM_SSH)
    return WELCOME.format(
        hosts=", ".join(sandbox.hosts.names),
        image=cloud.images[IMAGE].source,
        vm=VM,
        host=HOST,
        directory=cloud.directory(VM),
        datastore=IMAGES,
        larger=2 * SIZE_MIB,
    )


def parser() -> argparse.ArgumentParser:
    """The parser of this action."""
    return new_parser(
        "onelinstor sandbox shell",
        "A shell inside a sandbox in which an image exists and a VM runs. ssh reaches the sandbox's hosts, and the "
        "executables are those that oned would run. The sandbox goes when the shell ends.",
        examples=("onelinstor sandbox shell", "echo 'ssh host-a ls -l /dev' | onelinstor sandbox shell"),
        exit_codes={0: "as the shell ended", 1: "the sandbox could not be furnished, or as the shell ended"},
    )


def main(argv: Sequence[str]) -> int:
    """Run bash in a sandbox; its exit code, or 1 where the sandbox cannot be furnished."""
    parser().parse_args(argv)
    with Sandbox() as sandbox:
        try:
            print(furnish(sandbox), flush=True)
        except (OrderFailed, OSError) as failed:
            print(failed, file=sys.stderr)
            return 1
        shell = ["bash", "--noprofile", "--norc"]
        return subprocess.run(shell, env=environment(sandbox), cwd=sandbox.one / "var", check=False).returncode
