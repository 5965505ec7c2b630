"""The stand-in for a backup datastore gives back what it was given (opennebula.md 5.3 to 5.7)."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.sandbox.world import Completed, Sandbox

MIB, BLOCK, CLUSTER = 1024 * 1024, 4096, 65536
HOST, VM, STORE = "host-a", "46", "107"


class Site:
    """A sandbox with a backup datastore, and the directory of a VM on one host."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = sandbox.datastores / STORE
        self.directory = f"{sandbox.datastores}/104/{VM}"
        self.backup = sandbox.host_path(HOST, f"{self.directory}/backup")
        self.datastore = f"<DATASTORE><ID>{STORE}</ID><BASE_PATH>{sandbox.datastores}//{STORE}</BASE_PATH></DATASTORE>"

    def offer(self, name: str, blocks: dict[int, bytes], below: Path | None = None) -> None:
        """Put a file of one disk into the directory of the backup, as `prebackup` does."""
        self.backup.mkdir(parents=True, exist_ok=True)
        raw, file = self.backup.parent / "raw", self.backup / name
        raw.write_bytes(content(blocks))
        command = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2"]
        if below is not None:
            command += ["-B", str(below), "-F", "qcow2"]
        subprocess.run([*command, str(raw), str(file)], check=True)
        if below is not None:
            subprocess.run(["qemu-img", "rebase", "-u", "-F", "qcow2", "-b", below.name, str(file)], check=True)

    def run(self, action: str, *argv: str, document: str) -> Completed:
        """One action of the datastore's driver."""
        return self.sandbox.run("ds", "rsync", action, argv, document.encode())

    def take(self) -> str:
        """Take the backup; its name in the store. The host has none after it."""
        argv = (f"{HOST}:{self.directory}", "0:1", "one-46", "-", VM, "104")
        ended = self.run("backup", *argv, document=f"<X>{self.datastore}<VM><DATASTORE>x</DATASTORE></VM></X>")
        assert ended.exit_code == 0, ended.stderr
        for each in self.backup.iterdir():
            each.unlink()
        assert ended.stdout.split()[1:] == ["1", "raw"]
        return ended.stdout.split()[0]

    def ls(self, image: str, increment: str = "-1") -> dict[str, str]:
        """What `ls` prints."""
        ended = self.run("ls", "-i", increment, document=f"<X>{self.datastore}{image}</X>")
        assert ended.exit_code == 0, ended.stderr
        told: dict[str, str] = json.loads(ended.stdout)
        return told

    def fetch(self, url: str) -> bytes:
        """The raw content of the disk that a URL names."""
        file, raw = self.sandbox.root / "fetched", self.sandbox.root / "fetched.raw"
        downloader = self.sandbox.one / "var/remotes/datastore/downloader.sh"
        command = [str(downloader), "--nodecomp", url, str(file)]
        subprocess.run(command, check=True, env=self.sandbox.environment())
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", str(file), str(raw)], check=True)
        return raw.read_bytes()


def content(blocks: dict[int, bytes]) -> bytes:
    """A MiB with one letter in each of the blocks given by offset."""
    data = bytearray(MIB)
    for offset, letter in blocks.items():
        data[offset : offset + BLOCK] = letter * BLOCK
    return bytes(data)


def image(*backups: str) -> str:
    """A backup image as oned describes it: one backup, or a chain of them."""
    source, increments = f"<SOURCE>{backups[0]}</SOURCE>", ""
    if len(backups) > 1:
        parts = (f"<INCREMENT><ID>{n}</ID><SOURCE>{each}</SOURCE></INCREMENT>" for n, each in enumerate(backups))
        increments = "".join(parts)
    return f"<IMAGE><ID>52</ID>{source}<VMS><ID>{VM}</ID></VMS>{increments}</IMAGE>"


@pytest.fixture
def site() -> Iterator[Site]:
    with Sandbox() as sandbox:
        yield Site(sandbox)


