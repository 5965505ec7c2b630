"""The editor of oned.conf changes what it is told to, and nothing else."""

from __future__ import annotations

import pytest
from tests.unit.install.trees import oned_conf, with_addon

from entrypoints.onelinstor.install.entries import Problem
from entrypoints.onelinstor.install.oned_conf import parse
from entrypoints.onelinstor.install.registration import register

VERSIONS = {"5.8.5": (5, 8, 5), "6.8.0": (6, 8, 0), "7.4.0": (7, 4, 0)}
MANAGERS = """TM_MAD = [ EXECUTABLE = "one_tm", ARGUMENTS = "{}" ]
DATASTORE_MAD = [ EXECUTABLE = "one_datastore", ARGUMENTS = "{}" ]
"""


def _arguments(text: str, name: str) -> str:
    return next(each.says("ARGUMENTS") for each in parse(text) if each.name == name)


def _edited(transfer: str = "-d ssh", datastore: str = "-d fs -s ssh") -> str:
    return register(MANAGERS.format(transfer, datastore), (7, 4)).text


def test_values_are_read_as_oned_reads_them() -> None:
    """Names in any case, quotes over several lines, escaped quotes, comments behind values, empty values."""
    found = parse('a = "x # y\n z" # no\nB=c/d\nE =\nf = [ g = "h\\"i", # j = k\n  L=m ]\n')

    assert [(each.name, each.value.text if each.value else None) for each in found] == [
        ("A", "x # y\n z"),
        ("B", "c/d"),
        ("E", ""),
        ("F", None),
    ]
    assert [(name, value.text) for name, value in found[3].pairs] == [("G", 'h"i'), ("L", "m")]


@pytest.mark.parametrize(
    ("text", "line"),
    [("A = 1\nB = [ C = ]", 2), ("A = [ B = 1\n C = 2 ]", 2), ("= 1", 1), ("A = [ B = 1", 1), ("A", 1)],
)
def test_what_oned_could_not_read_is_refused_with_the_line(text: str, line: int) -> None:
    """The administrator has to see to that first."""
    with pytest.raises(Problem, match=f"line {line}:"):
        parse(text)


@pytest.mark.parametrize("version", VERSIONS)
def test_only_the_lines_of_the_driver_change(version: str) -> None:
    """All other lines are there in their order, comments too."""
    before = oned_conf(version)

    after = register(before, VERSIONS[version]).text.splitlines()

    changed = [line for line in before.splitlines() if line not in after]
    assert [line.split("=")[0].strip() for line in changed] == ["ARGUMENTS", "ARGUMENTS"]
    rest = [line for line in before.splitlines() if line in after]
    at = iter(after)
    assert all(line in at for line in rest)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("-t 15 -d dummy,ssh", "-t 15 -d dummy,ssh,linstor"),
        ("-d dummy,ssh,", "-d dummy,ssh,linstor"),
        ("-d   dummy,ssh   -t 15", "-d   dummy,ssh,linstor   -t 15"),
        ("-ddummy", "-ddummy,linstor"),
        ("--tm-types=dummy", "--tm-types=dummy,linstor"),
        ("--tm-types dummy -w 5", "--tm-types dummy,linstor -w 5"),
        ("-d 'dummy, ssh'", "-d 'dummy, ssh,linstor'"),
        ("-d dummy -d ssh", "-d dummy -d ssh,linstor"),
        ("-d linstor_un", "-d linstor_un,linstor"),
        ("-d linstor,ssh", "-d linstor,ssh"),
        ("-t 15", "-t 15"),
        ("-t 15\n -d dummy,ssh", "-t 15\n -d dummy,ssh,linstor"),
    ],
)
def test_the_driver_comes_into_the_list(before: str, after: str) -> None:
    """However the list is written; without a list the manager takes every driver that there is."""
    assert _arguments(_edited(transfer=before), "TM_MAD") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("-d fs -s ssh", "-d fs,linstor -s ssh,linstor"),
        ("-s ssh -d fs", "-s ssh,linstor -d fs,linstor"),
        ("-d fs", "-d fs,linstor -s shared,ssh,ceph,linstor"),
        ("-d fs,linstor --system-ds-types ssh", "-d fs,linstor --system-ds-types ssh,linstor"),
        ("-t 5", "-t 5 -s shared,ssh,ceph,linstor"),
    ],
)
def test_both_lists_of_the_datastore_manager_name_it(before: str, after: str) -> None:
    """Where the list of system datastores is missing, oned's own default is written out first."""
    assert _arguments(_edited(datastore=before), "DATASTORE_MAD") == after


