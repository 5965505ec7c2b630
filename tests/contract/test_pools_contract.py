"""What every implementation of the Pools port promises: the fake, and the real one against the sandbox's oned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from adapters.memory.oned import MemoryOned
from adapters.memory.pools import MemoryPools
from adapters.opennebula import pools
from adapters.opennebula.xml import parse_image_pool, parse_vm
from domain.errors import OnedRefused, OnedUnreachable, PartialView
from domain.names import HostName
from domain.opennebula import Datastore, DiskSnapshot, Vm
from domain.pools import Pools
from entrypoints.sandbox.documents import Record, VmDocument, datastore, host, image
from entrypoints.sandbox.oned import SimulatedOned

DONE = 6


class World(Protocol):
    """An implementation, and what oned knows."""

    pools: Pools

    def know(self, document: VmDocument, state: int = 3) -> None:
        """Know a VM."""

    def know_image(self, identity: int, source: str, state: int = 1) -> None:
        """Know an image of datastore 100, with snapshot 3."""

    def know_others(self) -> None:
        """Know datastore 100 and host-a."""

    def shrink_view(self) -> None:
        """The user is an ordinary one."""

    def down(self) -> None:
        """Answer no more."""


class Memory:
    """The fake."""

    def __init__(self, _: Path) -> None:
        self._oned = MemoryOned()
        self.pools = MemoryPools(self._oned)

    def know(self, document: VmDocument, state: int = 3) -> None:
        """See the protocol."""
        self._oned.put(parse_vm(_xml(document, state)))

    def know_image(self, identity: int, source: str, state: int = 1) -> None:
        """See the protocol."""
        [image] = parse_image_pool(f"<IMAGE_POOL>{_image(identity, source, state)}</IMAGE_POOL>".encode())
        self.pools.image_list[identity] = image

    def know_others(self) -> None:
        """See the protocol."""
        self._oned.put(Datastore(100, name="images", ds_mad="linstor"))
        self.pools.host_list.append(HostName("host-a"))

    def shrink_view(self) -> None:
        """See the protocol."""
        self.pools.whole = False

    def down(self) -> None:
        """See the protocol."""
        self._oned.down = True


class Real:
    """The adapter, over HTTP."""

    def __init__(self, directory: Path) -> None:
        self.oned = SimulatedOned()
        (directory / "auth").write_text(self.oned.session)
        self.pools = pools.XmlRpcPools({"ONE_XMLRPC": self.oned.url, "ONE_AUTH": str(directory / "auth")})
        self.down = self.oned.close

    def know(self, document: VmDocument, state: int = 3) -> None:
        """See the protocol."""
        self.oned.put("vm", document.identity, _xml(document, state).decode())

    def know_image(self, identity: int, source: str, state: int = 1) -> None:
        """See the protocol."""
        self.oned.put("image", identity, _image(identity, source, state))

    def know_others(self) -> None:
        """See the protocol."""
        self.oned.put("datastore", 100, datastore(100, "images", ("linstor", "linstor"), {}, kind=0, base="/ds"))
        self.oned.put("host", 0, host(0, "host-a"))

    def shrink_view(self) -> None:
        """See the protocol."""
        self.oned.groups = [100, 101]


def _image(identity: int, source: str, state: int) -> str:
    values = {"SOURCE": source, "STATE": state, "DATASTORE_ID": 100, "PERSISTENT": 1, "REGTIME": 1795394013}
    plain = image(identity, f"image {identity}", 64, values)
    return plain.replace("</IMAGE>", "<SNAPSHOTS><SNAPSHOT><ID>3</ID></SNAPSHOT></SNAPSHOTS></IMAGE>")


def _xml(document: VmDocument, state: int) -> bytes:
    return document.xml().replace("<STATE>3</STATE>", f"<STATE>{state}</STATE>").encode()


def _plain(identity: int) -> VmDocument:
    return VmDocument(identity, [Record("host-a", 104, "linstor")])


@pytest.fixture(params=[Memory, Real])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = request.param(tmp_path)
    yield made
    made.down()


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Real]:
    """The adapter with pages of three, of which two are new."""
    monkeypatch.setattr(pools, "PAGE", 3)
    monkeypatch.setattr(pools, "OVERLAP", 1)
    made = Real(tmp_path)
    yield made
    made.down()


def test_images_are_listed_in_every_state_with_what_the_rules_need(world: World) -> None:
    """Also one that is being made and has no source yet: its volume belongs to it."""
    world.know_image(4, "OpenNebula-Image-4")
    world.know_image(5, "", state=4)
    found = {each.image_id: each for each in world.pools.images()}
    assert (found[4].source, found[4].datastore_id, found[4].snapshots) == ("OpenNebula-Image-4", 100, (3,))
    assert (found[4].name, found[4].persistent, found[4].registered) == ("image 4", True, 1795394013)
    assert (found[5].source, found[5].state) == ("", 4)


def test_datastores_and_hosts_are_listed(world: World) -> None:
    """By what the rules call them."""
    world.know_others()
    assert [(each.datastore_id, each.name) for each in world.pools.datastores()] == [(100, "images")]
    assert list(world.pools.hosts()) == ["host-a"]


def test_secrets_in_a_list_are_those_that_orders_get(real: Real) -> None:
    """Oned hides encrypted attributes in its lists, and shows them to administrators who ask for one datastore."""
    template = {"LINSTOR_TOKEN": "geheim"}
    real.oned.put("datastore", 101, datastore(101, "own", ("linstor", "linstor"), template, kind=0, base="/ds"))
    real.oned.encrypted.add("LINSTOR_TOKEN")

    assert [each.attributes["LINSTOR_TOKEN"] for each in real.pools.datastores()] == ["geheim"]


def test_a_user_from_whom_oned_hides_something_is_refused(world: World) -> None:
    """What others own would look as if nobody did."""
    world.pools.require_whole()
    world.shrink_view()
    with pytest.raises(PartialView, match="oneadmin"):
        world.pools.require_whole()


def test_a_user_of_the_group_oneadmin_sees_everything(real: Real) -> None:
    """Also where that is not the first of the groups."""
    real.oned.groups = [100, 0]
    real.pools.require_whole()


@pytest.mark.parametrize("call", ["images", "datastores", "hosts", "require_whole"])
def test_no_list_is_empty_because_oned_is_down(world: World, call: str) -> None:
    """Every question fails."""
    world.down()
    with pytest.raises(OnedUnreachable):
        list(getattr(world.pools, call)())


@pytest.mark.parametrize("call", ["images", "datastores", "hosts", "require_whole"])
@pytest.mark.parametrize("answer", ["no XML", "<VM/>", "<USER/>", "<IMAGE_POOL><IMAGE/></IMAGE_POOL>"])
def test_an_answer_that_is_no_list_is_no_empty_list(real: Real, call: str, answer: str) -> None:
    """It is an error of oned."""
    real.oned.faults.append([True, answer, 0, 0])
    with pytest.raises(OnedUnreachable, match=r"one\.\w+\.info"):
        list(getattr(real.pools, call)())


@pytest.mark.parametrize(("count", "requests"), [(2, 1), (3, 2), (9, 5)])
def test_a_long_list_of_images_is_read_in_pages(real: Real, count: int, requests: int) -> None:
    """Each image once."""
    for identity in range(count):
        real.know_image(identity, "")
    assert sorted(each.image_id for each in real.pools.images()) == list(range(count))
    assert len(real.oned.requests) == requests


def _ids(found: Iterator[Vm]) -> list[int]:
    return sorted(each.vm_id for each in found)


def test_an_empty_list_is_empty(world: World) -> None:
    """And no error."""
    assert list(world.pools.vms()) == []


def test_vms_that_are_done_are_not_listed(world: World) -> None:
    """Their disks are gone; every other state has disks."""
    for identity, state in ((1, 3), (2, DONE), (3, 8), (4, 1)):
        world.know(_plain(identity), state)
    assert _ids(world.pools.vms()) == [1, 3, 4]


def test_a_vm_in_the_list_has_its_disks_snapshots_and_current_history_record(world: World) -> None:
    """The older records are not in oned's lists."""
    disks: dict[int, dict[str, object]] = {0: {"IMAGE_ID": 4, "SOURCE": "OpenNebula-Image-4", "TM_MAD": "linstor"}}
    records = [Record("host-a", 104, "linstor"), Record("host-b", 105, "linstor")]
    world.know(VmDocument(7, records, disks, snapshots={0: {2: 1700000000}}))
    [found] = world.pools.vms()
    assert found.disks[0].source == "OpenNebula-Image-4"
    assert found.snapshots == (DiskSnapshot(0, 2, 1700000000),)
    assert [(each.seq, each.host, each.datastore_id) for each in found.history] == [(1, "host-b", 105)]