@pytest.fixture
def chain(site: Site) -> list[str]:
    """A whole backup and an increment, in which the first block has gone back to zeros and another one came."""
    site.offer("disk.0.0", {0: b"a", BLOCK: b"b"})
    first = site.take()
    site.offer("disk.0.1", {BLOCK: b"b", 5 * BLOCK: b"c"}, site.store / VM / first / "disk.0.0")
    return [first, site.take()]


def test_what_a_host_has_is_kept_and_given_back(site: Site) -> None:
    """Each disk has a URL, and behind it is what the host had; what is no disk is kept, too."""
    site.offer("disk.0.0", {0: b"a"})
    site.offer("disk.1.0", {BLOCK: b"z"})
    (site.backup / "vm.xml").write_text("PFZNLz4=")
    kept = site.take()

    told = site.ls(image(kept))

    assert sorted(each.name for each in (site.store / VM / kept).iterdir()) == ["disk.0.0", "disk.1.0", "vm.xml"]
    assert told["1"] == f"rsync://{STORE}//0:{kept}{site.store}/{VM}/{kept}/disk.1.0"
    assert {disk: site.fetch(url) for disk, url in told.items()} == {
        "0": content({0: b"a"}),
        "1": content({BLOCK: b"z"}),
    }


def test_an_increment_comes_with_what_it_builds_on(site: Site, chain: list[str]) -> None:
    """The last one or an earlier one, whole and without a file below; the files of the store stay as they were."""
    before = {path: path.read_bytes() for path in site.store.rglob("disk.*")}

    last, first = site.ls(image(*chain)), site.ls(image(*chain), "0")

    assert site.fetch(last["0"]) == content({BLOCK: b"b", 5 * BLOCK: b"c"})
    assert site.fetch(first["0"]) == content({0: b"a", BLOCK: b"b"})
    assert {path: path.read_bytes() for path in site.store.rglob("disk.*")} == before


def test_the_size_of_a_disk_is_the_one_its_guest_sees(site: Site, chain: list[str]) -> None:
    """MiB, in the document that oned gives in base64."""
    url = site.ls(image(*chain))["0"]
    document = base64.b64encode(f"<X><IMAGE><PATH>{url}</PATH></IMAGE></X>".encode()).decode()

    ended = site.run("stat", "12", document=document)

    assert (ended.exit_code, ended.stdout) == (0, "1\n")


def test_a_backup_goes_with_its_increments(site: Site, chain: list[str]) -> None:
    """Nothing of it is left, and nobody is given a URL for it."""
    ended = site.run("rm", "52", document=f"<X>{image(*chain)}{site.datastore}</X>")

    assert ended.exit_code == 0, ended.stderr
    assert list((site.store / VM).iterdir()) == []
    assert site.run("ls", "-i", "-1", document=f"<X>{site.datastore}{image(*chain)}</X>").exit_code != 0


@pytest.mark.parametrize("spoil", ["nothing", "torn"])
def test_a_backup_that_is_none_is_refused(site: Site, spoil: str) -> None:
    """No disk in the directory, or a file with its head alone: an error, and the store is as it was."""
    site.offer("disk.0.0", {0: b"a"})
    file = site.backup / "disk.0.0"
    if spoil == "nothing":
        file.rename(site.backup / "vm.xml")
    else:
        file.write_bytes(file.read_bytes()[:CLUSTER].ljust(4 * CLUSTER, b"\0"))

    ended = site.run("backup", f"{HOST}:{site.directory}", "0", "one-46", "-", VM, "104", document=site.datastore)

    assert ended.exit_code != 0
    assert "disk" in ended.stderr.splitlines()[0]
    assert list((site.store / VM).iterdir()) == []


def test_an_increment_on_a_path_is_refused(site: Site, chain: list[str]) -> None:
    """The chain is put together by names alone, so a directory in one would lead elsewhere."""
    last = site.store / VM / chain[1] / "disk.0.1"
    subprocess.run(["qemu-img", "rebase", "-u", "-F", "qcow2", "-b", "/elsewhere/disk.0.0", str(last)], check=True)

    with pytest.raises(subprocess.CalledProcessError):
        site.fetch(site.ls(image(*chain))["0"])
