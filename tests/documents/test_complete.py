"""The pages have everything that a person would look up in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from tests.documents.blocks import ROOT

from domain import errors
from domain.errors import DriverError

DOCS = ROOT / "docs"
SRC = ROOT / "src"
TROUBLE = (DOCS / "trouble.md").read_text(encoding="utf-8")
CONFIGURATION = (DOCS / "configuration.md").read_text(encoding="utf-8")

EXAMPLES: dict[type[DriverError], DriverError] = {
    errors.BadName: errors.BadName("NAME", "WANTED"),
    errors.UnknownGroup: errors.UnknownGroup("GROUP"),
    errors.ControllerUnreachable: errors.ControllerUnreachable(["CONTROLLERS"], "REASON"),
    errors.ControllerFailed: errors.ControllerFailed("DOING", "SAID"),
    errors.DeviceHeldOpen: errors.DeviceHeldOpen("DOING", "SAID"),
    errors.UnknownHostNode: errors.UnknownHostNode("HOST"),
    errors.HostError: errors.HostError("HOST", "DETAIL"),
    errors.HostUnreachable: errors.HostUnreachable("HOST", "DETAIL"),
    errors.HostCommandFailed: errors.HostCommandFailed("HOST", "DOING", "SAID"),
    errors.GuestNotFrozen: errors.GuestNotFrozen("HOST", "GUEST"),
    errors.OnedRefused: errors.OnedRefused("CALL", "SAID"),
    errors.ScriptFailed: errors.ScriptFailed("SCRIPT", "SAID"),
    errors.Expired: errors.Expired("WHAT", 7),
}
"""What each looks like, with a name in capitals for what is different each time."""

BY_MESSAGE = {"BadConfiguration", "SourceRefused", "SourceUnreadable", "ExportFailed"}
"""Errors whose sentence is written where they are raised."""

ELSEWHERE = {
    errors.BadOrder: "wants format",
    errors.ClusterError: "",
    errors.OnedError: "",
    errors.SourceError: "",
    errors.AccessDenied: "the controller wants other credentials",
    errors.OnedUnreachable: "oned answers nothing over XML-RPC",
    errors.PartialView: "the user of the session is not in the group oneadmin, so oned's lists are not complete",
    errors.SeveralFailed: "More than one sentence",
}
"""Roots that are never raised themselves, and those whose entry has words of its own."""


def _below(kind: type[DriverError]) -> Iterator[type[DriverError]]:
    for each in kind.__subclasses__():
        if each.__module__ == "domain.errors":
            yield each
            yield from _below(each)


@pytest.mark.parametrize(
    "kind", sorted(_below(DriverError), key=lambda each: each.__name__), ids=lambda each: each.__name__
)
def test_every_error_has_an_entry(kind: type[DriverError]) -> None:
    """Whoever looks for the sentence that oned shows finds it."""
    if kind in ELSEWHERE:
        assert ELSEWHERE[kind] in TROUBLE
    elif issubclass(kind, errors.VolumeError):
        assert f"`{kind('VOLUME').tell().replace('volume VOLUME: the order', 'the order')}`" in TROUBLE
    elif kind.__name__ not in BY_MESSAGE:
        told = EXAMPLES[kind].tell().replace("within 7 seconds", "within SECONDS seconds")
        assert f"`{told}`" in TROUBLE


def _constant_parts(node: ast.expr) -> list[str]:
    """What is the same in each message that *node* makes."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        return [str(each.value) for each in node.values if isinstance(each, ast.Constant)]
    return []


def _messages() -> Iterator[tuple[str, list[str]]]:
    for path in sorted(
        [*SRC.glob("domain/*.py"), *SRC.glob("adapters/linstor/*.py"), *SRC.glob("adapters/opennebula/*.py")]
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in BY_MESSAGE
                and node.args
            ):
                yield f"{path.name}:{node.lineno}", _constant_parts(node.args[0])


@pytest.mark.parametrize(("place", "parts"), list(_messages()), ids=lambda each: each if isinstance(each, str) else "")
def test_every_message_about_sources_and_settings_has_an_entry(place: str, parts: list[str]) -> None:
    """All words of it that are always the same stand in one line of the page."""
    longest = max(parts, key=len)

    assert len(longest) > 8
    assert any(all(part.strip() in line for part in parts) for line in TROUBLE.splitlines())


def _attributes() -> set[str]:
    """Every attribute and variable with a name of ours that the driver reads anywhere."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (SRC / "domain").glob("*.py"))
    text += "\n".join(path.read_text(encoding="utf-8") for path in (SRC / "adapters").rglob("*.py"))
    own = set(
        re.findall(r"\"((?:LINSTOR_[A-Z_]+|LS_CONTROLLERS|BRIDGE_LIST|STAGING_DIR|SAFE_DIRS|RESTRICTED_DIRS))\"", text)
    )
    return own - {"LINSTOR_ORDER_ID"}


def test_every_attribute_is_in_the_reference() -> None:
    """Those of a datastore, those of old releases, and variables of the environment."""
    attributes = _attributes()

    assert {"LINSTOR_CONTROLLERS", "LINSTOR_AUTO_PLACE", "LINSTOR_ALLOW_INSECURE_AUTH", "LS_CONTROLLERS"} <= attributes
    assert {name for name in attributes if f"`{name}" not in CONFIGURATION} == set()


def test_the_reference_names_no_attribute_that_nobody_reads() -> None:
    """An attribute that went away goes away there."""
    named = set(re.findall(r"`((?:LINSTOR|LS)_[A-Z_]+)", CONFIGURATION))

    assert named - _attributes() == set()


def test_what_operators_are_told_is_held_by_a_test() -> None:
    """Every test and scenario that the page names is there."""
    page = (DOCS / "operations.md").read_text(encoding="utf-8").partition("## What stands behind")[2]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py"))
    features = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("features/*.feature"))
    scenarios = set(re.findall(r"Scenario(?: Outline)?: (.*)", features))
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)[1:]
    named = [name.strip() for row in rows if not row.startswith("--") for name in row.split(", ")]

    assert len(named) > 20
    assert [name for name in named if name[:1] == "`" and f"def {name.strip('`')}(" not in sources] == []
    assert [name for name in named if name[:1] != "`" and name not in scenarios] == []
