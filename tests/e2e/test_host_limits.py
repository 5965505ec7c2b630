"""A host that hangs holds an order up for as long as the datastore says, and no longer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entrypoints.sandbox.cloud import SYSTEM_LINSTOR, Cloud, OrderFailed
from entrypoints.sandbox.world import Sandbox

pytestmark = pytest.mark.e2e

IMAGE, DATA, VM = 3, 4, 7


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A VM on host-a, in datastores that give a host two seconds and a device one more."""
    with Sandbox() as sandbox:
        made = Cloud(sandbox, {"LINSTOR_SSH_TIMEOUT": "2", "LINSTOR_DEVICE_TIMEOUT": "1"})
        made.make_image(IMAGE, "root", 16)
        made.make_image(DATA, "data", 16, persistent=True)
        made.deploy(VM, "host-a", [IMAGE], system=SYSTEM_LINSTOR)
        yield made


def _hang(cloud: Cloud) -> None:
    """Ssh reaches every host, and nothing comes back."""
    (cloud.sandbox.root / "bin" / "ssh").write_text("#!/bin/sh\nexec sleep 600\n")


def test_a_host_that_hangs_ends_at_the_limit_of_the_datastore(cloud: Cloud) -> None:
    """The limit stands in the message: that of the host, and that of the device which is waited for there."""
    _hang(cloud)

    with pytest.raises(OrderFailed) as failed:
        cloud.attach(VM, 2, DATA)

    assert "host-a" in failed.value.ended.stderr
    assert "no end after 3 seconds" in failed.value.ended.stderr
    assert failed.value.ended.seconds < 60
