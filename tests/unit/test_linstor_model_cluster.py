"""Nodes, pools, placement and what happens to them from outside, in the model of a cluster."""

from __future__ import annotations

import threading

import pytest

from adapters.memory.linstor import LinstorModel, Pool, Refused, Reply

GIB = 1024 * 1024
ERROR = 3


@pytest.fixture
def model() -> LinstorModel:
    """Three nodes with a thin pool of 64 GiB, and one without."""
    return LinstorModel.simple(diskless=["front"], groups={"two": 2, "one": 1, "three": 3, "four": 4})


def codes(said: list[Reply], kind: int) -> list[int]:
    return [each.code for each in said if each.kind == kind]


def on(model: LinstorModel, name: str) -> dict[str, set[str]]:
    """The flags of a volume's resources, by node."""
    return {node: set(each.flags) for node, each in model.definitions.find(name).resources.items()}


def error(call: object) -> int:
    with pytest.raises(Refused) as caught:
        call()  # type: ignore[operator] # a function without arguments
    return caught.value.error.code


# -- placement --------------------------------------------------------------------------------------


def test_volumes_are_spread(model: LinstorModel) -> None:
    """The next one goes where the least was promised."""
    for name in ("vol-a", "vol-b", "vol-c"):
        model.definitions.spawn("one", name, [GIB])
    assert {node for name in ("vol-a", "vol-b", "vol-c") for node in on(model, name)} == {"alpha", "beta", "gamma"}


