"""What the doctor says to a person, to a program, and as a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lxml import etree, html
from tests.chromium import colours, needs_chromium

from entrypoints.onelinstor.doctor.checks import Line, Status, exit_code
from entrypoints.onelinstor.doctor.command import main
from entrypoints.onelinstor.doctor.page import KINDS, page, worst
from entrypoints.onelinstor.doctor.page_style import SHAPES
from entrypoints.onelinstor.doctor.telling import TITLES, as_json, as_text

NASTY = '<script>alert("x")</script> & Co'
COLOURS = {"light": {"ground": "f4f6f8", "bad": "b91c1c"}, "dark": {"ground": "0f1519", "bad": "f47272"}}


def _line(check: str, subject: str, status: Status = Status.OK, found: str = "", advice: str = "") -> Line:
    return Line(check, subject, status, f"what {check} looks at", found, advice)


GOOD = [_line("front-end.version", "front-end"), *(_line("host.udev", f"host-{each}") for each in "abcde")]
WARNED = _line("host.udev", "host-f", Status.WARNING, "no link", "udevadm trigger")
FAILED = _line("datastore.staging", NASTY, Status.FAILED, "/x is no directory", "make it")
SKIPPED = [_line(f"host.{each}", "host-g", Status.NOT_LOOKED_AT, "see host.ssh") for each in ("udev", "location")]
ALL = [*GOOD, WARNED, FAILED, *SKIPPED]


@pytest.mark.parametrize(
    ("lines", "code"), [(GOOD, 0), ([*GOOD, WARNED], 1), ([WARNED, FAILED], 2), ([*GOOD, *SKIPPED], 0), ([], 0)]
)
def test_the_exit_code_is_that_of_the_worst_line(lines: list[Line], code: int) -> None:
    """0 all well, 1 warnings, 2 failures."""
    assert exit_code(lines) == code


def test_a_person_reads_one_line_for_each_check_that_says_the_same() -> None:
    """Hosts that are well share a line; a problem names its subject, its cause and what to do."""
    told = as_text(ALL, colour=False).splitlines()

    assert sum("host.udev" in each for each in told) == 2
    assert any("host.udev" in each and "[host-a and 4 more]" in each for each in told)
    at = next(number for number, each in enumerate(told) if "[host-f]" in each)
    assert [each.strip() for each in told[at + 1 : at + 3]] == ["no link", "-> udevadm trigger"]
    assert any(each.split() == ["not", "looked", "at", "2", "checks", "[host-g]"] for each in told)
    assert told[-1] == "6 ok, 1 warning, 1 failed, 2 not looked at"


def test_only_problems_are_shown_where_that_is_asked_for() -> None:
    """The sum stays that of all lines."""
    told = as_text(ALL, colour=True, only_problems=True)

    assert "what host.udev looks at [host-f]" in told
    assert "front-end.version" not in told
    assert "\x1b[1;31mfailed" in told


def test_programs_get_every_line_with_all_that_is_known() -> None:
    """The members of the object and of its lines; nothing is folded."""
    told = json.loads(as_json(ALL))

    assert told["format"] == 1
    assert told["exit_code"] == 2
    assert told["summary"] == {"ok": 6, "warning": 1, "failed": 1, "not looked at": 2}
    assert len(told["lines"]) == len(ALL)
    members = {"area", "check", "subject", "status", "looks_at", "found", "advice"}
    assert all(
        set(each) == members and all(isinstance(value, str) for value in each.values()) for each in told["lines"]
    )
    assert told["lines"][6] == {
        "area": "host",
        "check": "host.udev",
        "subject": "host-f",
        "status": "warning",
        "looks_at": "what host.udev looks at",
        "found": "no link",
        "advice": "udevadm trigger",
    }


def test_the_page_is_well_formed_and_asks_nobody_for_anything() -> None:
    """No address, script, font or picture from elsewhere, and names are text whatever is in them."""
    text = page(ALL, "today")
    root = html.document_fromstring(text)
    assert not root.xpath("//script | //link | //img | //iframe | //@src | //@onclick")
    assert not re.search(r"https?://|url\(|@import", text)
    assert all(each.startswith("#") for each in root.xpath("//@href"))
    assert all(root.xpath(f"//*[@id='{each[1:]}']") for each in root.xpath("//@href"))
    assert NASTY in root.xpath("string(//main)")
    for drawing in SHAPES.values():
        etree.fromstring(f"<svg>{drawing}</svg>")


def test_the_page_shows_problems_first_and_the_worst_before_the_others() -> None:
    """Each with its place, its id and what to do; below it the whole table."""
    root = html.document_fromstring(page(ALL, "today"))
    told = [each.text_content() for each in root.xpath("//section")]
    assert [each.startswith(start) for each, start in zip(told, ("/x is no directory", "no link"), strict=True)] == [
        True
    ] * 2
    assert "Hosts · host-f · host.udev" in told[1]
    assert "udevadm trigger" in told[1]
    assert root.xpath("string(//h1)") == "Something is broken"
    assert len(root.xpath("//div[starts-with(@class, 'row ')]")) == 5
    assert len(root.xpath("//nav/a")) == 3


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (GOOD, "Everything is well"),
        ([*GOOD, WARNED], "It works, with reservations"),
        (SKIPPED, "Nothing could be looked at"),
    ],
)
def test_the_page_says_how_it_is_in_one_sentence(lines: list[Line], says: str) -> None:
    """And has a drawing for it."""
    root = html.document_fromstring(page(lines, "today"))
    assert root.xpath("string(//h1)") == says
    assert KINDS[worst(lines)] in SHAPES


def test_every_area_has_a_title() -> None:
    """Else its lines would be shown nowhere."""
    from entrypoints.onelinstor.doctor import datastores, front_end, groups, hosts, linstor, oned_conf

    every = (front_end, oned_conf, datastores, linstor, groups, hosts)
    names = [each.name for module in every for each in module.CHECKS] + [each.name for each in datastores.ONED_CHECKS]
    assert {each.partition(".")[0] for each in names} == set(TITLES)
    assert len(names) == len(set(names))


def test_the_command_fails_in_words_where_there_is_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """No front-end, no oned: two failed lines, exit code 2, and a page all the same."""
    for name in ("ONE_LOCATION", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("ONE_XMLRPC", "http://127.0.0.1:1/RPC2")
    monkeypatch.setenv("ONE_AUTH", str(tmp_path / "none"))

    code = main(["--json", "--html", str(tmp_path / "page.html")])

    told = json.loads(capsys.readouterr().out)
    assert code == told["exit_code"] == 2
    assert [each["check"] for each in told["lines"] if each["status"] == "failed"] == [
        "front-end.found",
        "oned.answers",
    ]
    assert "Something is broken" in (tmp_path / "page.html").read_text()


@needs_chromium
@pytest.mark.parametrize("scheme", COLOURS)
def test_a_browser_draws_the_page_in_light_and_in_dark(tmp_path: Path, scheme: str) -> None:
    """In headless Chromium the ground and the sign of what failed have the colours of that scheme."""
    drawn = colours(page(ALL, "today"), tmp_path, (900, 900), dark=scheme == "dark")
    for name, wanted in COLOURS[scheme].items():
        assert drawn.get(wanted, 0) > 100, name
