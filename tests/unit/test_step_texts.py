"""What a host tells is taken only in the words that a step has for it."""

from __future__ import annotations

import pytest

from adapters.opennebula.processes import Ended
from adapters.opennebula.step_texts import told
from domain.errors import HostCommandFailed
from domain.names import HostName
from domain.steps import CheckClosed, CountLinks, DeviceSize, FileExists, FileSize, RemoveTree, Step

MARK = "linstor-step-1"
COUNT = CountLinks("/d", "/dev/drbd1000", None, "/d/0/7/disk.0")


def heard(step: Step, text: str) -> tuple[str, ...]:
    """The texts of a session with one step."""
    return told(HostName("host-a"), [step], Ended(0, f"{MARK}\n{text}{MARK}\n".encode(), b""), MARK)


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (COUNT, ""),
        (COUNT, "none\n"),
        (COUNT, "-1\n"),
        (COUNT, "1\nmotd\n"),
        (COUNT, "9" * 5000 + "\n"),
        (DeviceSize("/dev/drbd1000"), "big\n"),
        (FileSize("/d/x"), "²\n"),
        (FileExists("/d/x"), "yes\nmotd\n"),
        (FileExists("/d/x"), ""),
        (CheckClosed("/dev/drbd1000"), "Closed?\n"),
        (RemoveTree("/d/0/7"), "keep\n"),
    ],
)
def test_a_host_that_tells_anything_else_failed(step: Step, text: str) -> None:
    """A garbled "yes" must not be read as "no": a directory in use would be removed."""
    with pytest.raises(HostCommandFailed, match="it tells"):
        heard(step, text)


@pytest.mark.parametrize(
    ("step", "text"),
    [(COUNT, "0\n"), (FileSize("/d/x"), ""), (FileExists("/d/x"), "no\n"), (RemoveTree("/d/0/7"), "kept\n")],
)
def test_the_words_of_a_step_are_given_back(step: Step, text: str) -> None:
    """As they are."""
    assert heard(step, text) == (text.strip(),)


@pytest.mark.parametrize("too_much", [False, True])
def test_a_host_that_tells_of_more_steps_failed(too_much: bool) -> None:
    """What belongs to which step is not known then."""
    ended = Ended(0, f"{MARK}\n0\n".encode() * 50, b"", too_much=too_much)
    with pytest.raises(HostCommandFailed, match="without end" if too_much else "more steps"):
        told(HostName("host-a"), [COUNT], ended, MARK)