def test_thin_pools_promise_twenty_times_their_size(model: LinstorModel) -> None:
    """Up to that a volume is placed, beyond it is refused with 996 and nothing is left."""
    limit = 20 * 64 * GIB
    assert error(lambda: model.definitions.spawn("two", "huge", [limit])) == 996
    assert model.state.find("huge") is None
    model.definitions.spawn("two", "large", [limit // 2])
    assert model.groups.size_info("three").space["max_vlm_size_in_kib"] < limit


def test_the_ratio_can_be_set(model: LinstorModel) -> None:
    """MaxOversubscriptionRatio of the cluster counts, that of a pool before it."""
    model.controller.modify({"MaxOversubscriptionRatio": "2"})
    assert model.groups.size_info("three").space["max_vlm_size_in_kib"] == 2 * 64 * GIB
    model.state.nodes["beta"].pools["data"].props["MaxOversubscriptionRatio"] = "1"
    assert model.groups.size_info("three").space["max_vlm_size_in_kib"] == 64 * GIB


def test_thick_pools_hold_what_they_are() -> None:
    """What is placed is gone from the free space, and a volume that does not fit is refused."""
    model = LinstorModel.simple(kind="LVM", size_kib=4 * GIB, groups={"two": 2})
    model.definitions.spawn("two", "vol", [3 * GIB])
    assert model.groups.size_info("two", {"place_count": 3}).space["max_vlm_size_in_kib"] < GIB
    assert error(lambda: model.definitions.spawn("two", "next", [2 * GIB])) == 996


def test_space_that_nodes_share_is_promised_once() -> None:
    """A volume in a shared pool takes from it on every node."""
    model = LinstorModel()
    for name in ("alpha", "beta"):
        model.add_node(name, [Pool("san", "LVM", 4 * GIB, 4 * GIB, shared="san-1")])
    model.add_group("one", place_count=1, storage_pool="san")
    model.definitions.spawn("one", "vol", [GIB])
    frees = {name: model.space.free(name, node.pools["san"]) for name, node in model.state.nodes.items()}
    assert frees["alpha"] == frees["beta"] < 3 * GIB + 1
    info = model.groups.size_info("one").space
    assert (info["capacity_in_kib"], info["available_size_in_kib"]) == (4 * GIB, frees["alpha"])
    assert error(lambda: model.definitions.spawn("one", "pair", [GIB], select_filter={"place_count": 2})) == 996


def test_pools_of_one_size_on_one_node_both_count() -> None:
    """Space for one replica is the sum of all pools."""
    model = LinstorModel()
    model.add_node("alpha", [Pool(name, "LVM_THIN", GIB, GIB) for name in ("first", "second")])
    model.add_group("one", place_count=1)
    assert model.groups.size_info("one").space["capacity_in_kib"] == 2 * GIB


@pytest.mark.parametrize(
    ("free", "fits"),
    [((3, 3, 3), 3), ((1, 2, 3), 3), ((1, 1, 3), 2), ((5, 5, 5, 1, 1, 1), 8), ((7,), 0)],
)
def test_the_space_for_two_replicas_is_that_of_the_emptiest_pools(free: tuple[int, ...], fits: int) -> None:
    """Filled two by two (linstor-1.33.3-drbd/00-setup/021; 04-sizes/011)."""
    model = LinstorModel()
    for number, gib in enumerate(free):
        model.add_node(f"node-{number}", [Pool("data", "LVM_THIN", 9 * GIB, gib * GIB)])
    model.add_group("two", place_count=2)
    assert model.groups.size_info("two").space["available_size_in_kib"] == fits * GIB


@pytest.mark.parametrize(
    "exclude",
    [
        lambda model: model.events.satellite_down("beta"),
        lambda model: model.nodes.evacuate("beta"),
        lambda model: model.state.nodes["beta"].props.update(AutoplaceTarget="False"),
    ],
)
def test_some_nodes_take_nothing_new(model: LinstorModel, exclude: object) -> None:
    """One that is away, that is being evacuated, or that is no target gets no replica and no attachment."""
    model.definitions.spawn("one", "vol", [GIB])
    exclude(model)  # type: ignore[operator] # a function of the model
    assert error(lambda: model.definitions.spawn("three", "other", [GIB])) == 996
    assert error(lambda: model.resources.make_available("vol", "beta")) == 310


def test_an_evacuated_node_loses_what_is_not_in_use(model: LinstorModel) -> None:
    """Attachments go at once, one in use stays; restored, the node takes new ones."""
    for name in ("idle", "busy"):
        model.definitions.spawn("one", name, [GIB])
        model.resources.make_available(name, "front")
    handle = model.devices.open("front", "busy", write=True)
    model.nodes.evacuate("front")
    assert ("front" in on(model, "idle"), "front" in on(model, "busy")) == (False, True)
    handle.close()
    model.nodes.restore("front")
    model.resources.make_available("idle", "front")
    assert "front" in on(model, "idle")


def test_more_replicas_than_nodes_are_refused(model: LinstorModel) -> None:
    """996, and size queries say zero without a next place."""
    assert error(lambda: model.definitions.spawn("four", "vol", [GIB])) == 996
    info = model.groups.size_info("four").space
    assert (info["capacity_in_kib"], "next_spawn_result" in info) == (0, False)


# -- witnesses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "witness", "quorum"), [("one", False, "off"), ("two", True, "majority"), ("three", False, "majority")]
)
def test_two_replicas_get_a_witness(model: LinstorModel, group: str, witness: bool, quorum: str) -> None:
    """An even number has one, and with three votes there is a quorum."""
    model.definitions.spawn(group, "vol", [GIB])
    assert any("TIE_BREAKER" in flags for flags in on(model, "vol").values()) is witness
    assert model.definitions.find("vol").props["DrbdOptions/Resource/quorum"] == quorum


def test_the_group_can_do_without_witnesses(model: LinstorModel) -> None:
    """The property counts on the definition, its group and the controller."""
    model.groups.modify("two", {}, {"DrbdOptions/auto-add-quorum-tiebreaker": "False"})
    model.definitions.spawn("two", "vol", [GIB])
    assert len(on(model, "vol")) == 2


def test_attach_and_detach_move_the_witness(model: LinstorModel) -> None:
    """The attachment takes its vote, and is the witness after the detach (linstor.md 2.17 no. 4)."""
    model.definitions.spawn("two", "vol", [GIB])
    model.resources.make_available("vol", "front")
    assert {node for node, flags in on(model, "vol").items() if flags} == {"front"}
    model.resources.delete("vol", "front", keep_tiebreaker=True)
    assert "TIE_BREAKER" in on(model, "vol")["front"]


def test_a_witness_deleted_by_hand_is_gone_for_good_until_it_is_asked_for(model: LinstorModel) -> None:
    """Quorum is off then; a later detach that keeps witnesses switches both on again (linstor.md 2.7)."""
    model.definitions.spawn("two", "vol", [GIB])
    model.resources.delete("vol", "gamma" if "gamma" in on(model, "vol") else "front")
    props = model.definitions.find("vol").props
    assert (len(on(model, "vol")), props["DrbdOptions/Resource/quorum"]) == (2, "off")
    model.resources.make_available("vol", "front")
    model.resources.delete("vol", "front", keep_tiebreaker=True)
    assert "TIE_BREAKER" in on(model, "vol")["front"]
    assert props["DrbdOptions/Resource/quorum"] == "majority"


# -- from outside -----------------------------------------------------------------------------------


def test_what_waited_for_a_node_is_finished_when_it_is_back(model: LinstorModel) -> None:
    """A deleted definition and a deleted replica keep their flags until then."""
    model.definitions.spawn("two", "gone", [GIB])
    model.definitions.spawn("three", "less", [GIB])
    model.events.satellite_down("alpha")
    model.definitions.delete("gone")
    model.resources.delete("less", "alpha")
    assert "DELETE" in model.definitions.find("gone").flags
    assert "DELETE" in on(model, "less")["alpha"]
    model.events.satellite_up("alpha")
    assert model.state.find("gone") is None
    assert "alpha" not in on(model, "less")


def test_a_failing_command_leaves_the_replica_on_record(model: LinstorModel) -> None:
    """998, no device; deleting it and asking again works once the cause is gone (linstor.md 2.5)."""
    model.definitions.spawn("one", "vol", [GIB])
    free = next(node for node in ("alpha", "beta", "gamma") if node not in on(model, "vol"))
    model.events.fail(free, "^lvcreate .*vol_00000")
    assert error(lambda: model.resources.create("vol", free, set())) == 998
    assert not model.definitions.find("vol").resources[free].deployed
    model.events.heal(free)
    model.resources.delete("vol", free)
    model.resources.create("vol", free, set())
    assert model.definitions.find("vol").resources[free].deployed


@pytest.mark.parametrize(
    ("command", "call"),
    [
        ("drbdadm .*adjust", lambda model: model.definitions.modify("vol", {"Aux/a": "1"})),
        ("lvresize", lambda model: model.volumes.resize("vol", 0, 2 * GIB)),
        ("lvcreate .*--snapshot", lambda model: model.snapshots.create("vol", "snap")),
        ("drbdsetup down", lambda model: model.definitions.delete("vol")),
    ],
)
def test_every_kind_of_command_can_fail(model: LinstorModel, command: str, call: object) -> None:
    """The satellite's error is 998 with an error report, behind what was done."""
    model.definitions.spawn("three", "vol", [GIB])
    model.events.fail("beta", command)
    with pytest.raises(Refused) as caught:
        call(model)  # type: ignore[operator] # a function of the model
    assert caught.value.error.code == 998
    assert caught.value.error.error_report_ids
    assert model.state.reports[-1].node == "beta"


def test_devices_are_announced(model: LinstorModel) -> None:
    """Appeared, changed and vanished, in step with the resources."""
    seen: list[tuple[str, str]] = []
    model.listen(lambda what, definition, resource: seen.append((what, resource.node)))
    model.definitions.spawn("one", "vol", [GIB])
    (node,) = on(model, "vol")
    model.resources.make_available("vol", "front")
    model.volumes.resize("vol", 0, 2 * GIB)
    model.resources.delete("vol", "front")
    model.definitions.delete("vol")
    assert seen == [
        ("appeared", node),
        ("appeared", "front"),
        ("changed", node),
        ("changed", "front"),
        ("vanished", "front"),
        ("vanished", node),
    ]


def test_minors_are_used_again(model: LinstorModel) -> None:
    """The lowest free one is taken: a stale device name is another volume's (linstor.md 1.4)."""
    for name in ("vol-a", "vol-b"):
        model.definitions.spawn("one", name, [GIB])
    model.definitions.delete("vol-a")
    model.definitions.spawn("one", "vol-c", [GIB])
    assert [model.definitions.find(name).volumes[0].minor for name in ("vol-b", "vol-c")] == [1001, 1000]


def test_operations_at_the_same_moment_are_carried_out_one_by_one(model: LinstorModel) -> None:
    """Of ten spawns of one name one wins, the others are told that it exists (linstor.md 2.6)."""
    errors: list[int] = []

    def spawn() -> None:
        try:
            model.definitions.spawn("two", "vol", [GIB])
        except Refused as refused:
            errors.append(refused.error.code)

    threads = [threading.Thread(target=spawn) for _ in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == [501] * 9


def test_a_clone_can_take_its_time(model: LinstorModel) -> None:
    """It answers CLONING as often as was ordered, then COMPLETE; FAILED only while a node is away."""
    model.definitions.spawn("two", "vol", [GIB])
    model.clones.slow["copy"] = 2
    model.clones.start("vol", "copy")
    assert [model.clones.status("copy") for _ in range(3)] == ["CLONING", "CLONING", "COMPLETE"]
    model.events.satellite_down("alpha")
    assert model.clones.status("copy") == "FAILED"
    model.events.satellite_up("alpha")
    assert model.clones.status("copy") == "COMPLETE"
    assert model.clones.status("vol") is None


def test_external_names_get_a_name_of_the_alphabet(model: LinstorModel) -> None:
    """Any text makes a valid name, another one for each text, and the text itself is taken once."""
    model.definitions.spawn("one", "", [GIB], external_name="Bild für VM 1")
    (made,) = model.definitions.names([])
    assert made.external_name == "Bild für VM 1"
    assert made.name.isascii()
    assert error(lambda: model.definitions.create("", external_name="Bild für VM 1")) == 517


def test_a_lone_warning_is_no_error() -> None:
    """Where no node is left for a witness the spawn succeeds with W1013."""
    small = LinstorModel.simple(hosts=["alpha", "beta"], groups={"two": 2})
    assert codes(small.definitions.spawn("two", "vol", [GIB]), 2) == [1013]
