"""`PYTHONPATH=src python -m tests.variants RECORDING INTO`: every version's variant of a recording.

INTO gets one directory for each version, `oned-<version>`, to be played by `onelinstor sandbox replay INTO/oned-5.8.5`.
The name of the directory tells the sandbox which version it is to be.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.variants.recordings import write_variant
from tests.variants.versions import VERSIONS

from entrypoints.sandbox.replay.recording import read


def main() -> None:
    """Write the variants."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.variants", description="Write every version's variant of a recording."
    )
    parser.add_argument("recording", type=Path, help="a recording of 7.4: index.md, calls/*.json, xml/*.xml")
    parser.add_argument("into", type=Path, help="where to put one directory for each version")
    arguments = parser.parse_args()
    recording = read(arguments.recording)
    for version in VERSIONS:
        print(write_variant(recording, version, arguments.into))


main()
