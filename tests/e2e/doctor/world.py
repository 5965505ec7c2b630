"""A set-up in which all is well: a sandbox, an installed tree laid out as real, and hosts with what real ones have."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.install.trees import execrc, oned_conf

from adapters.opennebula.threads import Threads
from domain.settings import StorageSettings
from entrypoints.onelinstor.doctor.checks import Line
from entrypoints.onelinstor.doctor.examining import Examination
from entrypoints.onelinstor.doctor.front_end_reader import Installed
from entrypoints.onelinstor.doctor.host_reader import OverSsh
from entrypoints.onelinstor.doctor.linstor_reader import Reached
from entrypoints.onelinstor.doctor.oned_reader import Answering
from entrypoints.onelinstor.doctor.reading import (
    DirectoryFacts,
    FrontEndFacts,
    HostFacts,
    LinstorFacts,
    Readers,
)
from entrypoints.onelinstor.install.execrc import allow_live_snapshots
from entrypoints.onelinstor.install.registration import TRANSFER, register
from entrypoints.sandbox import documents
from entrypoints.sandbox.world import Sandbox

IMAGES, SSH, LINSTOR = 100, 102, 104
SYSTEMS = {SSH: "ssh", LINSTOR: "linstor"}
GROUP = "OpenNebula-Default"
GIB = 1024 * 1024
PROGRAMS = {
    "id": 'case $1 in -un) echo oneadmin ;; -Gn) cat "$HOME/groups" ;; esac',
    "drbdsetup": "exit 1",
    "virsh": """[ ! -e "$HOME/no-libvirt" ] || { echo "error: failed to connect to the hypervisor" >&2; exit 1; }
