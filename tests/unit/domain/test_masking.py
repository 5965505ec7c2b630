"""Credentials in the URL of an image are never shown, whoever repeats them."""

from __future__ import annotations

import pytest

from domain.errors import BadConfiguration, HostCommandFailed, SeveralFailed, SourceUnreadable
from domain.masking import keep_secrets_of, masked, shown_number
from domain.names import HostName
from domain.opennebula import Datastore
from domain.settings import settings_of
from entrypoints.remotes.main import LONGEST_SENTENCE
from entrypoints.remotes.main import _sentence as told
from entrypoints.tracing.secrets import Secrets

SECRETS = ("joe", "s3cr@t", "AKIA", "sig9")
URLS = (
    "https://joe:s3cr@t@images.example/a.qcow2",
    "https://bucket.example/a.qcow2?X-Amz-Credential=AKIA&X-Amz-Signature=sig9",
    "ssh://joe@host:/a?key=AKIA",
)


@pytest.mark.parametrize("url", URLS)
def test_an_error_shows_where_but_not_with_what(url: str) -> None:
    """Also when another error carries it, or another program said it."""
    error = SourceUnreadable(f"{url} cannot be fetched: curl: (22) '{url}' gave 403")
    said = HostCommandFailed(HostName("host-a"), "fetch", f"wget {url}: refused")

    for text in (str(error), str(said), str(SeveralFailed([error, said]))):
        assert not any(secret in text for secret in SECRETS), text
        assert "***" in text
        assert "example/a" in text or "host" in text


def test_the_rest_of_a_sentence_stays() -> None:
    """An address without credentials, a question mark and an at-sign elsewhere are no secrets."""
    text = "volume a@b: is it http://10.0.0.1:3370/v1/nodes (or not)? ask linstor://10.0.0.2"

    assert masked(text) == text


def test_an_error_is_one_line_that_a_terminal_can_show() -> None:
    """Whatever a host or LINSTOR said, for every command that prints it."""
    said = HostCommandFailed(HostName("host-a"), "look", "no\n\x1b[2J\u202e such \udcff file\x85")

    assert str(said).startswith("host host-a: cannot look: no [2J such file; put")


def test_a_text_of_addresses_alone_is_masked_in_one_pass() -> None:
    """A PATH may be as long as it likes; whoever starts again at each address would not end today."""
    text = "://" * 400_000

    assert masked(text) == text
    assert Secrets().text(text) == text
    assert masked("http://a/http://b?sig9") == "http://a/http://b?***"


def test_a_secret_behind_much_room_is_not_cut_before_it_is_known() -> None:
    """What is cut off first is a half secret, which nobody knows for one."""
    said = told(f"{' ' * (2 * LONGEST_SENTENCE - 10)}http://joe:s3cret@host")

    assert "s3c" not in said


@pytest.mark.parametrize("secret", ["hunter2-correct", 'it\'s \\ "quoted"', "with  blanks", "a\nb\nc"])
def test_a_known_secret_is_shown_by_nobody(secret: str) -> None:
    """Whoever echoes it, plainly or in quotes; a shorter word stays, and so does the name of a file with one."""
    keep_secrets_of(
        {"LINSTOR_PASSWORD": secret, "LINSTOR_TOKEN": "abc", "LINSTOR_KEY_FILE": "/etc/key", "AUTH": "true"}
    )

    told = str(BadConfiguration(f"LINSTOR said {secret} and {secret!r} and abc, see /etc/key, which is true"))

    assert told == "LINSTOR said *** and '***' and abc, see /etc/key, which is true".replace("'", repr(secret)[0])


@pytest.mark.parametrize("text", ["hunter2", "12a4", "", "1 2", "1\n", "9" * 40, "/etc/1"])
def test_what_is_no_number_is_not_quoted_where_one_should_be(text: str) -> None:
    """A slip may put a password into the wrong attribute."""
    assert shown_number(text) == "a text"
    with pytest.raises(BadConfiguration) as caught:
        settings_of(Datastore(1, attributes={"LINSTOR_TIMEOUT": f"{text}x"}), {})
    assert str(caught.value).startswith("LINSTOR_TIMEOUT is a text, not a number")


@pytest.mark.parametrize("text", ["-1", "0", "1e300", "1.5", "86401"])
def test_a_number_out_of_range_is_quoted(text: str) -> None:
    """It helps."""
    assert shown_number(text) == repr(text)
