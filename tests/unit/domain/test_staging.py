"""A datastore says nothing to OpenNebula's scripts that a shell would carry out."""

from __future__ import annotations

import pytest

from domain.errors import BadConfiguration
from domain.opennebula import Datastore
from domain.staging import limit_bandwidth, staging_directory


def with_attribute(name: str, value: str) -> Datastore:
    return Datastore(100, attributes={name: value})


@pytest.mark.parametrize("path", ["/a b", "/$(id)", "/a;id", "a", "/a/../b", "/a\n", "-o"])
def test_a_staging_directory_needs_no_quotes(path: str) -> None:
    """downloader.sh looks at a packed file by `cat` and its path."""
    with pytest.raises(BadConfiguration, match="STAGING_DIR"):
        staging_directory(with_attribute("STAGING_DIR", path))


@pytest.mark.parametrize("rate", ["1$(id)", "10m -o /etc/passwd", ";id", "-1", "fast", "1\n2", "٣"])
def test_a_rate_is_a_number_with_a_unit(rate: str) -> None:
    """downloader.sh puts it before the URL, without quotes."""
    with pytest.raises(BadConfiguration, match="LIMIT_TRANSFER_BW") as caught:
        limit_bandwidth(with_attribute("LIMIT_TRANSFER_BW", rate))
    assert rate not in str(caught.value)


@pytest.mark.parametrize("rate", ["", "10", "1.5m", "10G", " 5k "])
def test_what_curl_takes_passes(rate: str) -> None:
    """None, a number of bytes, or one with a unit."""
    assert limit_bandwidth(with_attribute("LIMIT_TRANSFER_BW", rate)) == rate.strip()


def test_without_a_word_it_is_opennebulas_own_directory() -> None:
    """The same as for OpenNebula's drivers."""
    assert staging_directory(Datastore(100)) == "/var/tmp"
    assert staging_directory(with_attribute("STAGING_DIR", "/srv/x/")) == "/srv/x"
