"""How input is spoilt: words, bytes, JSON and XML that are nearly what was recorded, and not quite."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from lxml import etree

LONG = 1024 * 1024
CANARY = "canary"
"""The file that text makes where a shell carries it out."""
CARRIED_OUT = (
    f"$(:>{CANARY})",
    f"`:>{CANARY}`",
    f";:>{CANARY};",
    f"\n:>{CANARY}\n",
    f"|:>{CANARY}",
    f"&:>{CANARY}&",
    f"&{CANARY}&",
    f"$({CANARY})",
    f"';:>{CANARY};'",
    f'";:>{CANARY};"',
    f"\\';:>{CANARY};\\'",
    f"$'\\n:>{CANARY}\\n'",
    f"<(:>{CANARY})",
    f">{CANARY}",
    f"a[$(:>{CANARY})]",
    "${IFS}x",
    "-oProxyCommand=x",
    "--",
    "~root",
    "*",
    "{a,b}",
    "!!",
    "#",
)
_ODD = (
    "",
    " ",
    "\t",
    "\0",
    "\x1b[2J",
    "\x7f",
    "\x85",
    "\u2028",
    "\u202e",
    "\u200f",
    "\udcff",
    "\ud800",
    "\ufffe",
    "é",
    "\U0001f480",
    "٣",
    "²",
    "../..",
    "/",
    "//",
    ":",
    "%00",
    "%s",
    "{}",
    "<",
    "&amp;",
    "]]>",
    "-1",
    "-0",
    "1e400",
    "1e18",
    "nan",
    "inf",
    "0x10",
    "1_0",
    "9" * 19,
    "9" * 5000,
    "A" * 3000,
)
_LONG = ("A" * LONG, "9" * LONG, "\n" * LONG)

pieces = st.sampled_from(CARRIED_OUT) | st.sampled_from(_ODD) | st.text(max_size=8)
long_texts = st.sampled_from(_LONG)


@st.composite
def words(draw: st.DrawFn, word: str) -> str:
    """*word* with something in it, without something of it, or another word."""
    at, to = sorted((draw(st.integers(0, len(word))), draw(st.integers(0, len(word)))))
    piece = draw(pieces | st.sampled_from(_LONG[:1])) if draw(st.integers(0, 60)) == 0 else draw(pieces)
    return draw(st.sampled_from((piece, word[:at] + piece + word[at:], word[:at] + piece + word[to:], word[:at])))


def argument(text: str) -> str:
    """What of *text* an argument or a variable can hold: no NUL, and only the surrogates that stand for bytes."""
    return re.sub("[\0\ud800-\udc7f\udd00-\udfff]", "", text)


@st.composite
def data(draw: st.DrawFn, given: bytes) -> bytes:
    """*given* with other bytes in some places, a part twice, or cut."""
    for _ in range(draw(st.integers(1, 4))):
        at, to = sorted((draw(st.integers(0, len(given))), draw(st.integers(0, len(given)))))
        piece = draw(st.binary(max_size=8)) if draw(st.booleans()) else given[at:to]
        given = draw(st.sampled_from((given[:at] + piece + given[at:], given[:at] + piece + given[to:], given[:to])))
    return given


# -- JSON ----------------------------------------------------------------------------------------

_WRONG = (None, True, False, 0, -1, 1.5, 2**31, 2**63, -(2**64), 10**400, float("nan"), float("inf"), [], {}, [[]])
wrong_values = (
    st.sampled_from(_WRONG)
    | pieces
    | long_texts
    | st.sampled_from([[{}], [None], ["x"], {"": {}}, [[{"ret_code": -1}]], {"a": 1}])
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from _places(each, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


@st.composite
def json_values(draw: st.DrawFn, given: Any) -> Any:
    """*given* with other values in one to three places, members that are gone, lists that are longer or shorter."""
    changed = {"": copy.deepcopy(given)}
    for _ in range(draw(st.integers(1, 3))):
        path = ("", *draw(st.sampled_from(list(_places(changed[""])))))
        parent, key = _at(changed, path[:-1]), path[-1]
        how = draw(st.sampled_from(("value", "value", "gone", "twice", "word")))
        if how == "gone" and len(path) > 1:
            del parent[key]
        elif how == "twice" and isinstance(parent[key], list):
            parent[key] = parent[key] * 2
        elif how == "word" and isinstance(parent[key], str):
            parent[key] = draw(words(parent[key]))
        else:
            parent[key] = draw(wrong_values)
    return changed[""]


# -- XML -----------------------------------------------------------------------------------------

XML_SPACE = "{http://www.w3.org/2001/XInclude}include"


def _allowed(text: str) -> str:
    """What of *text* an XML document can hold."""
    return "".join(
        each for each in text if each in "\t\n\r" or 0x20 <= ord(each) < 0xD800 or 0xE000 <= ord(each) < 0xFFFE
    )


@st.composite
def documents(draw: st.DrawFn, given: bytes) -> bytes:
    """*given*, well-formed, with other texts, elements that are gone, twice, elsewhere or called otherwise."""
    root = etree.fromstring(given)
    for _ in range(draw(st.integers(1, 4))):
        _change(draw, draw(st.sampled_from(list(root.iter("*")))), root)
    return etree.tostring(root)


def _change(draw: st.DrawFn, one: etree._Element, root: etree._Element) -> None:
    how = draw(st.sampled_from(("text", "text", "text", "gone", "twice", "name", "child", "attribute", "long")))
    parent = one.getparent()
    if how == "text":
        one.text = _allowed(draw(words(one.text or "")))
    elif how == "long":
        one.text = draw(long_texts)
    elif how == "name":
        one.tag = draw(st.sampled_from([each.tag for each in root.iter("*")] + [XML_SPACE]))
    elif how == "child":
        etree.SubElement(one, draw(st.sampled_from(("ID", "DISK", "x")))).text = "7"
    elif how == "attribute":
        one.set("href", _allowed(draw(pieces)))
    elif parent is not None and how == "gone":
        parent.remove(one)
    elif parent is not None:
        parent.append(copy.deepcopy(one))
