"""Who may open a device: as DRBD decides (captures drbd-9 010, 011, 020, 023, 030, 033; linstor.md 2.18)."""

from __future__ import annotations

import pytest

from adapters.memory.linstor import Handle, LinstorModel, OpenRefused, Refused

ALLOW = {"DrbdOptions/Net/allow-two-primaries": "yes"}
DROP = list(ALLOW)
VOLUME = "vol"


@pytest.fixture
def model() -> LinstorModel:
    """A volume with replicas on alpha and beta, attached on gamma."""
    made = LinstorModel.simple(diskless=["delta"], groups={"two": 2, "one": 1})
    made.definitions.spawn("two", VOLUME, [65536])
    made.resources.make_available(VOLUME, "gamma")
    return made


def refused(model: LinstorModel, node: str, *, write: bool, name: str = VOLUME) -> str:
    """The errno of an open, "" where it succeeds."""
    try:
        model.devices.open(node, name, write=write).close()
    except OpenRefused as error:
        return error.errno_name
    return ""


@pytest.mark.parametrize("node", ["alpha", "beta", "gamma"])
@pytest.mark.parametrize("write", [True, False])
def test_anybody_may_open_what_nobody_has_open(model: LinstorModel, node: str, write: bool) -> None:
    """With or without data, to read or to write; a writer is Primary, a reader is not."""
    with_open = model.devices.open(node, VOLUME, write=write)
    assert model.devices.in_use(model.definitions.find(VOLUME), node) is write
    with_open.close()
    assert not model.devices.in_use(model.definitions.find(VOLUME), node)


@pytest.mark.parametrize(("write", "errno"), [(True, "EROFS"), (False, "EMEDIUMTYPE")])
def test_a_writer_keeps_other_nodes_out(model: LinstorModel, write: bool, errno: str) -> None:
    """Elsewhere writers get EROFS and readers EMEDIUMTYPE; on the same node anybody may join."""
    held = model.devices.open("alpha", VOLUME, write=True)
    assert [refused(model, node, write=write) for node in ("beta", "gamma")] == [errno, errno]
    assert refused(model, "alpha", write=write) == ""
    held.close()
    assert refused(model, "beta", write=write) == ""


def test_a_reader_keeps_writers_of_other_nodes_out(model: LinstorModel) -> None:
    """Although nobody is Primary; other readers are welcome."""
    held = model.devices.open("gamma", VOLUME, write=False)
    assert [refused(model, node, write=True) for node in ("alpha", "beta")] == ["EROFS", "EROFS"]
    assert refused(model, "alpha", write=False) == ""
    assert refused(model, "gamma", write=True) == ""
    held.close()
    assert refused(model, "alpha", write=True) == ""


def test_a_node_is_primary_until_its_last_program_closes(model: LinstorModel) -> None:
    """A reader that was there when a writer came keeps the role after the writer has gone."""
    reader = model.devices.open("alpha", VOLUME, write=False)
    model.devices.open("alpha", VOLUME, write=True).close()
    assert model.devices.in_use(model.definitions.find(VOLUME), "alpha")
    reader.close()
    assert not model.devices.in_use(model.definitions.find(VOLUME), "alpha")


def test_a_device_that_is_not_there_cannot_be_opened(model: LinstorModel) -> None:
    """No resource, no definition, or one that is inactive: ENOENT."""
    assert refused(model, "delta", write=True) == "ENOENT"
    assert refused(model, "alpha", write=True, name="other") == "ENOENT"
    model.resources.deactivate(VOLUME, "beta")
    assert refused(model, "beta", write=False) == "ENOENT"


def test_two_primaries_on_a_connection_are_for_its_ends_alone(model: LinstorModel) -> None:
    """The third node is kept out as before."""
    model.resources.modify_connection(VOLUME, "alpha", "gamma", ALLOW)
    held = [model.devices.open(node, VOLUME, write=True) for node in ("alpha", "gamma")]
    assert model.devices.primaries(model.definitions.find(VOLUME)) == ["alpha", "gamma"]
    assert (refused(model, "beta", write=True), refused(model, "beta", write=False)) == ("EROFS", "EMEDIUMTYPE")
    for each in held:
        each.close()


@pytest.fixture
def migrating(model: LinstorModel) -> tuple[Handle, Handle]:
    """Both ends of a live migration write."""
    model.resources.modify_connection(VOLUME, "alpha", "gamma", ALLOW)
    return model.devices.open("alpha", VOLUME, write=True), model.devices.open("gamma", VOLUME, write=True)


def test_two_primaries_cannot_be_taken_away_while_both_write(
    model: LinstorModel, migrating: tuple[Handle, Handle]
) -> None:
    """LINSTOR answers 998 and has forgotten the property; the kernel keeps allowing it, also after one has closed."""
    with pytest.raises(Refused) as caught:
        model.resources.modify_connection(VOLUME, "alpha", "gamma", {}, DROP)
    assert {each.code for each in caught.value.replies if each.kind == 3} == {998}
    assert model.resources.connection(VOLUME, "alpha", "gamma")[2] == {}
    migrating[0].close()
    assert refused(model, "alpha", write=True) == ""


