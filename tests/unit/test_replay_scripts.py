"""The stand-ins for OpenNebula's own drivers do to directories what the real ones do (opennebula.md 3.2, 3.6, 3.7)."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import lzma
import os
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

D = "/vmfs/datastores/102/7"
SSH = """#!/bin/bash
# a host is a directory: /vmfs of HOST is ROOT/HOST/vmfs
host=$1; shift
line="${*//\\/vmfs/$ROOT/$host/vmfs}"
if [ "$line" = "bash -s" ]; then sed "s#/vmfs#$ROOT/$host/vmfs#g" | bash -s; else bash -c "$line"; fi
"""
VM = "<VM><TEMPLATE><DISK><TM_MAD><![CDATA[linstor]]></TM_MAD></DISK><DISK><TM_MAD>ssh</TM_MAD></DISK></TEMPLATE></VM>"


class Site:
    """Stand-ins, hosts and a recorder in place of the driver under test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        with resources.as_file(resources.files("entrypoints.sandbox") / "scripts") as tree:
            shutil.copytree(tree, root / "remotes")
        (root / "bin").mkdir()
        self._program(root / "bin" / "ssh", SSH)
        for action in ("premigrate", "postmigrate"):
            self._program(
                root / "remotes/tm/linstor" / action,
                f'#!/bin/bash\necho "$0 $* $(cat)" >> {root}/called\nls {root}/*{D} >> {root}/seen 2>&1\nexit 3\n',
            )
        for path in (root / "remotes").rglob("*"):
            path.chmod(0o755)

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def host(self, host: str, path: str) -> Path:
        """A path of a host."""
        return Path(f"{self.root}/{host}{path}")

    def run(self, script: str, *argv: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run one stand-in."""
        environment = {**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}", "ROOT": str(self.root)}
        return subprocess.run(
            [str(self.root / "remotes" / script), *argv], input=stdin, capture_output=True, env=environment, check=False
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize("driver", ["ssh", "shared"])
def test_a_volatile_disk_is_an_empty_file_of_its_size(site: Site, driver: str) -> None:
    """Mkimage and mkswap make the VM directory and the file, MiB as given."""
    assert site.run(f"tm/{driver}/mkimage", "3", "raw", f"host-a:{D}//disk.3", "7", "102").returncode == 0
    assert site.run(f"tm/{driver}/mkswap", "1", f"host-a:{D}/disk.4", "7", "102").returncode == 0
    assert site.host("host-a", f"{D}/disk.3").stat().st_size == 3 * 1024 * 1024
    assert site.host("host-a", f"{D}/disk.4").stat().st_size == 1024 * 1024


def test_the_context_comes_to_the_host(site: Site, tmp_path: Path) -> None:
    """Context makes the directory and one file, with what the files hold in it."""
    (tmp_path / "context.sh").write_text("A='1'")

    ended = site.run("tm/ssh/context", str(tmp_path / "context.sh"), f"host-a:{D}/disk.6", "7", "102")

    assert ended.returncode == 0
    assert b"A='1'" in site.host("host-a", f"{D}/disk.6").read_bytes()


def test_moving_a_disk_by_ssh_moves_nothing_yet(site: Site) -> None:
    """Disks travel with their directory."""
    site.run("tm/ssh/mkimage", "1", "raw", f"host-a:{D}/disk.3", "7", "102")

    assert site.run("tm/ssh/mv", f"host-a:{D}/disk.3", f"host-b:{D}/disk.3", "7", "102").returncode == 0
    assert site.host("host-a", f"{D}/disk.3").exists()
    assert not site.host("host-b", D).exists()


def test_moving_the_directory_replaces_what_is_at_the_target(site: Site) -> None:
    """What lies at the target is removed first, links of the source travel as links, the source ends."""
    site.run("tm/ssh/mkimage", "1", "raw", f"host-a:{D}/disk.3", "7", "102")
    site.host("host-a", f"{D}/disk.0").symlink_to("/dev/null/of-the-source")
    site.host("host-b", D).mkdir(parents=True)
    site.host("host-b", f"{D}/disk.9").symlink_to("/dev/null/of-the-target")

    ended = site.run("tm/ssh/mv", f"host-a:{D}", f"host-b:{D}", "7", "102")

    assert ended.returncode == 0, ended.stderr
    assert not site.host("host-a", D).exists()
    assert sorted(each.name for each in site.host("host-b", D).iterdir()) == ["disk.0", "disk.3"]
    assert os.readlink(site.host("host-b", f"{D}/disk.0")) == "/dev/null/of-the-source"


def test_a_shared_directory_is_not_moved_by_ssh(site: Site) -> None:
    """A file that both hosts see tells that the directory is one; then nothing is removed."""
    site.run("tm/ssh/mkimage", "1", "raw", f"host-a:{D}/disk.3", "7", "102")
    site.host("host-b", "").mkdir()
    site.host("host-b", "/vmfs").symlink_to(site.host("host-a", "/vmfs"))

    assert site.run("tm/ssh/mv", f"host-a:{D}", f"host-b:{D}", "7", "102").returncode == 0
    assert [each.name for each in site.host("host-a", D).iterdir()] == ["disk.3"]
    assert [each.name for each in site.host("host-a", D).parent.iterdir()] == ["7"]


def test_a_move_that_cannot_copy_keeps_the_source(site: Site) -> None:
    """A missing source is an error that says so."""
    ended = site.run("tm/ssh/mv", f"host-a:{D}", f"host-b:{D}", "7", "102")

    assert ended.returncode != 0
    assert b"Error copying" in ended.stderr


def test_the_shared_driver_moves_between_datastores_only(site: Site) -> None:
    """The same path on another host is the same file; another path is renamed on the target host."""
    site.run("tm/shared/mkimage", "1", "raw", f"host-a:{D}/disk.3", "7", "103")
    other = "/vmfs/datastores/104/7"
    site.host("host-a", "/vmfs/datastores/104").mkdir()

    assert site.run("tm/shared/mv", f"host-b:{D}", f"host-a:{D}", "7", "103").returncode == 0
    assert site.host("host-a", f"{D}/disk.3").exists()
    assert site.run("tm/shared/mv", f"host-a:{D}", f"host-a:{other}", "7", "104").returncode == 0
    assert site.host("host-a", f"{other}/disk.3").exists()


def test_premigrate_clears_the_target_before_it_calls_the_others(site: Site) -> None:
    """Each other driver of the disks is called once, with the name of the caller and the document; its end is told
    and ignored.
    """
    site.host("host-b", D).mkdir(parents=True)
    document = base64.b64encode(VM.encode())

    ended = site.run("tm/ssh/premigrate", "host-a", "host-b", D, "7", "102", stdin=document)

    assert ended.returncode == 0
    assert not site.host("host-b", D).exists()
    called = (site.root / "called").read_text().splitlines()
    assert len(called) == 1
    assert called[0].endswith(f"linstor/premigrate host-a host-b {D} 7 102 ssh {document.decode()}")
    assert b"INFO: premigrate: linstor/premigrate ended with 3" in ended.stderr


def test_postmigrate_clears_the_source_after_it_called_the_others(site: Site) -> None:
    """The others still see the directory of the source."""
    site.host("host-a", D).mkdir(parents=True)
    site.host("host-a", f"{D}/vm.xml").touch()

    ended = site.run("tm/ssh/postmigrate", "host-a", "host-b", D, "7", "102", stdin=base64.b64encode(VM.encode()))

    assert ended.returncode == 0
    assert "vm.xml" in (site.root / "seen").read_text()
    assert not site.host("host-a", D).exists()


def test_before_6_0_a_live_migration_leaves_the_directories(site: Site) -> None:
    """The others are called all the same."""
    (site.root / "remotes" / "VERSION").write_text("5.12.0\n")
    for host in ("host-a", "host-b"):
        site.host(host, D).mkdir(parents=True)
    migration = ("host-a", "host-b", D, "7", "102")

    for action in ("premigrate", "postmigrate"):
        assert site.run(f"tm/ssh/{action}", *migration, stdin=base64.b64encode(VM.encode())).returncode == 0
    assert len((site.root / "called").read_text().splitlines()) == 2
    assert site.host("host-a", D).exists()
    assert site.host("host-b", D).exists()


def test_a_change_of_datastore_on_one_host_ends_the_old_directory(site: Site) -> None:
    """Premigrate does nothing then; postmigrate calls the others and removes the directory that is not in use."""
    old = "/vmfs/datastores/106/7"
    for path in (D, old):
        site.host("host-a", path).mkdir(parents=True)
    document = base64.b64encode(VM.encode())

    assert site.run("tm/ssh/premigrate", "host-a", "host-a", D, "7", "102", stdin=document).returncode == 0
    assert not (site.root / "called").exists()
    assert site.run("tm/ssh/postmigrate", "host-a", "host-a", D, "7", "102", stdin=document).returncode == 0
    assert (site.root / "called").exists()
    assert site.host("host-a", D).exists()
    assert not site.host("host-a", old).exists()


@pytest.mark.parametrize("driver", ["ssh", "shared"])
def test_failmigrate_tells_nobody(site: Site, driver: str) -> None:
    """It is an empty success in every version."""
    document = base64.b64encode(VM.encode())

    assert site.run(f"tm/{driver}/failmigrate", "host-a", "host-b", D, "7", "102", stdin=document).returncode == 0
    assert not (site.root / "called").exists()


def test_who_was_called_by_another_driver_calls_nobody(site: Site) -> None:
    """Six arguments mean that another driver has called (opennebula.md 3.7)."""
    document = base64.b64encode(VM.encode())

    ended = site.run("tm/shared/premigrate", "host-a", "host-b", D, "7", "102", "ssh", stdin=document)

    assert ended.returncode == 0
    assert not (site.root / "called").exists()


def test_before_5_10_the_document_is_the_sixth_argument(site: Site) -> None:
    """It is handed on there, the caller's name follows it, and who gets seven arguments calls nobody."""
    document = base64.b64encode(VM.encode()).decode()
    migration = ("host-a", "host-b", D, "7", "102", document)

    assert site.run("tm/ssh/premigrate", *migration).returncode == 0
    called = (site.root / "called").read_text().splitlines()
    assert [each.split("premigrate ", 1)[1].rstrip() for each in called] == [" ".join((*migration, "ssh"))]
    assert site.run("tm/ssh/premigrate", *migration, "ceph").returncode == 0
    assert len((site.root / "called").read_text().splitlines()) == 1


def test_delete_removes_and_accepts_that_nothing_is_there(site: Site) -> None:
    """A disk and the directory go; a second time is fine."""
    site.run("tm/ssh/mkimage", "1", "raw", f"host-a:{D}/disk.3", "7", "102")

    assert site.run("tm/ssh/delete", f"host-a:{D}/disk.3", "7", "102").returncode == 0
    assert site.host("host-a", D).exists()
    for _ in range(2):
        assert site.run("tm/ssh/delete", f"host-a:{D}", "7", "102").returncode == 0
    assert not site.host("host-a", D).exists()


# -- downloader.sh and stat -----------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_the_downloader_unpacks_what_is_packed(site: Site, tmp_path: Path, pack: type[bytes]) -> None:
    """The raw bytes come out, whatever the file was packed with, when its checksum fits."""
    data = os.urandom(100_000)
    (tmp_path / "image").write_bytes(pack(data))
    md5 = hashlib.md5(pack(data)).hexdigest() if pack is bytes else ""
    sums = ["--md5", md5] if md5 else []

    ended = site.run("datastore/downloader.sh", *sums, str(tmp_path / "image"), "-")

    assert (ended.returncode, ended.stdout) == (0, data)


@pytest.mark.parametrize("option", ["--md5", "--sha1"])
def test_the_downloader_refuses_a_wrong_checksum(site: Site, tmp_path: Path, option: str) -> None:
    """A sum that does not fit is an error, and says which file."""
    (tmp_path / "image").write_bytes(b"data")

    ended = site.run("datastore/downloader.sh", option, "00", str(tmp_path / "image"), "-")

    assert ended.returncode != 0
    assert str(tmp_path / "image").encode() in ended.stderr


def test_the_downloader_keeps_packed_what_must_stay_packed(site: Site, tmp_path: Path) -> None:
    """--nodecomp, as NO_DECOMPRESS of a datastore asks for; TO may be a file."""
    (tmp_path / "image").write_bytes(gzip.compress(b"data"))

    ended = site.run("datastore/downloader.sh", "--nodecomp", str(tmp_path / "image"), str(tmp_path / "copy"))

    assert ended.returncode == 0
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "image").read_bytes()


