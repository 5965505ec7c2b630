"""The executables that `onelinstor install` puts into a front-end carry out orders."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from entrypoints.sandbox.demo import Demo
from entrypoints.sandbox.executables import installed
from entrypoints.sandbox.world import Sandbox

pytestmark = pytest.mark.e2e


def test_installed_executables_carry_a_vm_through_its_life() -> None:
    """Image, deployment, attachment, live migration and end, each by the installed file; the guest has its data."""
    with Sandbox(executables=installed) as sandbox:
        assert (sandbox.one / "var" / "onelinstor" / "journal.json").exists()

        code = Demo(sandbox, Console(file=io.StringIO(), width=120)).run()

    assert code == 0
