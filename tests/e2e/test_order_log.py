"""Every order tells oned's log in one line what it did, under an id that its error and its requests carry, too."""

from __future__ import annotations

import re

import pytest

from entrypoints.sandbox.torture.stage import Stage
from entrypoints.sandbox.world import Completed, Sandbox

pytestmark = pytest.mark.e2e

LINE = re.compile(r"INFO: order (\w{6}): (\S+)(.*): (done|failed), (\d+) requests to LINSTOR, (\d+\.\d\d) s\n")


def _stat(sandbox: Sandbox, path: str) -> Completed:
    order = Stage(sandbox).image("stat", 30, PATH=path)
    return sandbox.run(order.kind, "linstor", order.action, order.argv, order.stdin)


def _monitor(sandbox: Sandbox) -> Completed:
    order = Stage(sandbox).monitor("datastore")
    return sandbox.run(order.kind, "linstor", order.action, order.argv, order.stdin)


def test_the_line_counts_what_was_asked_of_linstor() -> None:
    """As many requests as LINSTOR saw, and a sentence that oned takes for its own log and not for an object's."""
    with Sandbox() as sandbox:
        ended = _monitor(sandbox)
    found = LINE.fullmatch(ended.stderr)
    assert found is not None, ended.stderr
    assert found.groups()[1:4] == ("datastore/linstor/monitor", " datastore 100", "done")
    assert int(found[5]) == len(ended.linstor_requests) > 0


def test_an_error_names_the_order() -> None:
    """The line in the log and the message of the image or VM have the same id; the message comes last."""
    with Sandbox() as sandbox:
        ended = _stat(sandbox, "/nowhere")
    found = LINE.match(ended.stderr)
    assert found is not None, ended.stderr
    assert (ended.exit_code, found[4]) == (1, "failed")
    assert ended.stderr[found.end() :].endswith(f"(order {found[1]})\n")


@pytest.mark.parametrize("version", ["5.8.0", "6.0.3", "6.10.5"])
def test_an_older_opennebula_hears_nothing_of_what_succeeds(version: str) -> None:
    """It has no form for such a line, and shows the whole of stderr to the user when something fails."""
    with Sandbox(version=version) as sandbox:
        assert _monitor(sandbox).stderr == ""
        assert "INFO" not in _stat(sandbox, "/nowhere").stderr


def test_linstor_sees_whose_request_it_is() -> None:
    """The id stands in the user agent, which LINSTOR writes into its error reports."""
    with Sandbox() as sandbox:
        seen: list[str] = []
        app = sandbox.server.app

        def noting(environ: dict[str, str], start: object) -> object:
            seen.append(environ.get("HTTP_USER_AGENT", ""))
            return app(environ, start)

        sandbox.server._server.app = noting
        ended = _monitor(sandbox)
    found = LINE.fullmatch(ended.stderr)
    assert found is not None
    assert seen and all(agent.endswith(f"OpenNebula order {found[1]}") for agent in seen)
