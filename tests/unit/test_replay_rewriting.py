"""The sandbox's places in recorded arguments and documents."""

from __future__ import annotations

import base64
import gzip
import hashlib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.sandbox.replay.blocks import block, described
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.site import Site
from entrypoints.sandbox.replay.sources import SourceFiles


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[SourceFiles]:
    with SourceFiles(tmp_path / "sources", {"/var/tmp/os.raw": 2, "http://web.example:8099/a/web.raw.gz": 1}) as files:
        yield files


@pytest.fixture
def rewriting(sources: SourceFiles) -> Rewriting:
    return Rewriting(Site(), "/sandbox/var", "127.0.0.1:4711", sources)


def test_paths_move_and_keep_their_slashes(rewriting: Rewriting) -> None:
    """Oned writes double slashes; a driver must meet them. A path that only begins alike stays."""
    assert rewriting.words(["host-a:/var/lib/one//datastores/102/0/disk.0", "/var/lib/one2/x", "64"]) == [
        "host-a:/sandbox/var//datastores/102/0/disk.0",
        "/var/lib/one2/x",
        "64",
    ]


def test_datastores_may_lie_elsewhere(sources: SourceFiles) -> None:
    """DATASTORE_LOCATION can be anywhere; in the sandbox it is where the sandbox has it."""
    rewriting = Rewriting(Site(location="/data/ds"), "/sandbox/var", "x", sources)

    assert rewriting.text("/data/ds/102/0") == "/sandbox/var/datastores/102/0"
    assert rewriting.text("/var/lib/one/vms/0/context.sh") == "/sandbox/var/vms/0/context.sh"


def test_payloads_stay_in_their_encoding(rewriting: Rewriting) -> None:
    """base64 stays base64, plain XML stays plain, and an argument with a document is changed, too."""
    plain = b"<VM><A>/var/lib/one/x</A></VM>"

    assert base64.b64decode(rewriting.payload(base64.b64encode(plain))) == b"<VM><A>/sandbox/var/x</A></VM>"
    assert rewriting.payload(plain) == b"<VM><A>/sandbox/var/x</A></VM>"
    long = b"<VM>" + b"<A>/var/lib/one/x</A>" * 4 + b"</VM>"
    (word,) = rewriting.words([base64.b64encode(long).decode()])
    assert b"/sandbox/var/x" in base64.b64decode(word)


def test_a_datastore_names_the_sandbox_s_linstor(rewriting: Rewriting) -> None:
    """The old controllers and secrets go; the group stays."""
    tree = rewriting.tree(
        "<DATASTORE><TEMPLATE><LINSTOR_CONTROLLERS>10.0.0.1</LINSTOR_CONTROLLERS><LINSTOR_TOKEN>t</LINSTOR_TOKEN>"
        "<LINSTOR_RESOURCE_GROUP>one</LINSTOR_RESOURCE_GROUP></TEMPLATE></DATASTORE>"
    )

    assert tree.findtext("TEMPLATE/LINSTOR_CONTROLLERS") == "127.0.0.1:4711"
    assert tree.findtext("TEMPLATE/LINSTOR_RESOURCE_GROUP") == "one"
    assert tree.find("TEMPLATE/LINSTOR_TOKEN") is None


def test_a_source_is_made_with_its_size_and_checksums(rewriting: Rewriting, tmp_path: Path) -> None:
    """A recorded path becomes a file of the recorded size below the safe directory, and the sums fit."""
    tree = rewriting.tree(
        "<D><IMAGE><PATH>/var/tmp/os.raw</PATH><TEMPLATE><MD5>old</MD5></TEMPLATE></IMAGE>"
        "<DATASTORE><TEMPLATE><SAFE_DIRS>/var/tmp</SAFE_DIRS><RESTRICTED_DIRS>/</RESTRICTED_DIRS></TEMPLATE></DATASTORE></D>"
    )

    path = Path(tree.findtext("IMAGE/PATH") or "")
    assert path.parent == Path(tree.findtext("DATASTORE/TEMPLATE/SAFE_DIRS") or "")
    assert tree.findtext("DATASTORE/TEMPLATE/RESTRICTED_DIRS") == "/"
    data = path.read_bytes()
    assert len(data) == 2 * 1024 * 1024
    assert tree.findtext("IMAGE/TEMPLATE/MD5") == hashlib.md5(data).hexdigest()
    assert tmp_path in path.parents


def test_a_url_is_served_and_packed_as_its_name_says(sources: SourceFiles) -> None:
    """What is behind a web address can be fetched, and unpacked it holds the known blocks."""
    source = sources.source("http://web.example:8099/a/web.raw.gz")

    assert source is not None
    with urllib.request.urlopen(source.address) as answer:
        raw = gzip.decompress(answer.read())
    assert len(raw) == 1024 * 1024
    assert {offset: raw[offset : offset + 4096] for offset in source.blocks} == dict(source.blocks)


def test_a_volume_name_is_no_source(sources: SourceFiles) -> None:
    """PATH of an image clone is a volume; nothing is made for it."""
    assert sources.source("OpenNebula-Image-0") is None


def test_blocks_can_be_told_apart() -> None:
    """A block says what it is; what says nothing is told as such."""
    assert described(block("vm 1 write 7")) == "'vm 1 write 7'"
    assert block("vm 1 write 7") != block("vm 1 write 8")
    assert described(bytes(4096)) == "zeros"
    assert described(b"\1" * 4096) == "something else"
