"""`onelinstor orphans --json` tells of each finding what became of it, also when the work is cut short."""

from __future__ import annotations

import json
from collections.abc import Iterator

from domain.clearing import Done
from domain.errors import DriverError
from domain.names import VolumeName
from domain.orphans import Finding, Kind
from entrypoints.onelinstor.orphans_json import result

FOUND = [Finding(Kind.IMAGE, VolumeName(f"OpenNebula-Image-{number}"), "nobody's") for number in range(4)]


def test_what_was_deleted_before_a_failure_is_told() -> None:
    """A program must not take a volume for there that has gone."""

    def clearing() -> Iterator[Done]:
        yield Done(FOUND[0])
        yield Done(FOUND[1], error="in use")
        yield Done(FOUND[2], left="it is not the same any more")
        raise DriverError("no answer")

    told = json.loads(result(FOUND, clearing()).text)

    assert [each["outcome"] for each in told["findings"]] == ["deleted", "failed", "left", ""]
    assert [each["said"] for each in told["findings"]] == ["", "in use", "it is not the same any more", ""]
    assert "no answer" in told["stopped"]
    assert told["exit_code"] == 1


def test_all_gone_is_nothing_left() -> None:
    """The exit code is that of the tables."""
    assert result(FOUND, [Done(each) for each in FOUND]).exit_code == 0
    assert result(FOUND, ()).exit_code == 1
    assert result([], ()).exit_code == 0