def test_a_section_that_is_switched_off_is_not_there() -> None:
    """A commented `TM_MAD_CONF` of the driver is left, and one that counts is added."""
    text = MANAGERS.format("-d ssh", "-d fs -s ssh") + '#TM_MAD_CONF = [ NAME = "linstor" ]\n'

    after = register(text, (7, 4)).text

    assert '#TM_MAD_CONF = [ NAME = "linstor" ]\n' in after
    assert [each.says("CLONE_TARGET") for each in parse(after) if each.name == "TM_MAD_CONF"] == ["SELF"]


@pytest.mark.parametrize(("version", "told"), [((6, 6, 0), ""), ((6, 8, 0), "BLOCK"), ((99,), "BLOCK")])
def test_disks_are_block_devices_where_oned_can_be_told(version: tuple[int, ...], told: str) -> None:
    """TM_MAD_CONF has DISK_TYPE since 6.8."""
    after = register(MANAGERS.format("-d ssh", "-d fs -s ssh"), version).text

    assert next(each for each in parse(after) if each.name == "TM_MAD_CONF").says("DISK_TYPE") == told


def test_what_the_addon_left_is_completed_and_kept() -> None:
    """Keys that are missing come in; DRIVER does not, for images of other formats that are there already."""
    before = with_addon(oned_conf("6.8.0"))

    result = register(before, (6, 8, 0))

    section = next(each for each in parse(result.text) if each.says("NAME") == "linstor")
    assert (section.says("DS_MIGRATE"), section.get("DRIVER")) == ("YES", None)
    assert result.remarks == ()
    assert '    name = "linstor", ln_target = "NONE"' in result.text


def test_a_comment_stays_with_its_value() -> None:
    """New pairs come before a comment at the end of the line, so that they are not in it."""
    text = MANAGERS.format("-d linstor", "-d linstor -s linstor") + (
        'TM_MAD_CONF = [ NAME = "linstor", SHARED = "YES" # as the manual says\n]\n'
    )

    section = next(each for each in parse(register(text, (7, 4)).text) if each.name == "TM_MAD_CONF")

    assert section.says("CLONE_TARGET") == "SELF"
    assert "# as the manual says\n" in register(text, (7, 4)).text


def test_another_value_of_the_administrator_is_named_and_left() -> None:
    """It may be meant; whether it works the administrator has to say."""
    text = MANAGERS.format("-d ssh", "-d fs -s ssh") + (
        'TM_MAD_CONF = [ NAME = "linstor", CLONE_TARGET = "SYSTEM", TM_MAD_SYSTEM = "shared,ssh" ]\n'
    )

    result = register(text, (7, 4))

    assert [each.says("CLONE_TARGET") for each in parse(result.text) if each.name == "TM_MAD_CONF"] == ["SYSTEM"]
    assert len(result.remarks) == 1
    assert "CLONE_TARGET = 'SYSTEM'" in result.remarks[0]


def test_missing_managers_are_told() -> None:
    """A file without them is no whole configuration, and nobody guesses one."""
    remarks = register("PORT = 2633\n", (7, 4)).remarks

    assert [each.split()[3] for each in remarks] == ["TM_MAD", "DATASTORE_MAD"]


def test_a_file_without_an_end_of_line_gets_one_first() -> None:
    """The last attribute must not run into ours."""
    after = register(MANAGERS.format("-d ssh", "-d fs -s ssh").rstrip("\n"), (7, 4)).text

    assert {"TM_MAD", "DATASTORE_MAD", "TM_MAD_CONF", "DS_MAD_CONF"} <= {each.name for each in parse(after)}
