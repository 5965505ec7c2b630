"""Whatever a host's place is taken by: what it says is understood, or the order fails in one sentence."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import spoiling
from tests.fuzz.budget import tried

from adapters.opennebula.exports import FrontEndExports
from adapters.opennebula.hosts import SshHosts
from adapters.opennebula.processes import LONGEST_OUTPUT, Ended
from adapters.opennebula.step_texts import told
from adapters.opennebula.writing import Writer
from domain import steps
from domain.errors import DriverError, HostCommandFailed, HostError
from domain.names import HostName
from domain.ports import FetchedImage
from domain.settings import Limits

HERE, THERE = HostName("host-a"), HostName("host-b")
TOKEN = "0" * 16
WANTED: tuple[steps.Step, ...] = (
    steps.MakeDirectory("/d"),
    steps.FileExists("/d/f"),
    steps.FileSize("/d/f"),
    steps.CountLinks("/d", "/dev/drbd1000", None, "/d/disk.0"),
    steps.CheckClosed("/dev/drbd1000"),
    steps.RemoveTree("/a/b/c/d"),
    steps.FreezeGuest("one-7"),
    steps.DeviceSize("/dev/drbd1000"),
)
TOLD = ("", "yes", "4096", "0", "closed", "kept", "frozen", "1048576")
PLAIN = (None, ("yes", "no"), int, int, ("open", "closed"), ("", "kept"), ("frozen", "no agent"), int)
"""What each of them may tell."""


def _output(mark: str, texts: Sequence[str]) -> bytes:
    return "".join(
        ["Welcome\n", *(f"{mark}\n{text}\n" if text else f"{mark}\n" for text in texts), f"{mark}\n"]
    ).encode()


def _allowed(text: str, may: Any) -> bool:
    if may is None:
        return True
    return text in may if isinstance(may, tuple) else text == "" or (text.isascii() and text.isdigit())


outputs = (
    spoiling.data(_output("mark", TOLD))
    | st.binary(max_size=300)
    | st.permutations(TOLD).map(lambda some: _output("mark", some))
)
codes = st.sampled_from((0, 0, 0, 1, 2, 126, 127, 130, 255, -9))
errors = st.binary(max_size=40) | spoiling.pieces.map(lambda text: text.encode("utf-8", "surrogatepass"))


@tried(500)
@given(outputs, errors, codes, st.booleans())
def test_what_steps_tell_is_what_they_may_tell(out: bytes, err: bytes, code: int, too_much: bool) -> None:
    """Or it is an error about one of them; no rule decides by anything else."""
    try:
        texts = told(HERE, WANTED, Ended(code, out, err, too_much=too_much), "mark")
    except HostError as error:
        assert str(error)
        return
    assert len(texts) == len(WANTED)
    assert all(_allowed(text, may) for text, may in zip(texts, PLAIN, strict=True))
    assert code == 0 and not too_much


class Says:
    """A host that says what it is told to, whatever it is asked."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.ends = 0

    def say(self, out: bytes, err: bytes, code: int) -> None:
        """The same to everybody."""
        (self._directory / "out").write_bytes(out)
        (self._directory / "err").write_bytes(err)
        self.ends = code

    def command(self, _host: HostName, _line: str) -> list[str]:
        """The words of a program that does."""
        text = f"cat {self._directory}/err >&2; cat {self._directory}/out; exit {self.ends % 256}"
        return ["sh", "-c", text]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """One whose outputs can know the marks."""
    monkeypatch.setattr(secrets, "token_hex", lambda _bytes: TOKEN)
    (tmp_path / "image").write_bytes(b"x" * 4096)
    (tmp_path / "exports").mkdir()
    return Says(tmp_path)


LIMITS = Limits(host=20.0, transfer=20.0)
IMAGE, FILES, STEP = (f"linstor-{name}-{TOKEN}" for name in ("image", "files", "step"))
NEARLY = (
    _output(STEP, TOLD),
    f"{IMAGE} ready\n{IMAGE} 4096 bytes {'0' * 64}\n".encode(),
    f"{IMAGE} ready\n".encode() + b"x" * 4096,
    f"{FILES} ready\n{FILES} {'0' * 64}\n".encode(),
    f"{FILES} missing\n".encode(),
    f"{FILES} shared\n".encode(),
    f"{FILES} ready\n{FILES}\n{FILES}-then\n".encode(),
)
OPERATIONS: dict[str, Callable[[Says, Path], Any]] = {
    "run": lambda host, _: SshHosts(lambda: LIMITS, host).run(HERE, WANTED),  # type: ignore[arg-type]
    "copy": lambda host, _: SshHosts(lambda: LIMITS, host).copy_files(HERE, "/d", THERE, "/e", WANTED[:1]),  # type: ignore[arg-type]
    "copy here": lambda host, _: SshHosts(lambda: LIMITS, host).copy_files(HERE, "/d", HERE, "/e"),  # type: ignore[arg-type]
    "write": lambda host, where: Writer(host, LIMITS).write(
        FetchedImage(4096, str(where / "image")), HERE, "/dev/drbd1000", zeroed=True, wait=1.0
    ),
    "save": lambda host, where: FrontEndExports(LIMITS, host).save(HERE, "/dev/drbd1000", 4096, str(where / "exports")),
}


@tried(150)
@given(st.sampled_from(sorted(OPERATIONS)), st.sampled_from(NEARLY), st.data(), errors, codes)
def test_a_session_that_says_anything_ends_with_one_error(
    host: Says, tmp_path: Path, operation: str, nearly: bytes, data: st.DataObject, err: bytes, code: int
) -> None:
    """Or with what it was asked for; of an export that fails no file stays."""
    host.say(data.draw(st.just(nearly) | spoiling.data(nearly)), err, code)
    try:
        OPERATIONS[operation](host, tmp_path)
    except DriverError as error:
        assert "\n" not in str(error)
        assert list((tmp_path / "exports").iterdir()) == []
    for each in (tmp_path / "exports").iterdir():
        each.unlink()


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize("out", [b"A" * 3 * LONGEST_OUTPUT, b"\n" * 3 * LONGEST_OUTPUT, bytes(range(256)) * 8192])
def test_a_session_that_says_far_too_much_ends_with_one_error(
    host: Says, tmp_path: Path, operation: str, out: bytes
) -> None:
    """And the sentence does not repeat it."""
    host.say(out, out, 1)
    with pytest.raises(DriverError) as caught:
        OPERATIONS[operation](host, tmp_path)
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("operation", ["copy", "save", "write"])
def test_a_session_that_never_stops_talking_is_ended(host: Says, tmp_path: Path, operation: str) -> None:
    """Long before the limit of a transfer, which is a day."""
    host.say(b"", b"", 0)
    host.command = lambda _host, _line: ["yes"]  # type: ignore[method-assign]
    with pytest.raises(HostCommandFailed, match="without end"):
        OPERATIONS[operation](host, tmp_path)