case $3 in list) ls "$HOME/guests" ;; dumpxml) cat "$HOME/guests/$4" ;; *) exit 1 ;; esac""",
}
"""What the stand-in programs of the hosts do."""
AGENT = "<channel><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"

Change = Callable[[Any], Any]


def _same(facts: Any) -> Any:
    return facts


class World:
    """The set-up. *environment* is that of oned. Facts that no test can arrange on this machine go through *changes*:
    `front-end`, `directory`, `linstor`, and names of hosts.
    """

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.changes: dict[str, Change] = {}
        self.environment = {**self.sandbox.environment(), "ONE_USER": getpass.getuser()}
        self.etc, self.remotes = self.sandbox.one / "etc", self.sandbox.one / "var" / "remotes"
        self._lay_out_front_end()
        self._tell_oned()
        for host in self.hosts:
            self._lay_out_host(self.sandbox.hosts.home(host))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Those that run VMs."""
        return tuple(each for each in self.sandbox.hosts.names if each != self.sandbox.hosts.front_end)

    def home(self, host: str) -> Path:
        """The root directory of a host."""
        return self.sandbox.hosts.home(host)

    def _lay_out_front_end(self) -> None:
        write(self.etc / "oned.conf", register(oned_conf("7.4.0"), (7, 4, 0)).text)
        write(self.etc / "vmm_exec" / "vmm_execrc", allow_live_snapshots(execrc("7.4.0")))

    def _lay_out_host(self, home: Path) -> None:
        write(home / "groups", "oneadmin disk kvm\n")
        write(home / "guests" / "one-7", f"<domain>{AGENT}</domain>")
        write(home / "guests" / "router", "<domain/>")
        write(home / "sys/module/drbd/version", "9.2.14\n")
        write(home / "sys/module/drbd/parameters/usermode_helper", "disabled\n")
        write(home / "usr/lib/udev/rules.d/65-drbd.rules", "# names\n")
        write(home / "etc/lvm/lvm.conf", '# global_filter\ndevices {\n  global_filter = [ "r|^/dev/drbd|" ]\n}\n')
        for name, text in PROGRAMS.items():
            path = self.sandbox.root / "host-bin" / name
            path.unlink(missing_ok=True)
            write(path, f"#!/bin/bash\n{text}\n").chmod(0o755)

    def _tell_oned(self) -> None:
        here = {"LINSTOR_CONTROLLERS": self.sandbox.controller, "LINSTOR_RESOURCE_GROUP": GROUP, "DISK_TYPE": "BLOCK"}
        # what oned copies when a datastore is made
        self.tell_datastore(IMAGES, **here, **TRANSFER, COMPATIBLE_SYS_DS="102,104", STAGING_DIR=str(self.sandbox.root))
        self.tell_datastore(SSH, SHARED="NO")
        self.tell_datastore(LINSTOR, **here, SHARED="YES")
        for number, host in enumerate(self.hosts):
            self.tell_host(number, host)

    def tell_datastore(
        self, identity: int, drivers: tuple[str, str] | None = None, state: int = 0, **given: str
    ) -> None:
        """Let oned have a datastore in cluster 0."""
        system = identity != IMAGES
        drivers = drivers or (("-", SYSTEMS[identity]) if system else ("linstor", "linstor"))
        base = f"{self.sandbox.datastores}/{identity}"
        text = documents.datastore(identity, f"store-{identity}", drivers, given, kind=int(system), base=base)
        more = f"<STATE>{state}</STATE><CLUSTERS><ID>0</ID></CLUSTERS></DATASTORE>"
        self.sandbox.oned.put("datastore", identity, text.replace("</DATASTORE>", more))
        self.given = {**getattr(self, "given", {}), identity: given}

    def update(self, identity: int, drop: str = "", **given: str) -> None:
        """`onedatastore update`: change attributes, or leave one out."""
        kept = {key: value for key, value in self.given[identity].items() if key != drop}
        self.tell_datastore(identity, **{**kept, **given})

    def tell_host(self, identity: int, name: str, memory_kib: int = 0, state: int = 2, cluster: int = 0) -> None:
        """Let oned have a host."""
        share = f"<HOST_SHARE><MEM_USAGE>{memory_kib}</MEM_USAGE></HOST_SHARE>"
        about = f"<ID>{identity}</ID><NAME>{name}</NAME><STATE>{state}</STATE><CLUSTER_ID>{cluster}</CLUSTER_ID>"
        self.sandbox.oned.put("host", identity, f"<HOST>{about}{share}</HOST>")

    def edit(self, path: Path, old: str, new: str) -> None:
        """Replace text of a file, which has it."""
        text = path.read_text()
        assert old in text, f"{old!r} is not in {path.name}"
        path.write_text(text.replace(old, new))

    def change(self, key: str, **values: Any) -> None:
        """Let facts have other values."""
        self.changes[key] = lambda facts: replace(facts, **values)

    def lines(self) -> list[Line]:
        """What the doctor says."""
        front_end, linstor, hosts = _FrontEnd(self), _Linstor(self), _Hosts(self)
        readers = Readers(front_end, Answering(self.environment), linstor, hosts)
        return Examination(readers, self.environment, Threads()).lines()


class _FrontEnd:
    def __init__(self, world: World) -> None:
        self._world, self._real = world, Installed(world.environment)

    def facts(self) -> FrontEndFacts:
        changed: FrontEndFacts = self._world.changes.get("front-end", _same)(self._real.facts())
        return changed

    def directory(self, path: str) -> DirectoryFacts:
        # whatever room this machine has
        found = self._real.directory(path)
        roomy = replace(found, free_kib=100 * GIB) if found.exists else found
        changed: DirectoryFacts = self._world.changes.get("directory", _same)(roomy)
        return changed

    def access(self, settings: StorageSettings) -> str:
        return self._real.access(settings)


class _Linstor:
    def __init__(self, world: World) -> None:
        self._world, self._real = world, Reached(world.environment)

    def facts(self, settings: StorageSettings) -> LinstorFacts:
        changed: LinstorFacts = self._world.changes.get("linstor", _same)(self._real.facts(settings))
        return changed


class _Hosts:
    def __init__(self, world: World) -> None:
        self._world, self._real = world, OverSsh()

    def facts(self, host: str, location: str) -> HostFacts:
        changed: HostFacts = self._world.changes.get(host, _same)(self._real.facts(host, location))
        return changed


def write(path: Path, text: str) -> Path:
    """Write a file, and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
