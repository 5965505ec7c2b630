"""Which datastore's limits count on a host."""

from __future__ import annotations

import pytest

from adapters.memory.clusters import MemoryClusters
from domain.opennebula import Datastore
from domain.settings import KnownLimits, Limits
from domain.storage import Storages


@pytest.mark.parametrize(
    ("timeouts", "seconds"),
    [((), 120.0), (("5",), 5.0), (("300", "5"), 300.0), (("5", ""), 120.0)],
)
def test_the_most_patient_datastore_that_the_order_is_about_counts(bench, timeouts, seconds) -> None:
    """One that says nothing has the default; before any is known that counts, too."""
    limits = KnownLimits()
    storages = Storages(bench.oned, MemoryClusters(lambda _: bench.cluster), {}, limits)

    for number, text in enumerate(timeouts):
        storages.of_datastore(Datastore(number, attributes={"LINSTOR_SSH_TIMEOUT": text, "LINSTOR_TIMEOUT": "7"}))

    assert limits.now().host == seconds
    assert limits.now().change == (7.0 if timeouts else Limits().change)