def test_deleting_it_again_changes_nothing_and_another_change_heals(
    model: LinstorModel, migrating: tuple[Handle, Handle]
) -> None:
    """A repeated delete tells no satellite; any other change of a property makes them adjust (linstor.md 2.18)."""
    with pytest.raises(Refused):
        model.resources.modify_connection(VOLUME, "alpha", "gamma", {}, DROP)
    migrating[0].close()
    assert [each.code for each in model.resources.modify_connection(VOLUME, "alpha", "gamma", {}, DROP)] == [2, 3]
    assert refused(model, "alpha", write=True) == ""
    model.definitions.modify(VOLUME, {"Aux/healed": "1"})
    assert refused(model, "alpha", write=True) == "EROFS"


def test_two_primaries_are_taken_away_when_one_has_closed(
    model: LinstorModel, migrating: tuple[Handle, Handle]
) -> None:
    """The orderly way: the source closes, the property goes, and the kernel keeps others out at once."""
    migrating[0].close()
    model.resources.modify_connection(VOLUME, "alpha", "gamma", {}, DROP)
    assert refused(model, "alpha", write=True) == "EROFS"
    migrating[1].write_at(0, b"still writing")


@pytest.fixture
def lone(model: LinstorModel) -> LinstorModel:
    """One replica on alpha, attached on beta and gamma, which are not connected with each other."""
    model.definitions.create("lone", "one")
    model.volumes.create("lone", 65536)
    model.resources.create("lone", "alpha", set())
    for node in ("beta", "gamma"):
        model.resources.make_available("lone", node)
    return model


def test_two_diskless_nodes_need_it_on_the_whole_definition(lone: LinstorModel) -> None:
    """On their own pair it has no effect; a reader on the one is let in while the other writes."""
    held = lone.devices.open("beta", "lone", write=True)
    lone.resources.modify_connection("lone", "beta", "gamma", ALLOW)
    assert refused(lone, "gamma", write=True, name="lone") == "EROFS"
    assert refused(lone, "gamma", write=False, name="lone") == ""
    lone.definitions.modify("lone", ALLOW)
    assert refused(lone, "gamma", write=True, name="lone") == ""
    held.close()


def test_two_diskless_primaries_do_not_stop_the_removal(lone: LinstorModel) -> None:
    """They are not connected, so the kernels give way, and both go on."""
    lone.definitions.modify("lone", ALLOW)
    held = [lone.devices.open(node, "lone", write=True) for node in ("beta", "gamma")]
    lone.definitions.modify("lone", {}, DROP)
    for each in held:
        each.write_at(0, b"x")


def test_without_quorum_nothing_opens_and_nothing_is_read_or_written(model: LinstorModel) -> None:
    """A node cut off from the others: EROFS, ENODATA, and EIO for who had it open; the majority goes on."""
    held = model.devices.open("alpha", VOLUME, write=True)
    model.events.cut_network("alpha")
    for use in (lambda: held.write_at(0, b"lost"), lambda: held.read(0, 4)):
        with pytest.raises(OpenRefused, match="EIO"):
            use()
    assert (refused(model, "alpha", write=True), refused(model, "alpha", write=False)) == ("", "ENODATA")
    held.close()
    assert (refused(model, "alpha", write=True), refused(model, "alpha", write=False)) == ("EROFS", "ENODATA")
    assert refused(model, "beta", write=True) == ""


def test_a_reader_does_not_write(model: LinstorModel) -> None:
    """A descriptor that was opened to read, and one that was closed, refuse to write."""
    reader, writer = (model.devices.open("alpha", VOLUME, write=write) for write in (False, True))
    writer.close()
    for each in (reader, writer):
        with pytest.raises(OpenRefused, match="EBADF"):
            each.write_at(0, b"x")


def test_without_drbd_nobody_is_kept_out() -> None:
    """A bare volume is only on its own node, and knows no roles."""
    model = LinstorModel.simple(groups={"bare": 1})
    model.definitions.create("vol", "bare", layers=["STORAGE"])
    model.volumes.create("vol", 65536)
    model.resources.create("vol", "alpha", set())
    first = model.devices.open("alpha", "vol", write=True)
    assert refused(model, "alpha", write=True, name="vol") == ""
    assert not model.devices.in_use(model.definitions.find("vol"), "alpha")
    first.close()


def test_a_node_that_dies_lets_go(model: LinstorModel) -> None:
    """Its handles are gone, and another node may write."""
    model.devices.open("alpha", VOLUME, write=True)
    model.devices.close_all("alpha")
    assert refused(model, "beta", write=True) == ""


def test_a_removal_that_fails_leaves_only_what_two_primaries_hold(model: LinstorModel) -> None:
    """All other connections forget it (linstor-1.33.3-drbd/14-two-primaries-heal/003 and 004)."""
    model.definitions.modify(VOLUME, ALLOW)
    handles = [model.devices.open(node, VOLUME, write=True) for node in ("alpha", "beta")]
    with pytest.raises(Refused):
        model.definitions.modify(VOLUME, {}, DROP)
    assert model.definitions.find(VOLUME).kernel == {frozenset(("alpha", "beta"))}
    for each in handles:
        each.close()
    model.definitions.modify(VOLUME, {"Aux/x": "1"})
    assert not model.definitions.find(VOLUME).kernel