def test_oned_that_does_not_answer_is_unreachable(world: World) -> None:
    """The error is the one that rules expect."""
    world.down()
    with pytest.raises(OnedUnreachable):
        list(world.pools.vms())


@pytest.mark.parametrize(("count", "requests"), [(2, 1), (3, 2), (4, 2), (5, 3), (9, 5)])
def test_a_long_list_is_read_in_pages_and_each_vm_is_in_it_once(real: Real, count: int, requests: int) -> None:
    """Whether the last page is full or not."""
    for identity in range(count):
        real.know(_plain(identity))
    assert _ids(real.pools.vms()) == list(range(count))
    assert len(real.oned.requests) == requests


def _during(real: Real, change: Callable[[], None]) -> list[int]:
    """The ids of a list during which *change* happens after the first page."""
    found = real.pools.vms()
    first = next(found)
    change()
    return _ids(iter([first, *found]))


def test_a_vm_that_begins_while_the_list_is_read_hides_none(real: Real) -> None:
    """It moves the rest towards the end, and nobody is told twice."""
    for identity in range(8):
        real.know(_plain(identity))
    assert _during(real, lambda: real.know(_plain(8))) == list(range(8))


@pytest.mark.parametrize("count", [4, 8])
def test_vms_that_end_while_the_list_is_read_cannot_hide_others(real: Real, count: int) -> None:
    """A list with a hole would be taken for the truth, so it is an error; also where the rest has become short."""
    for identity in range(count):
        real.know(_plain(identity))

    def end() -> None:
        real.oned.forget("vm", count - 1)
        real.oned.forget("vm", count - 2)

    with pytest.raises(OnedUnreachable, match="changed"):
        _during(real, end)


def test_a_refusal_is_told_as_such(real: Real) -> None:
    """A session that oned does not take is not an empty list."""
    real.oned.faults.append([False, "User couldn't be authenticated, aborting call.", 0x0100, -1])
    with pytest.raises(OnedRefused, match="authenticated"):
        list(real.pools.vms())


@pytest.mark.parametrize("answer", ["no XML", "<VM/>", "<VM_POOL><VM/></VM_POOL>"])
def test_a_list_that_oned_does_not_give_is_named(real: Real, answer: Any) -> None:
    """The error is one sentence that names the call."""
    real.oned.faults.append([True, answer, 0, 0])
    with pytest.raises(OnedUnreachable, match=r"one\.vmpool\.infoextended"):
        list(real.pools.vms())
