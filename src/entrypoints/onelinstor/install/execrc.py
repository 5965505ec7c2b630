"""`vmm_execrc`, a file of shell variables: which drivers may take snapshots of disks in use (opennebula.md 6.1)."""

from __future__ import annotations

import re

from entrypoints.onelinstor.install.registration import DRIVER

NAME = "LIVE_DISK_SNAPSHOTS"
_ASSIGNED = re.compile(
    rf"""^[ \t]*(?:export[ \t]+)?{NAME}=(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#;"']*)""", re.MULTILINE | re.DOTALL
)
_TRAILING = re.compile(r"(?:\s|\\\n)*\Z")


def allow_live_snapshots(text: str) -> str:
    """*text* with the pair `kvm-linstor`, and `qemu-linstor` where QEMU is listed; unchanged where it has them."""
    found = list(_ASSIGNED.finditer(text))
    if not found:
        return f'{_ended(text)}{NAME}="kvm-{DRIVER}"\n'
    value = found[-1]["value"]
    quote = value[0] if value[:1] in ("'", '"') else ""
    inner = value[1:-1] if quote else value
    pairs = inner.replace("\\\n", " ").split()
    missing = [each for each in _wanted(pairs) if each not in pairs]
    if not missing:
        return text
    end = _TRAILING.search(inner)
    at = end.start() if end else len(inner)
    head = f"{inner[:at]} " if inner[:at] else ""
    mark = quote or '"'
    new = f"{mark}{head}{' '.join(missing)}{inner[at:]}{mark}"
    return text[: found[-1].start("value")] + new + text[found[-1].end("value") :]


def _wanted(pairs: list[str]) -> list[str]:
    qemu = any(each.startswith("qemu-") for each in pairs)
    return [f"kvm-{DRIVER}", *([f"qemu-{DRIVER}"] if qemu else [])]


def _ended(text: str) -> str:
    return text if text.endswith("\n") or not text else text + "\n"
