"""Whatever an oned.conf looks like, registering the driver changes its own values and nothing else."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrypoints.onelinstor.install.oned_conf import Attribute, parse
from entrypoints.onelinstor.install.registration import register
from entrypoints.onelinstor.install.undoing_edits import undone

WHATEVER_IT_TAKES = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that is busy with other tests makes no text wrong."""
BLANKS = st.text(" \t", max_size=3)
LETTERS = st.sampled_from("aZ09_ \t=,[]#$'/-.é")
COMMENTS = st.builds(lambda indent, words: f"{indent}#{words}\n", BLANKS, st.lists(LETTERS, max_size=10).map("".join))
NAMES = st.from_regex(r"[A-Za-z0-9_]{1,12}", fullmatch=True)
PIECES = st.lists(st.one_of(LETTERS, st.sampled_from(['\\"', "\n", "# "])), max_size=10)
QUOTED = PIECES.map(lambda pieces: '"' + "".join(pieces) + '"')
PLAIN = st.from_regex(r"[A-Za-z0-9_/.:-]{1,12}", fullmatch=True)
DRIVERS = st.lists(st.sampled_from(["ssh", "shared", "ceph", "linstor_un", "linstor", "qcow2"]), min_size=1, max_size=5)
GAPS = st.one_of(BLANKS, st.just("\n"), st.just("\n\t"), COMMENTS.map(lambda line: f" {line}"))


@st.composite
def pairs(draw: st.DrawFn, fixed: dict[str, str] | None = None) -> str:
    """`[ ... ]`, with the pairs *fixed* and others around them."""
    found = [(name, draw(st.one_of(QUOTED, PLAIN))) for name in draw(st.lists(NAMES, max_size=3))]
    taken = {*(fixed or {}), "NAME"}
    found = [each for each in found if each[0].upper() not in taken]
    for name, value in (fixed or {}).items():
        found.insert(draw(st.integers(0, len(found))), (name, f'"{value}"'))
    gap = lambda: draw(GAPS)  # noqa: E731
    case = lambda name: draw(st.sampled_from([name, name.lower()]))  # noqa: E731
    written = [f"{gap()}{case(name)}{draw(BLANKS)}={draw(BLANKS)}{value}{gap()}" for name, value in found]
    return f"[{','.join(written)}]" if written else "[ ]"


@st.composite
def arguments(draw: st.DrawFn, options: tuple[str, ...]) -> str:
    """Options in any order, each with or without a blank before its list."""
    gap = st.text(" ", min_size=1, max_size=3)
    words = [f"-{option}{draw(st.sampled_from(['', ' ', '  ']))}{','.join(draw(DRIVERS))}" for option in options]
    words.append("-t 15")
    return draw(gap).join(draw(st.permutations(words)))


@st.composite
def attributes(draw: st.DrawFn) -> str:
    """One attribute of the file, of oned's own or of nobody's."""
    name = draw(NAMES.filter(lambda each: "MAD" not in each.upper() and "INHERIT" not in each.upper()))
    value = draw(st.one_of(QUOTED, PLAIN, pairs(), st.just("")))
    return f"{draw(BLANKS)}{name}{draw(BLANKS)}={draw(BLANKS)}{value}\n"


@st.composite
def managers(draw: st.DrawFn) -> list[str]:
    """The two managers, and perhaps sections of the driver that somebody has written already."""
    transfer = {"EXECUTABLE": "one_tm", "ARGUMENTS": draw(arguments(("d",)))}
    datastore = {"EXECUTABLE": draw(st.sampled_from(["one_datastore", "/usr/lib/one/mads/one_datastore"]))}
    datastore["ARGUMENTS"] = draw(arguments(draw(st.sampled_from([("d",), ("d", "s")]))))
    found = [f"TM_MAD = {draw(pairs(transfer))}\n", f"DATASTORE_MAD = {draw(pairs(datastore))}\n"]
    for section in draw(st.lists(st.sampled_from(["TM_MAD_CONF", "DS_MAD_CONF"]), max_size=3)):
        named = {"NAME": draw(st.sampled_from(["linstor", "ceph"]))}
        found.append(f"{section} = {draw(pairs(named))}\n")
    return found


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A whole file."""
    others = draw(st.lists(st.one_of(attributes(), COMMENTS, st.just("\n")), max_size=8))
    parts = [*others, *draw(managers())]
    return "".join(draw(st.permutations(parts)))


def _others(found: list[Attribute]) -> list[object]:
    """What is not about the driver."""
    return [
        (each.name, each.value.text if each.value else None, [(name, value.text) for name, value in each.pairs])
        for each in found
        if each.name not in ("TM_MAD", "DATASTORE_MAD", "INHERIT_IMAGE_ATTR") and each.says("NAME") != "linstor"
    ]


@WHATEVER_IT_TAKES
@given(documents())
def test_everything_else_is_unchanged(text: str) -> None:
    """Every other attribute has its value, and every comment is there as often as before."""
    after = register(text, (7, 4)).text

    assert _others(parse(after)) == _others(parse(text))
    assert _comments(after) == _comments(text)


def _comments(text: str) -> list[str]:
    """What follows a `#` outside of quotes; no comment of these documents has a quote in it."""
    return re.findall(r"#[^\n]*", re.sub(r'"(?:\\"|[^"])*"', "", text))


@WHATEVER_IT_TAKES
@given(documents())
def test_only_pairs_are_added_to_what_is_there(text: str) -> None:
    """A pair of the managers and of the driver's sections keeps its place and, but for the lists, its value."""
    before, after = parse(text), parse(register(text, (7, 4)).text)

    for old in before:
        if old.pairs:
            kept = [_without_lists(each)[: len(old.pairs)] for each in after if each.name == old.name]
            assert _without_lists(old) in kept


def _without_lists(attribute: Attribute) -> list[tuple[str, str]]:
    return [(name, "" if name == "ARGUMENTS" else value.text) for name, value in attribute.pairs]


@WHATEVER_IT_TAKES
@given(documents())
def test_once_is_as_good_as_twice(text: str) -> None:
    """And the driver is then where oned looks for it."""
    once = register(text, (7, 4)).text

    assert register(once, (7, 4)).text == once
    found = parse(once)
    transfer, datastore = (
        next(each.says("ARGUMENTS") for each in found if each.name == name) for name in ("TM_MAD", "DATASTORE_MAD")
    )
    assert (transfer.replace("linstor_un", "").count("linstor") > 0, "linstor" in datastore) == (True, True)
    assert {each.name for each in found if each.says("NAME") == "linstor"} == {"TM_MAD_CONF", "DS_MAD_CONF"}


@WHATEVER_IT_TAKES
@given(documents())
def test_the_edit_can_be_taken_back(text: str) -> None:
    """Byte for byte, also after somebody has added a line at the end."""
    before, after = text.encode(), register(text, (7, 4)).text.encode()

    assert undone(before, after, after) == before
    assert undone(before, after, after + b"# mine\n") == before + b"# mine\n"
