"""Images from files and URLs become raw bytes of a known size, or an error, and leave nothing behind."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from adapters.opennebula.formats import format_of, is_packed
from adapters.opennebula.front_end import Installation
from adapters.opennebula.sources import FrontEndSources
from domain.errors import SourceRefused, SourceUnreadable
from domain.ports import ImageSource
from domain.settings import Limits

DOWNLOADER = """#!/bin/bash
# writes what it was asked, then does as OpenNebula's own: fetch, check, unpack
printf '%s\\n' "$@" > "$LOG"; printf 'DRV_ACTION=%s\\n' "$DRV_ACTION" >> "$LOG"
from=${@: -2:1} to=${@: -1}
sum() { md5sum < "$from" | cut -d ' ' -f 1; }
case " $* " in *" --md5 "*) [ "$(sum)" = "$2" ] || { echo "Hash does not match" >&2; exit 1; } ;; esac
case $from in
    *broken) echo good bytes > "$to"; echo "curl: (18) transfer closed" >&2; exit 18 ;;
    *.gz) gzip -dc "$from" > "$to" ;;
    *) cp "$from" "$to" ;;
esac
"""
needs_qemu = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed")
MIB = 1024 * 1024


class Place:
    """A front-end with a downloader."""

    def __init__(self, root: Path) -> None:
        self.root, self.staging, self.log = root, root / "staging", root / "log"
        script = root / "one" / "remotes" / "datastore" / "downloader.sh"
        script.parent.mkdir(parents=True)
        self.staging.mkdir()
        script.write_text(DOWNLOADER)
        script.chmod(0o755)
        environment = {**os.environ, "LOG": str(self.log)}
        installation = Installation(root / "one", root, root, (7, 4, 0))
        self.sources = FrontEndSources(installation, environment, Limits(transfer=60.0))

    def source(self, name: str, data: bytes = b"", **more: object) -> ImageSource:
        """A source on the front-end, with *data* in it."""
        path = self.root / name
        if data:
            path.write_bytes(data)
        return ImageSource(str(path), staging_directory=str(self.staging), **more)  # type: ignore[arg-type]

    def content(self, source: ImageSource) -> bytes:
        """What is fetched; its size must be what was said, and nothing is staged afterwards."""
        with self.sources.fetch(source) as image:
            data = Path(image.path).read_bytes()
            assert image.size_bytes == len(data)
        assert list(self.staging.iterdir()) == []
        return data

    def refused(self, source: ImageSource, error: type[Exception], match: str) -> None:
        """The fetch fails and leaves nothing."""
        with pytest.raises(error, match=match), self.sources.fetch(source):
            pass
        assert list(self.staging.iterdir()) == []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_raw_local_file_is_used_in_place(place: Place) -> None:
    """No copy is made of what is ready."""
    source = place.source("os.raw", b"x" * 5000)
    with place.sources.fetch(source) as image:
        assert (image.path, image.size_bytes) == (source.path, 5000)
    assert not place.log.exists()


def test_a_packed_file_is_unpacked_and_not_with_nodecomp(place: Place) -> None:
    """NO_DECOMPRESS keeps the bytes as they are."""
    packed = gzip.compress(b"raw" * 1000)
    assert place.content(place.source("os.gz", packed)) == b"raw" * 1000
    assert place.content(place.source("os.gz", packed, no_decompress=True)) == packed


def test_the_downloader_gets_every_option_and_no_secrets(place: Place) -> None:
    """Opennebula.md 2.4: sums, bandwidth, --nodecomp; the document of the order stays here."""
    data = b"x" * 100
    md5, sha1 = hashlib.md5(data).hexdigest(), hashlib.sha1(data).hexdigest()
    source = place.source(
        "os", data, md5=md5, sha1=sha1, limit_bandwidth="10m", no_decompress=True, payload_base64="UEFZ"
    )
    assert place.content(source) == data
    words = place.log.read_text().split("\n")
    assert words[:7] == ["--md5", md5, "--sha1", sha1, "--limit", "10m", "--nodecomp"]
    assert words[7] == source.path
    assert words[9] == "DRV_ACTION="


def test_only_s3_is_asked_for_with_the_document(place: Place) -> None:
    """It has the keys of the datastore."""
    source = ImageSource("s3://bucket/os", staging_directory=str(place.staging), payload_base64="UEFZ")
    place.refused(source, SourceUnreadable, "s3://bucket/os")
    assert "DRV_ACTION=UEFZ" in place.log.read_text()


def test_a_wrong_sum_is_an_error(place: Place) -> None:
    """Also for a local raw file (defect 54)."""
    place.refused(place.source("os", b"x", md5="0" * 32), SourceUnreadable, "Hash does not match")


def test_a_download_that_breaks_after_good_bytes_is_an_error(place: Place) -> None:
    """Defect 54: what came so far is not an image."""
    source = ImageSource("http://example.invalid/broken", staging_directory=str(place.staging))
    place.refused(source, SourceUnreadable, "transfer closed")


def test_what_does_not_exist_is_named(place: Place) -> None:
    """A missing source, a missing staging directory."""
    place.refused(place.source("missing"), SourceUnreadable, "missing")
    source = ImageSource("http://example.invalid/a", staging_directory=str(place.root / "nowhere"))
    with pytest.raises(SourceUnreadable, match="nowhere"), place.sources.fetch(source):
        pass
    with pytest.raises(SourceUnreadable, match="nowhere"):
        place.sources.real_path(str(place.root / "nowhere"))


def test_every_link_is_resolved(place: Place) -> None:
    """SAFE_DIRS are judged by where a path really leads."""
    (place.root / "link").symlink_to(place.root / "staging")
    assert place.sources.real_path(str(place.root / "link")) == str(place.staging)


def make(place: Place, name: str, *words: str) -> str:
    path = str(place.root / name)
    subprocess.run(["qemu-img", "create", "-q", *words[:2], *words[2:-1], path, words[-1]], check=True)
    return path


@needs_qemu
@pytest.mark.parametrize("kind", ["qcow2", "vmdk", "vdi", "vhdx", "vpc"])
def test_formats_are_told_by_their_bytes_and_become_raw(place: Place, kind: str) -> None:
    """Whatever the file is called; the size is that of the disk."""
    raw = place.root / "disk.img"
    raw.write_bytes(b"start" + bytes(4 * MIB - 8) + b"end")
    packed = place.root / "image-without-suffix"
    options = ["-o", "force_size=on"] if kind == "vpc" else []
    subprocess.run(["qemu-img", "convert", "-O", kind, *options, str(raw), str(packed)], check=True)
    assert format_of(packed) == kind
    found = place.content(place.source(packed.name))
    assert found[: 4 * MIB] == raw.read_bytes()
    assert not found[4 * MIB :].strip(b"\0")


@needs_qemu
def test_an_image_on_top_of_another_file_is_refused(place: Place) -> None:
    """Defect 53: a backing file could be any file of the front-end, so the chain is never followed."""
    secret = place.root / "secret"
    secret.write_bytes(b"s" * MIB)
    make(place, "on-top", "-f", "qcow2", "-F", "raw", "-b", str(secret), "1M")
    place.refused(place.source("on-top"), SourceRefused, "on top of another file")


@needs_qemu
def test_an_image_with_its_data_elsewhere_is_refused(place: Place) -> None:
    """A data file is a reference, too."""
    make(place, "split", "-f", "qcow2", "-o", f"data_file={place.root}/data,data_file_raw=on", "1M")
    place.refused(place.source("split"), SourceRefused, "on top of another file")


@needs_qemu
def test_an_image_in_several_files_is_refused(place: Place) -> None:
    """A VMDK descriptor may name any path as its extent."""
    make(place, "flat.vmdk", "-f", "vmdk", "-o", "subformat=monolithicFlat", "1M")
    place.refused(place.source("flat.vmdk"), SourceRefused, "several files")
    place.refused(
        place.source("text.vmdk", b'# Disk DescriptorFile\nRW 2048 FLAT "/etc/passwd" 0\n'), SourceRefused, "several"
    )


@needs_qemu
def test_a_broken_image_is_an_error(place: Place) -> None:
    """qemu-img says what is wrong with it."""
    place.refused(place.source("broken-image", b"QFI\xfb" + b"\xff" * 600), SourceUnreadable, "cannot be converted")


def test_a_front_end_without_qemu_img_is_told_to_install_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to do."""
    place.sources._environment["PATH"] = str(place.root)  # type: ignore[index]
    monkeypatch.setenv("PATH", str(place.root))
    script = place.root / "one/remotes/datastore/downloader.sh"
    script.write_text('#!/bin/bash\n/bin/cp "$1" "$2"\n')
    place.refused(place.source("image", b"QFI\xfb" + bytes(600)), SourceUnreadable, "install it")


