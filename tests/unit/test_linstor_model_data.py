"""The model carries data: what a program wrote is what is read, wherever it should be, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.memory.linstor import InFiles, LinstorModel, Refused

SIZE = 65536
VOLUME = "vol"


@pytest.fixture
def model() -> LinstorModel:
    """A volume with replicas on alpha and beta; gamma holds the witness."""
    made = LinstorModel.simple(diskless=["delta"], groups={"two": 2, "one": 1})
    made.definitions.spawn("two", VOLUME, [SIZE])
    return made


def write(model: LinstorModel, node: str, data: bytes, offset: int = 0, name: str = VOLUME) -> None:
    handle = model.devices.open(node, name, write=True)
    handle.write_at(offset, data)
    handle.close()


def read(model: LinstorModel, node: str, length: int, offset: int = 0, name: str = VOLUME) -> bytes:
    handle = model.devices.open(node, name, write=False)
    data = handle.read(offset, length)
    handle.close()
    return data


def size(model: LinstorModel, node: str, name: str = VOLUME) -> int:
    handle = model.devices.open(node, name, write=False)
    found = handle.content.size
    handle.close()
    return found


def test_every_node_reads_what_one_wrote(model: LinstorModel) -> None:
    """The other replica has it, and a node without data reads it over the network."""
    write(model, "alpha", b"one")
    model.resources.make_available(VOLUME, "delta")
    assert [read(model, node, 3) for node in ("alpha", "beta", "delta")] == [b"one"] * 3
    write(model, "delta", b"two")
    assert read(model, "alpha", 3) == b"two"


def test_a_new_volume_reads_as_zeros_and_is_a_little_larger(model: LinstorModel) -> None:
    """The extent leaves room beyond the size that was asked for (linstor.md 1.6)."""
    assert size(model, "alpha") > SIZE * 1024
    assert read(model, "alpha", 4096) == bytes(4096)


def test_a_name_used_again_starts_empty(model: LinstorModel) -> None:
    """Nothing of a deleted volume shows in the next one."""
    write(model, "alpha", b"old")
    model.definitions.delete(VOLUME)
    model.definitions.spawn("two", VOLUME, [SIZE])
    assert read(model, "alpha", 3) == bytes(3)


def test_growing_keeps_the_data_and_adds_zeros(model: LinstorModel) -> None:
    """Open programs see the new size at once (linstor.md 2.18)."""
    handle = model.devices.open("alpha", VOLUME, write=True)
    handle.write_at(0, b"data")
    before = handle.content.size
    model.volumes.resize(VOLUME, 0, 2 * SIZE)
    assert handle.content.size >= 2 * SIZE * 1024 > before
    assert (handle.read(0, 4), handle.read(before, 8)) == (b"data", bytes(8))
    handle.close()


def test_a_clone_is_a_copy_of_its_own(model: LinstorModel) -> None:
    """It has the data of the moment; later writes stay where they were made, also after the source is gone."""
    write(model, "alpha", b"one")
    model.clones.start(VOLUME, "copy")
    write(model, "alpha", b"two")
    assert read(model, "beta", 3, name="copy") == b"one"
    write(model, "beta", b"own", name="copy")
    assert read(model, "alpha", 3) == b"two"
    model.definitions.delete(VOLUME)
    assert read(model, "alpha", 3, name="copy") == b"own"


def test_a_volume_is_set_back_to_any_snapshot(model: LinstorModel) -> None:
    """The older one first, then a newer one, which survived; sizes go back as well."""
    for number in (1, 2):
        write(model, "alpha", b"data %d" % number)
        model.snapshots.create(VOLUME, f"snap{number}")
    before = size(model, "alpha")
    model.volumes.resize(VOLUME, 0, 4 * SIZE)
    write(model, "alpha", b"data 3")
    model.snapshots.roll_back(VOLUME, "snap1")
    assert (read(model, "beta", 6), size(model, "beta")) == (b"data 1", before)
    model.snapshots.roll_back(VOLUME, "snap2")
    assert read(model, "alpha", 6) == b"data 2"
    assert sorted(model.definitions.find(VOLUME).snapshots) == ["snap1", "snap2"]


def test_a_snapshot_is_restored_into_another_volume(model: LinstorModel) -> None:
    """Both go their own way afterwards, and the snapshot may be deleted."""
    write(model, "alpha", b"then")
    model.snapshots.create(VOLUME, "snap")
    write(model, "alpha", b"now!")
    model.definitions.create("other", "two")
    model.snapshots.restore_volumes(VOLUME, "snap", "other")
    model.snapshots.restore_resources(VOLUME, "snap", "other")
    model.snapshots.delete(VOLUME, "snap")
    assert (read(model, "beta", 4, name="other"), read(model, "beta", 4)) == (b"then", b"now!")


def test_a_reused_snapshot_name_can_hold_old_data(model: LinstorModel) -> None:
    """Deleted while a node was away and made again: that node's part is the old one (linstor.md 2.17 no. 0)."""
    write(model, "alpha", b"old")
    model.snapshots.create(VOLUME, "snap")
    model.events.satellite_down("beta")
    model.snapshots.delete(VOLUME, "snap")
    model.events.satellite_up("beta")
    write(model, "alpha", b"new")
    model.snapshots.create(VOLUME, "snap")
    parts = model.definitions.find(VOLUME).snapshots["snap"].parts
    assert {node: part[0].read(0, 3) for node, part in parts.items()} == {"alpha": b"new", "beta": b"old"}


