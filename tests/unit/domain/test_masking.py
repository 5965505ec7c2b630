"""Credentials in the URL of an image are never shown, whoever repeats them."""

from __future__ import annotations

import pytest

from domain.errors import HostCommandFailed, SeveralFailed, SourceUnreadable
from domain.masking import masked
from domain.names import HostName

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