@pytest.mark.parametrize(
    ("head", "packed"),
    [
        (b"\x1f\x8b\x08", True),
        (b"BZh9", True),
        (b"\xfd7zXZ\x00", True),
        (b"\0" * 257 + b"ustar", True),
        (b"", False),
        (b"BZ", False),
    ],
)
def test_packed_files_are_told_by_their_bytes(tmp_path: Path, head: bytes, packed: bool) -> None:
    """Gzip, bzip2, xz and tar are what the downloader unpacks."""
    (tmp_path / "file").write_bytes(head)
    assert is_packed(tmp_path / "file") is packed


def test_a_download_that_fails_does_not_show_the_credentials_of_its_url(place: Place) -> None:
    """Neither those in the path, nor those that the downloader repeats."""
    source = ImageSource("https://joe:s3cret@nowhere.example/a.broken", staging_directory=str(place.staging))
    script = place.root / "one" / "remotes" / "datastore" / "downloader.sh"
    script.write_text('#!/bin/bash\necho "curl: cannot get ${@: -2:1}" >&2; exit 6\n')

    with pytest.raises(SourceUnreadable) as failed, place.sources.fetch(source):
        pass

    assert "nowhere.example/a.broken" in str(failed.value)
    assert "s3cret" not in str(failed.value)