def test_the_downloader_says_what_it_cannot_read(site: Site) -> None:
    """A missing file is an error."""
    ended = site.run("datastore/downloader.sh", "/nowhere/image", "-")

    assert ended.returncode != 0
    assert b"/nowhere/image" in ended.stderr


@pytest.mark.parametrize(("pack", "name"), [(bytes, "os.raw"), (gzip.compress, "os.raw.gz")])
def test_stat_tells_the_size_in_mib(site: Site, tmp_path: Path, pack: type[bytes], name: str) -> None:
    """Rounded up, of what comes out; the document is read from standard input or from the first argument."""
    (tmp_path / name).write_bytes(pack(bytes(1024 * 1024 + 1)))
    payload = base64.b64encode(f"<D><IMAGE><PATH><![CDATA[{tmp_path / name}]]></PATH></IMAGE></D>".encode())

    assert site.run("datastore/fs/stat", "0", stdin=payload).stdout == b"2\n"
    assert site.run("datastore/fs/stat", payload.decode(), "0").stdout == b"2\n"


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed")
def test_stat_tells_the_virtual_size_of_qcow2(site: Site, tmp_path: Path) -> None:
    """The size of the guest's disk, not of the file."""
    path = tmp_path / "os.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), "64M"], check=True)
    payload = base64.b64encode(f"<D><IMAGE><PATH>{path}</PATH></IMAGE></D>".encode())

    assert site.run("datastore/fs/stat", "0", stdin=payload).stdout == b"64\n"