def test_without_drbd_every_node_has_a_volume_of_its_own() -> None:
    """An attachment elsewhere makes a second, empty one (linstor.md 1.4); both have snapshots of their own."""
    model = LinstorModel.simple(groups={"bare": 1})
    model.groups.modify("bare", {"layer_stack": ["STORAGE"]}, {})
    model.definitions.spawn("bare", VOLUME, [SIZE])
    write(model, "alpha", b"data")
    model.resources.make_available(VOLUME, "beta")
    assert read(model, "beta", 4) == bytes(4)
    write(model, "beta", b"else")
    model.snapshots.create(VOLUME, "snap")
    model.snapshots.roll_back(VOLUME, "snap")
    assert (read(model, "alpha", 4), read(model, "beta", 4)) == (b"data", b"else")


def test_without_drbd_a_smaller_size_cuts_the_data_off() -> None:
    """LINSTOR carries it out; what was beyond is gone when the volume grows again (linstor.md 1.2)."""
    model = LinstorModel.simple(groups={"bare": 1})
    model.groups.modify("bare", {"layer_stack": ["STORAGE"]}, {})
    model.definitions.spawn("bare", VOLUME, [SIZE])
    write(model, "alpha", b"tail", offset=SIZE * 1024 - 4)
    model.volumes.resize(VOLUME, 0, SIZE // 2)
    assert size(model, "alpha") == SIZE * 1024 // 2
    model.volumes.resize(VOLUME, 0, SIZE)
    assert read(model, "alpha", 4, SIZE * 1024 - 4) == bytes(4)


def test_a_replica_that_is_cut_off_misses_writes_and_catches_up(model: LinstorModel) -> None:
    """While the data network is away it holds what it had; afterwards it has everything."""
    write(model, "alpha", b"one")
    model.events.cut_network("beta")
    write(model, "alpha", b"two")
    model.snapshots.create(VOLUME, "split")
    parts = model.definitions.find(VOLUME).snapshots["split"].parts
    assert {node: part[0].read(0, 3) for node, part in parts.items()} == {"alpha": b"two", "beta": b"one"}
    model.events.heal_network("beta")
    assert read(model, "beta", 3) == b"two"


def test_a_replica_that_is_behind_is_no_source(model: LinstorModel) -> None:
    """Neither snapshot nor growth nor clone is taken from it; once it has caught up all three are."""
    model.events.set_disk_state("beta", VOLUME, "Inconsistent")
    refused = []
    for call in (
        lambda: model.snapshots.create(VOLUME, "snap"),
        lambda: model.volumes.resize(VOLUME, 0, 2 * SIZE),
        lambda: model.clones.start(VOLUME, "copy"),
    ):
        with pytest.raises(Refused) as caught:
            call()
        refused.append(caught.value.error.code)
        model.events.set_disk_state("beta", VOLUME, "UpToDate")
        call()
        model.events.set_disk_state("beta", VOLUME, "Inconsistent")
    assert refused == [979, 974, 974]


def test_the_data_survives_the_loss_of_a_disk(model: LinstorModel) -> None:
    """The node goes on over the network, and its peer has what is written meanwhile."""
    handle = model.devices.open("alpha", VOLUME, write=True)
    handle.write_at(0, b"before")
    model.events.lose_disk("alpha", VOLUME)
    handle.write_at(0, b"after!")
    handle.close()
    assert read(model, "beta", 6) == b"after!"


def test_taking_the_disk_away_and_back_keeps_the_data(model: LinstorModel) -> None:
    """A replica that becomes diskless reads from its peer, and has the data again as a replica."""
    write(model, "alpha", b"data")
    model.resources.toggle(VOLUME, "alpha", to_diskless=True)
    assert read(model, "alpha", 4) == b"data"
    model.resources.toggle(VOLUME, "alpha", to_diskless=False, pool="data")
    assert read(model, "alpha", 4) == b"data"


def test_the_last_replica_takes_the_data_with_it(model: LinstorModel) -> None:
    """LINSTOR deletes it without a word, and an attachment then makes an empty disk (linstor.md 2.17 no. 5)."""
    model.definitions.spawn("one", "single", [SIZE])
    (only,) = model.definitions.find("single").resources
    write(model, only, b"data", name="single")
    model.resources.delete("single", only)
    model.resources.make_available("single", only)
    assert read(model, only, 4, name="single") == bytes(4)


def test_a_copy_that_fell_behind_gets_in_step_again(tmp_path: Path) -> None:
    """The file of a replica that was apart is never that of the copy itself."""
    model = LinstorModel.simple(contents=InFiles(tmp_path))
    model.definitions.spawn("one", VOLUME, [SIZE])
    first = model.state.definitions[VOLUME].diskful()[0].node
    write(model, first, b"data")
    model.clones.start(VOLUME, "copy")
    for each in model.state.definitions["copy"].diskful():
        model.events.set_disk_state(each.node, "copy", "Inconsistent")
        model.events.set_disk_state(each.node, "copy", "UpToDate")
    assert read(model, first, 4, name="copy") == b"data"
