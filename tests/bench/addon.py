"""What addon 3.0.5 took per action, measured on addon 3.0.5 with LINSTOR 1.33.3; two disks where a VM migrates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """Requests to LINSTOR, bytes of bodies both ways, ssh sessions, own seconds, programs on the front-end."""

    requests: int
    bytes: int
    ssh: int
    own_seconds: float
    programs: int


ADDON: dict[str, Figures] = {
    "tm clone": Figures(26, 21429, 1, 1.10, 9),
    "tm ln": Figures(9, 7855, 1, 1.07, 7),
    "tm mvds": Figures(9, 8005, 1, 1.71, 9),
    "tm delete": Figures(8, 4745, 2, 1.25, 12),
    "tm delete (directory)": Figures(3, 1691, 1, 0.99, 9),
    "tm delete (volatile)": Figures(13, 9113, 2, 1.23, 12),
    "tm premigrate": Figures(24, 17170, 5, 2.28, 24),
    "tm postmigrate": Figures(14, 9091, 4, 1.99, 24),
    "tm context": Figures(3, 1667, 2, 1.38, 32),
    "tm mkimage": Figures(12, 9615, 1, 0.65, 7),
    "tm monitor": Figures(4, 1415, 0, 0.12, 2),
    "datastore stat": Figures(0, 0, 0, 0.32, 43),
    "datastore cp": Figures(10, 6132, 2, 1.23, 24),
    "datastore mkfs": Figures(7, 5402, 1, 0.38, 8),
    "datastore rm": Figures(4, 810, 0, 0.10, 2),
    "datastore monitor": Figures(4, 1416, 0, 0.11, 2),
}