@pytest.mark.parametrize("script", ["tm/ssh/monitor", "tm/shared/monitor", "datastore/rsync/monitor"])
def test_monitoring_tells_three_sizes(site: Site, script: str) -> None:
    """Used, total and free, one on each line."""
    lines = site.run(script, "102", stdin=b"x").stdout.decode().splitlines()

    assert [line.split("=")[0] for line in lines] == ["USED_MB", "TOTAL_MB", "FREE_MB"]
    assert all(line.split("=")[1].isdigit() for line in lines)


def test_a_backup_leaves_nothing(site: Site) -> None:
    """Prebackup makes a file of each disk, postbackup removes them."""
    for disk in ("0", "1"):
        site.run("tm/ssh/mkimage", "1", "raw", f"host-a:{D}/disk.{disk}", "7", "102")
    argv = [f"host-a:{D}", "0:1", "one-7", "-", "7", "102"]

    assert site.run("tm/ssh/prebackup", *argv, stdin=b"<VM/>").returncode == 0
    backup = site.host("host-a", f"{D}/backup")
    assert sorted(each.name for each in backup.iterdir()) == ["disk.0.0", "disk.1.0"]
    assert {each.read_bytes()[:4] for each in backup.iterdir()} == {b"QFI\xfb"}
    assert site.run("tm/ssh/postbackup", *argv, stdin=b"<VM/>").returncode == 0
    assert not backup.exists()
