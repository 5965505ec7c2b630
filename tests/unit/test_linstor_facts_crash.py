"""What a controller that dies leaves behind (linstor.md 2.17 no. 0a; linstor-1.33.3/23-lost-replies)."""

from __future__ import annotations

import pytest

from adapters.memory.linstor import ControllerDied, LinstorModel, OpenRefused, Refused

SIZE_KIB = 65536


@pytest.fixture
def model() -> LinstorModel:
    """One volume, open for writing on one of its nodes."""
    model = LinstorModel.simple(groups={"two": 2})
    model.definitions.spawn("two", "vol", [SIZE_KIB])
    return model


def _write(model: LinstorModel) -> None:
    node = model.definitions.find("vol").diskful()[0].node
    handle = model.devices.open(node, "vol", write=True)
    try:
        handle.write_at(0, b"data")
    finally:
        handle.close()


def test_a_snapshot_without_any_flag_stays(model: LinstorModel) -> None:
    """It is neither SUCCESSFUL nor FAILED, and its name is taken (026, 028)."""
    model.events.die_in("snapshot")
    with pytest.raises(ControllerDied):
        model.snapshots.create("vol", "snap")
    assert model.definitions.find("vol").snapshots["snap"].flags == set()
    with pytest.raises(Refused) as caught:
        model.snapshots.create("vol", "snap")
    assert caught.value.error.code == 514


def test_the_guest_waits_until_somebody_resumes_it(model: LinstorModel) -> None:
    """Deleting the snapshot does not, `drbdadm resume-io` does (observed-suspend-resume)."""
    model.events.die_in("snapshot")
    with pytest.raises(ControllerDied):
        model.snapshots.create("vol", "snap")
    model.snapshots.delete("vol", "snap")
    with pytest.raises(OpenRefused, match="suspended"):
        _write(model)
    model.events.resume_io("vol")
    _write(model)


def test_a_clone_is_never_gone_on_with(model: LinstorModel) -> None:
    """It says CLONING for good, keeps its name, and can be deleted (031, 032, 033, 035)."""
    model.events.die_in("clone")
    with pytest.raises(ControllerDied):
        model.clones.start("vol", "copy")
    found = model.definitions.find("copy")
    assert (found.flags, {each.disk_state for each in found.diskful()}) == ({"CLONING"}, {"CloningDone"})
    assert [model.clones.status("copy") for _ in range(3)] == ["CLONING"] * 3
    with pytest.raises(Refused) as caught:
        model.clones.start("vol", "copy")
    assert caught.value.error.code == 501
    model.definitions.delete("copy")
    model.clones.start("vol", "copy")
    assert model.clones.status("copy") == "COMPLETE"
