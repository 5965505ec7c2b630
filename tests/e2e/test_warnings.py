"""What is worth a warning reaches oned's log, and never spoils the answer of an order that succeeds."""

from __future__ import annotations

import base64

import pytest

from entrypoints.sandbox import documents
from entrypoints.sandbox.cloud import IMAGES, Cloud
from entrypoints.sandbox.world import Completed, Sandbox

pytestmark = pytest.mark.e2e

OLD = {"LINSTOR_AUTO_PLACE": "2"}


def _monitored(version: str, attributes: dict[str, str]) -> Completed:
    with Sandbox(version=version) as sandbox:
        cloud = Cloud(sandbox, attributes)
        data = base64.b64encode(documents.action_data(sandbox.oned.get("datastore", IMAGES) or ""))
        return cloud.call("datastore", "linstor", "monitor", IMAGES, stdin=data)


def test_an_attribute_without_effect_is_told_of_when_its_datastore_is_monitored() -> None:
    """As one line that OpenNebula 7 takes for a warning; the sizes are those of a datastore without it."""
    told, plain = _monitored("7.4.0", OLD), _monitored("7.4.0", {})
    assert told.stderr.startswith("WARN: LINSTOR_AUTO_PLACE has no effect")
    assert told.stderr.count("WARN:") == 1
    assert told.stdout == plain.stdout
    assert "WARN" not in plain.stderr


def test_an_older_opennebula_is_not_told() -> None:
    """It would not log the line, and has no form for it."""
    assert _monitored("6.8.0", OLD).stderr == ""
