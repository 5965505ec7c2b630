"""Only absolute paths and URLs become images, and none that a shell would not take for one word."""

from __future__ import annotations

import pytest

from adapters.memory.hosts import MemoryHosts
from adapters.memory.linstor import LinstorModel
from adapters.memory.model_devices import ModelDevices
from adapters.memory.sources import MemorySources
from domain.errors import SourceRefused
from domain.opennebula import Datastore
from domain.safe_paths import refuse_unsafe

DATASTORE = Datastore(100, attributes={"RESTRICTED_DIRS": "/", "SAFE_DIRS": "/var/tmp"})


@pytest.fixture
def sources() -> MemorySources:
    """A front-end with two files."""
    found = MemorySources(MemoryHosts(ModelDevices(LinstorModel.simple(("a",))), ("a",)))
    found.files |= {"/var/tmp/os": b"", "/etc/shadow": b""}
    found.directories |= {"/", "/var/tmp"}
    return found


@pytest.mark.parametrize(
    "path",
    [
        "etc/shadow",
        "../etc/shadow",
        ".one/one_auth",
        "-o/x",
        "--md5=x",
        "file:///etc/shadow",
        "HTTP://a/b",
        "a:b",
        "://x",
    ],
)
def test_what_is_no_absolute_path_is_no_way_around_restricted_dirs(sources: MemorySources, path: str) -> None:
    """downloader.sh takes whatever is no URL it knows for a local file, or for an option."""
    with pytest.raises(SourceRefused, match="neither an absolute path nor a URL"):
        refuse_unsafe(path, DATASTORE, sources)


@pytest.mark.parametrize("path", ["http://a/b';id;'", "http://a/$(id)", "http://a/`id`", "http://a/b c", "s3://a/b|id"])
def test_a_url_that_a_shell_would_carry_out_is_refused(sources: MemorySources, path: str) -> None:
    """downloader.sh puts the URL into shell text."""
    with pytest.raises(SourceRefused, match="shell"):
        refuse_unsafe(path, DATASTORE, sources)


@pytest.mark.parametrize("path", ["/var/tmp/$(id)", "/var/tmp/a&id", "/var/tmp/a /etc/shadow", "/var/tmp/a\nb"])
def test_a_path_that_a_shell_would_carry_out_is_refused(sources: MemorySources, path: str) -> None:
    """So does it with the name of a packed file; such a file may lie in /var/tmp."""
    sources.files[path] = b""
    with pytest.raises(SourceRefused, match="shell"):
        refuse_unsafe(path, DATASTORE, sources)


@pytest.mark.parametrize(
    "path", ["ssh://h&id:/x", "ssh://h:/x&id", "ssh://-oProxyCommand=id:/x", "rbd://-oProxyCommand=id/x"]
)
def test_a_host_that_a_shell_or_ssh_would_carry_out_is_refused(sources: MemorySources, path: str) -> None:
    """downloader.sh puts the host of an ssh:// into shell text without quotes, and ssh reads options before hosts."""
    with pytest.raises(SourceRefused, match="shell"):
        refuse_unsafe(path, DATASTORE, sources)


@pytest.mark.parametrize(
    "path",
    [
        "/var/tmp/os",
        "http://user@images.example:8080/a/b.qcow2?x=1&y=%20#z",
        "docker://alpine?size=1024&filesystem=ext4&tag=3.9",
        "restic+rbd://100/1/0:abc,1:def/var/lib/one",
        "ssh://oneadmin@host:/srv/os",
    ],
)
def test_what_oned_gives_passes(sources: MemorySources, path: str) -> None:
    """The forms of opennebula.md 2.4."""
    refuse_unsafe(path, DATASTORE, sources)


def test_a_password_in_a_url_is_not_shown(sources: MemorySources) -> None:
    """Messages are kept where other users see them."""
    for path in ("http://me:secret@a/b c", "http://me:my secret@a/b", "http://me:'secret@a/b@c", "me:secret@a/b"):
        with pytest.raises(SourceRefused) as caught:
            refuse_unsafe(path, DATASTORE, sources)
        assert "secret" not in str(caught.value)
