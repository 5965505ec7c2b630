"""What passes for an image's source is carried out by no downloader that makes shell text of it, as the real one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.fuzz import spoiling
from tests.fuzz.budget import tried

from adapters.opennebula.installation import Installation
from adapters.opennebula.sources import FrontEndSources
from domain.errors import DriverError
from domain.images import _source
from domain.opennebula import Datastore, Image
from domain.safe_paths import refuse_unsafe
from domain.settings import Limits

DOWNLOADER = """#!/bin/bash
# a stand-in that is as careless as OpenNebula's own: rates and hosts stand in shell text without quotes
canary() { : > canary; }
ssh() { case "$1" in -*) canary ;; esac; }
curl() { :; }
while [ $# -gt 2 ]; do
    case "$1" in --limit) rate=$2; shift 2 ;; --md5 | --sha1) shift 2 ;; *) shift ;; esac
done
from=$1 to=$2
case "$from" in
    ssh://*) rest=${from#ssh://}; parts=(${rest/:/ }); command="ssh ${parts[0]} \\"cat '${parts[1]}'\\"" ;;
    rbd://*) rest=${from#rbd://}; command="ssh '${rest%%/*}' true" ;;
    docker://* | lxd://*) command="curl \\"$from\\"" ;;
    *://*) command="curl --limit-rate ${rate:-1} '$from'" ;;
    *) command="cat '$from'" ;;
esac
eval "$command" > /dev/null
eval "cat $to" > /dev/null
printf x > "$to"
"""
PATHS = (
    "http://joe:pw@images.example:80/a/b.qcow2?x=1&y=2#z",
    "ssh://oneadmin@host:/srv/a",
    "rbd://joe@host/pool/a",
    "docker://alpine?size=1&tag=3",
    "s3://bucket/a",
    "/var/tmp/os.raw",
)
RATES, PLACES = ("", "10m", "100"), ("", "/s")


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FrontEndSources:
    """Those of a front-end with that downloader."""
    script = tmp_path / "remotes" / "datastore" / "downloader.sh"
    script.parent.mkdir(parents=True)
    script.write_text(DOWNLOADER)
    script.chmod(0o755)
    installation = Installation(tmp_path, tmp_path, tmp_path, (7, 4, 0))
    found = FrontEndSources(installation, {"PATH": os.environ["PATH"]}, Limits(transfer=20.0))
    monkeypatch.setattr(found, "real_path", lambda path: path)
    monkeypatch.setattr(found, "_is_ready", lambda _source: False)
    return found


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, str, str]:
    """A path, a rate and a directory; one of them has something in it that a shell would carry out."""
    found = [draw(st.sampled_from(some)) for some in (PATHS, RATES, PLACES)]
    which = draw(st.sampled_from((0, 0, 1, 2)))
    found[which] = draw(_with_a_piece(found[which]) | spoiling.words(found[which]))
    return found[0], found[1], found[2]


@st.composite
def _with_a_piece(draw: st.DrawFn, word: str) -> str:
    behind_scheme = word.find("://") + 3
    at = draw(st.sampled_from((0, behind_scheme, behind_scheme, len(word))) | st.integers(0, len(word)))
    return word[:at] + draw(st.sampled_from(spoiling.CARRIED_OUT)) + word[at:]


@tried(60)
@given(spoilt())
@example(("ssh://host&canary&:/a", "", ""))
@example(("ssh://-oProxyCommand=x:/a", "", ""))
@example(("rbd://-oProxyCommand=x/a", "", ""))
@example(("docker://a$(canary)", "", ""))
@example(("http://a/b", "1;canary;", ""))
@example(("http://a/b", "", "/s$(canary)"))
def test_nothing_of_a_source_is_carried_out(
    sources: FrontEndSources, tmp_path: Path, chosen: tuple[str, str, str]
) -> None:
    """Neither of the path, which every user writes, nor of the datastore's rate and directory."""
    path, rate, place = chosen
    canary = tmp_path / spoiling.CANARY
    canary.unlink(missing_ok=True)
    directory = f"{tmp_path}{place}"
    with suppress(OSError, ValueError):
        Path(directory).mkdir()
    datastore = Datastore(100, attributes={"LIMIT_TRANSFER_BW": rate, "STAGING_DIR": directory})
    try:
        refuse_unsafe(path, datastore, sources)
        with sources.fetch(_source(Image(5, path=path), datastore, "")):
            pass
    except DriverError as error:
        assert str(error)
    assert not canary.exists(), chosen
