"""The tables and the page of `onelinstor report`: everything is in them, and the page stands alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree, html
from tests.chromium import colours, needs_chromium

from domain.inventory import Holding
from domain.names import GroupName, HostName, VolumeName
from domain.opennebula import Datastore
from domain.overview import Overview, Row, Section, Space
from domain.volumes import Capacity, Definition, Deployment, DiskState, Role
from entrypoints.onelinstor.report_page import LEGEND, page, shape
from entrypoints.onelinstor.report_style import SHAPES

GIB = 1024 * 1024
HOSTS = tuple(HostName(each) for each in ("host-a", "host-b", "host-c"))
NASTY = '<script>alert("x")</script> & Co'


def _at(host: str, role: Role = Role.REPLICA, state: DiskState = DiskState.UP_TO_DATE, **more: object) -> Deployment:
    return Deployment(VolumeName("v"), HostName(host), role, state=state, **{"in_use": False, **more})


def _row(*deployments: Deployment, label: str = "disk 0") -> Row:
    return Row(label, Holding(Definition(VolumeName("OpenNebula-Image-4"), GIB, GroupName("one")), deployments), 100)


def _overview(*rows: Row, title: str = "VM 7 web") -> Overview:
    spaces = (
        Space(Datastore(100, NASTY), "one", Capacity(100 * GIB, 8 * GIB, GIB), "", ((title, GIB),) * 9),
        Space(Datastore(104, "system"), "gone", None, "LINSTOR has no resource group 'gone'", ()),
    )
    return Overview(HOSTS, spaces, (Section(title, rows, "host-a"),))


HEALTHY = _row(_at("host-a", in_use=True), _at("host-b"), _at("host-c", Role.WITNESS, DiskState.DISKLESS))
BEHIND = _row(_at("host-a", in_use=True), _at("host-b", state=DiskState.BEHIND), label=NASTY)


@pytest.mark.parametrize(
    ("here", "drawn"),
    [
        (_at("host-a"), "replica"),
        (_at("host-a", in_use=True), "replica-open"),
        (_at("host-a", state=DiskState.BEHIND), "behind"),
        (_at("host-a", connected=False), "behind"),
        (_at("host-a", state=DiskState.FAILED), "failed"),
        (_at("host-a", state=DiskState.DISKLESS), "failed"),
        (_at("host-a", reachable=False, in_use=None), "unknown"),
        (_at("host-a", state=DiskState.UNKNOWN), "unknown"),
        (_at("host-a", Role.ATTACHMENT, DiskState.DISKLESS), "attachment"),
        (_at("host-a", Role.ATTACHMENT, DiskState.DISKLESS, in_use=True), "attachment-open"),
        (_at("host-a", Role.WITNESS, DiskState.DISKLESS), "witness"),
    ],
)
def test_every_state_has_a_drawing_of_its_own(here: Deployment, drawn: str) -> None:
    """A replica that lost its disk is failed, one that is cut off is behind."""
    assert shape(here) == drawn
    assert drawn in SHAPES
    assert drawn in LEGEND


def test_the_page_is_well_formed_and_asks_nobody_for_anything() -> None:
    """No address, script, font or picture from elsewhere, and names are text whatever is in them."""
    text = page(_overview(HEALTHY, BEHIND), "today")
    root = html.document_fromstring(text)
    assert not root.xpath("//script | //link | //img | //iframe | //@src | //@onclick")
    assert not re.search(r"https?://|url\(|@import", text)
    assert all(each.startswith("#") for each in root.xpath("//@href"))
    assert NASTY in root.xpath("string(//main)")
    for drawing in SHAPES.values():
        etree.fromstring(f"<svg>{drawing}</svg>")


def test_the_page_shows_each_volume_on_each_host() -> None:
    """Hosts are columns; the host of the VM is marked, and what is not in sync is counted."""
    root = html.document_fromstring(page(_overview(HEALTHY, BEHIND), "today"))
    rows = root.xpath("//div[@class='matrix']//tbody/tr[not(@class)]")
    seen = [[cell.xpath("string(.//use/@href)") for cell in row.xpath("td[contains(@class, 'host')]")] for row in rows]
    assert seen == [["#replica-open", "#replica", "#witness"], ["#replica-open", "#behind", ""]]
    assert [len(row.xpath("td[@class='host home']")) for row in rows] == [1, 1]
    assert [row.xpath("string(.//span[contains(@class, 'chip')])") for row in rows] == ["in sync", "1 of 2 in sync"]
    assert root.xpath("string(//div[@class='tile bad'])") == "1not in sync"


def test_the_page_shows_space_and_who_has_it() -> None:
    """A datastore that LINSTOR cannot tell of says why; long lists are summed up."""
    root = html.document_fromstring(page(_overview(HEALTHY), "today"))
    first, second = root.xpath("//section[@class='card']")
    assert "8 GiB free of 100 GiB, 92% used" in first.text_content()
    assert "3 more" in first.text_content()
    assert "LINSTOR has no resource group 'gone'" in second.xpath("string(p[@class='problem'])")


def test_a_cloud_without_volumes_has_a_page() -> None:
    """It says so."""
    assert "There are no volumes" in page(Overview((), (), ()), "today")


@needs_chromium
def test_a_browser_draws_the_page(tmp_path: Path) -> None:
    """In headless Chromium the shapes have their colours: green disks, amber and red where something is wrong."""
    failed = _row(_at("host-a", in_use=True), _at("host-b", state=DiskState.FAILED))
    drawn = colours(page(_overview(HEALTHY, BEHIND, failed), "today"), tmp_path, (1000, 1000))
    for wanted in ("0b7a75", "b45309", "b91c1c"):
        assert drawn.get(wanted, 0) > 100, wanted
