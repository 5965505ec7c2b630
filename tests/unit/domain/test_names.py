"""Names go into commands, so that only those that can be names become any."""

from __future__ import annotations

import pytest

from domain.errors import BadName
from domain.names import host_name


@pytest.mark.parametrize("text", ["-oProxyCommand=id", "-host", "host;id", "host id", "$(id)", "host\n", ""])
def test_no_host_name_is_an_option_of_ssh_or_a_word_of_a_shell(text: str) -> None:
    """The order is refused before any host is asked."""
    with pytest.raises(BadName, match="is not a host name"):
        host_name(text)


@pytest.mark.parametrize("text", ["a", "host-a", "node1.example.org", "10.0.0.7", "node_1"])
def test_what_hosts_are_called_is_taken_as_it_is(text: str) -> None:
    """Short names, full ones and addresses."""
    assert host_name(text) == text
