"""Checks of the front-end: version, executables, programs (opennebula.md 1.2, 1.3)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoints.onelinstor.doctor.checks import Check, Finding, warning
from entrypoints.onelinstor.doctor.reading import FrontEndFacts, Launcher

OLDEST, NEWEST = (5, 8), (7, 4)
OURS = "entrypoints.remotes"
INSTALL = "onelinstor install"
OTHERS_MAY_WRITE = 0o022


def _user(facts: FrontEndFacts) -> Iterator[Finding]:
    if facts.runs_as != facts.user:
        yield warning(
            f"this runs as {facts.runs_as}, and the driver as {facts.user}: what one may do, the other may not"
        )


def _version(facts: FrontEndFacts) -> Iterator[Finding]:
    if facts.version is None:
        yield warning("remotes/VERSION cannot be read, so the driver takes OpenNebula for the newest one")
    elif not facts.release:
        yield warning(f"remotes/VERSION says {facts.version[:40]!r}, which is no version")
    elif facts.release < OLDEST:
        yield Finding(f"OpenNebula {facts.version} is older than 5.8", advice="upgrade OpenNebula")
    elif facts.release[:2] > NEWEST:
        yield warning(
            f"OpenNebula {facts.version} is newer than any this driver was tested with (7.4)", "upgrade the driver"
        )


def _there(facts: FrontEndFacts) -> dict[str, Launcher]:
    return {name: each for name, each in facts.launchers.items() if each is not None}


def _complete(facts: FrontEndFacts) -> Iterator[Finding]:
    missing = [name for name, each in facts.launchers.items() if each is None]
    if missing:
        yield Finding(f"{_listed(missing)} missing")


def _ours(facts: FrontEndFacts) -> Iterator[Finding]:
    others = [name for name, each in _there(facts).items() if OURS not in each.text]
    if others:
        yield Finding(f"{_listed(others)} not of this driver")
    if len({each.text for each in _there(facts).values() if OURS in each.text}) > 1:
        yield warning("the executables are of more than one installation")


def _modes(facts: FrontEndFacts) -> Iterator[Finding]:
    there = _there(facts)
    closed = [name for name, each in there.items() if not each.mode & 0o100 and not each.mode & 0o001]
    if closed:
        yield Finding(f"{_listed(closed)} not executable")
    opened = [name for name, each in there.items() if each.mode & OTHERS_MAY_WRITE]
    if opened:
        yield Finding(f"{_listed(opened)} writable for others than the owner, who could run anything as {facts.user}")


def _owners(facts: FrontEndFacts) -> Iterator[Finding]:
    strange = [name for name, each in _there(facts).items() if each.uid not in (0, facts.uid)]
    if strange:
        yield Finding(f"{_listed(strange)} owned by neither root nor {facts.user}")


def _driver_runs(facts: FrontEndFacts) -> Iterator[Finding]:
    if facts.driver_fails:
        yield Finding(facts.driver_fails)


def _needs(program: str) -> Check[FrontEndFacts]:
    def judge(facts: FrontEndFacts) -> Iterator[Finding]:
        if not facts.programs.get(program):
            yield Finding(f"{program} is not in the PATH of {facts.user}")

    package = {"qemu-img": "qemu-utils (Debian, Ubuntu) or qemu-img", "ssh": "openssh-client(s)"}[program]
    what = {"qemu-img": "converts images to raw", "ssh": "reaches the hosts"}[program]
    return Check(f"front-end.{program}", f"{program}, which {what}", f"install {package}", judge)


def _stock(facts: FrontEndFacts) -> Iterator[Finding]:
    missing = [name for name, there in facts.stock_scripts.items() if not there]
    if missing:
        yield Finding(f"{_listed(missing)} missing")


def _locks(facts: FrontEndFacts) -> Iterator[Finding]:
    if facts.locks_fail:
        yield Finding(facts.locks_fail)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'}"


CHECKS = (
    Check(
        "front-end.user",
        "the user that this runs as",
        "run it as the user of oned: sudo -u oneadmin onelinstor doctor",
        _user,
    ),
    Check("front-end.version", "OpenNebula's version", "restore VERSION from OpenNebula's package", _version),
    Check("front-end.launchers", "an executable for every action", f"run {INSTALL}", _complete),
    Check("front-end.release", "whether all executables are of this driver", f"run {INSTALL}", _ours),
    Check("front-end.modes", "permissions of the executables", f"run {INSTALL}, or chmod 755", _modes),
    Check("front-end.owners", "owners of the executables", f"run {INSTALL}, or chown", _owners),
    Check(
        "front-end.python", "the Python and the libraries of the executables", f"run {INSTALL} --venv DIR", _driver_runs
    ),
    _needs("qemu-img"),
    _needs("ssh"),
    Check(
        "front-end.stock-scripts",
        "OpenNebula's own scripts that the driver calls",
        "reinstall OpenNebula's server package",
        _stock,
    ),
    Check("front-end.locks", "the directory of the driver's locks", "remove it; the driver makes it anew", _locks),
)
