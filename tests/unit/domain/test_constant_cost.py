"""An order asks once for what several of its disks need (rule 10)."""

from __future__ import annotations

from domain.moving import moving_disks
from domain.names import VolumeName
from domain.opennebula import Datastore, Disk, History, Vm


def test_disks_of_a_migration_are_looked_up_together(bench, monkeypatch) -> None:
    """One request of each kind for two disks of one LINSTOR."""
    names = [bench.volume(f"OpenNebula-Image-{number}") for number in (4, 5)]
    disks = tuple(
        Disk(at, at + 4, name, 64, 64, clone=False, tm_mad="linstor", datastore_id=100) for at, name in enumerate(names)
    )
    vm = Vm(7, disks=disks, history=(History(0, "host-a", 101, "linstor"),))
    asked: list[tuple[str, list[VolumeName]]] = []
    for call in ("definitions", "deployments"):
        real = getattr(bench.cluster, call)
        monkeypatch.setattr(
            bench.cluster,
            call,
            lambda volumes, call=call, real=real: asked.append((call, list(volumes))) or real(volumes),
        )

    found = moving_disks(bench.migrate(vm, "host-a", "host-b"), bench.storages)

    assert [each.volume for each in found] == names
    assert asked == [("definitions", names), ("deployments", names)]


def test_oned_is_asked_for_a_datastore_once(bench, monkeypatch) -> None:
    """However many disks are in it."""
    asked: list[int] = []
    known = bench.oned.datastore

    def noted(datastore_id: int) -> Datastore:
        asked.append(datastore_id)
        return known(datastore_id)

    monkeypatch.setattr(bench.oned, "datastore", noted)
    assert bench.storages.of(100) is bench.storages.of(100)
    assert asked == [100]
