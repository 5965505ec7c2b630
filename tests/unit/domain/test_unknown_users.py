"""A host that LINSTOR cannot see may be writing: unknown is not free (rule 5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain import marks as marking
from domain.names import HostName, VolumeName
from domain.volumes import Role, on_host

DISK = VolumeName("OpenNebula-Image-4")


class _Ended:
    """A migration that left its mark; the VM is at home, the other end is an attachment that may be unseen."""

    def __init__(self, bench, monkeypatch) -> None:
        self.bench = bench
        bench.volume(DISK)
        self.home, self.away = bench.replica(DISK).host, bench.stranger(DISK)
        bench.cluster.attach(DISK, self.away)
        bench.cluster.mark(DISK, marking.migration(self.home, self.away))
        self.unseen = True
        look = bench.cluster.deployments

        def deployments(volumes):
            return {volume: tuple(map(self._as_seen, found)) for volume, found in look(volumes).items()}

        monkeypatch.setattr(bench.cluster, "deployments", deployments)

    def _as_seen(self, each):
        return replace(each, in_use=None, reachable=False) if self.unseen and each.host == self.away else each

    def heal(self) -> None:
        bench = self.bench
        bench.healing.heal(bench.storage, bench.cluster.definitions([DISK])[DISK], [HostName(self.home)])

    @property
    def attached(self) -> bool:
        here = on_host(self.bench.cluster.deployments([DISK])[DISK], self.away)
        return here is not None and here.role is Role.ATTACHMENT


@pytest.fixture
def ended(bench, monkeypatch) -> _Ended:
    return _Ended(bench, monkeypatch)


def test_the_end_of_a_migration_that_cannot_be_seen_stays(ended) -> None:
    """And once LINSTOR sees it again, the next order ends it and forgets the migration."""
    ended.heal()

    assert ended.attached
    ended.unseen = False
    ended.heal()
    assert not ended.attached
    assert marking.MIGRATION not in ended.bench.cluster.definitions([DISK])[DISK].marks


def _restore_witness(ended) -> None:
    seen = ended.bench.storage.cluster.deployments([DISK])[DISK]
    ended.bench.rolling_back._restore_witness(ended.bench.storage, seen, None)


def test_a_revert_leaves_an_attachment_that_cannot_be_seen(ended) -> None:
    """Only one that nobody uses for certain is taken for a former witness."""
    _restore_witness(ended)

    assert ended.attached
    ended.unseen = False
    _restore_witness(ended)
    assert not ended.attached
