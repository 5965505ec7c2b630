"""Whom the doctor asks, and what it says of what it could not ask."""

from __future__ import annotations

from tests.unit.doctor.memory import NODES, SYSTEM, Surroundings, linstor, store

from entrypoints.onelinstor.doctor import datastores, groups, hosts
from entrypoints.onelinstor.doctor import linstor as cluster
from entrypoints.onelinstor.doctor.checks import Line, Status
from entrypoints.onelinstor.doctor.reading import Group, OneHost


def _of(lines: list[Line], check: str) -> list[tuple[str, Status]]:
    return [(each.subject, each.status) for each in lines if each.check == check]


def test_datastores_of_one_linstor_ask_it_once() -> None:
    """Two that name the same controllers in the same way are about one LINSTOR; each group is looked at once."""
    around = Surroundings(stores=(store(), store(101, LINSTOR_RESOURCE_GROUP="ONE"), SYSTEM))

    lines = around.lines()

    assert around.asked == ["localhost", *NODES]
    assert _of(lines, "linstor.answers") == [("localhost", Status.OK)]


def test_each_linstor_is_asked() -> None:
    """One that is down leaves the other to be looked at."""
    around = Surroundings(stores=(store(), store(101, LINSTOR_CONTROLLERS="far:3370"), SYSTEM))

    lines = around.lines()

    assert _of(lines, "linstor.answers") == [("localhost", Status.OK), ("far:3370", Status.FAILED)]
    assert ("far:3370", Status.NOT_LOOKED_AT) in _of(lines, "linstor.nodes")
    assert ("one", Status.NOT_LOOKED_AT) in _of(lines, "group.pools")


def test_only_hosts_that_may_use_the_datastore_are_asked() -> None:
    """Those of its clusters which an administrator has not taken offline; also without a replica there."""
    others = (OneHost("far", cluster=7), OneHost("off", state=8))
    around = Surroundings(hosts=(*(OneHost(each) for each in NODES), *others))

    lines = around.lines()

    assert around.asked[1:] == [*NODES]
    assert _of(lines, "linstor.host-nodes") == [("localhost", Status.OK)]


def test_a_datastore_in_no_cluster_is_for_all_hosts() -> None:
    """As oned has it before clusters are set."""
    around = Surroundings(stores=(store(clusters=()), SYSTEM), hosts=(OneHost("alpha", cluster=3),))

    around.lines()

    assert "alpha" in around.asked


def test_storage_nodes_that_oned_does_not_know_are_reached_over_ssh() -> None:
    """Images are written there; nodes whose pools no datastore uses are none of our business."""
    foreign = Group("foreign", pools=("other",))
    known = linstor(
        "alpha", "beta", "store-1", groups=(Group("one", pools=("data",), nodes=("alpha", "store-1")), foreign)
    )
    around = Surroundings(hosts=(OneHost("alpha"),), linstors={"localhost": known})

    lines = around.lines()

    assert around.asked[1:] == ["alpha", "store-1"]
    assert ("store-1", Status.OK) in _of(lines, "host.libvirt")


def test_the_node_of_a_host_may_have_another_name() -> None:
    """LINSTOR_NODE_MAP says which; the short form of a host's name needs no such thing."""
    hosts_ = (OneHost("kvm1"), OneHost("beta.example.org"))
    around = Surroundings(stores=(store(LINSTOR_NODE_MAP="kvm1:alpha"), SYSTEM), hosts=hosts_)

    lines = around.lines()

    assert around.asked[1:] == ["kvm1", "beta.example.org", "gamma"]
    assert _of(lines, "linstor.host-nodes") == [("localhost", Status.OK)]


def test_hosts_are_looked_at_where_the_system_datastores_are() -> None:
    """The directory above BASE_PATH."""
    around = Surroundings()

    around.lines()

    assert around.locations == {"/var/lib/one/datastores"}


def test_without_oned_everything_else_says_that_it_was_not_looked_at() -> None:
    """Every check has a line, and each says which line tells why."""
    lines = Surroundings(oned=False).lines()

    silent = {each.check: each.found for each in lines if each.status is Status.NOT_LOOKED_AT}
    wanted = (*datastores.CHECKS, *cluster.CHECKS, *groups.CHECKS, *hosts.CHECKS)
    assert {each.name for each in wanted} <= set(silent)
    assert silent["host.udev"] == "see oned.answers"
    assert silent["oned-conf.tm-mad"] == "see front-end.found"


def test_a_datastore_that_makes_no_sense_hides_its_linstor_and_no_other() -> None:
    """The lines of LINSTOR say for whom they could not be had."""
    around = Surroundings(stores=(store(LINSTOR_TIMEOUT="soon"), store(101, LINSTOR_CA_FILE="/ca"), store(102), SYSTEM))

    lines = around.lines()

    told = {each.subject: each.found for each in lines if each.check == "linstor.nodes"}
    assert told == {
        "of datastore 100 (images)": "see datastore.attributes",
        "of datastore 101 (images)": "see datastore.access",
        "localhost": "",
    }
