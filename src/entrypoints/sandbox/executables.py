"""The driver's executables in a sandbox: written at once, or put there as an administrator does."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from entrypoints.remotes import launchers
from entrypoints.remotes.parser import ACTIONS

INSTALL = "import sys; from entrypoints.onelinstor.main import main; sys.exit(main(['install', '--in-place']))"


def written(one: Path) -> None:
    """The launchers of this very program, in a self-contained OpenNebula at *one*."""
    launchers.write(one / "var" / "remotes", sys.executable)


def installed(one: Path) -> None:
    """What `onelinstor install` makes of it. Raises CalledProcessError; its words are on standard error."""
    environment = {
        **os.environ,
        "ONE_LOCATION": str(one),
        "ONE_USER": getpass.getuser(),
        "PYTHONPATH": os.pathsep.join(launchers.import_paths()),
    }
    subprocess.run([sys.executable, "-c", INSTALL], env=environment, stdout=subprocess.DEVNULL, check=True)


def copied(remotes: Path) -> Callable[[Path], None]:
    """The very files of *remotes* (`.../remotes`), which oned runs. Raises OSError."""

    def put(one: Path) -> None:
        for kind in ACTIONS:
            shutil.copytree(remotes / kind / "linstor", one / "var" / "remotes" / kind / "linstor", dirs_exist_ok=True)

    return put
