"""Steps of context.feature."""

from __future__ import annotations

from pytest_bdd import given, scenarios, then, when
from worlds import VM, World

from entrypoints.sandbox.cloud import SYSTEM_LINSTOR

scenarios("context.feature")


def _place(world: World, host: str, name: str) -> bool:
    return world.sandbox.host_path(host, f"{world.cloud.directory(VM)}/{name}").exists()


@given("a VM with a context runs on alpha, on a linstor system datastore")
def _runs(world: World) -> None:
    world.cloud.deploy(VM, "alpha", [world.ids["os"]], system=SYSTEM_LINSTOR)


@given("a VM with a context runs on alpha, on a linstor system datastore whose directory is shared")
def _runs_shared(world: World) -> None:
    world.sandbox.hosts.share(SYSTEM_LINSTOR)
    _runs(world)


@when("oned asks for the context of a VM on alpha")
def _context(world: World) -> None:
    script = world.sandbox.script("tm", "ssh", "context")
    script.write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" > {world.sandbox.root}/told\n', encoding="utf-8")
    world.tried(lambda: world.cloud.deploy_context(VM, "alpha"))


@when("the VM migrates live to beta")
def _migrate(world: World) -> None:
    world.cloud.prepare_migration(VM, "beta")
    world.cloud.migrate_guest(VM)
    world.cloud.finish_migration(VM)


@then("tm/ssh/context is called with the same arguments")
def _same_arguments(world: World) -> None:
    assert world.failed is None
    told = (world.sandbox.root / "told").read_text().splitlines()
    script = world.sandbox.one / "var" / "vms" / str(VM) / "context.sh"
    assert told == [str(script), f"alpha:{world.cloud.directory(VM)}/disk.0", str(VM), str(SYSTEM_LINSTOR)]


@then("LINSTOR has no volume for it")
def _no_volume(world: World) -> None:
    assert world.sandbox.linstor.state.definitions == {}


@then("beta has the context file")
def _beta_has_it(world: World) -> None:
    assert _place(world, "beta", "disk.1")


@then("alpha has no directory of the VM")
def _alpha_has_none(world: World) -> None:
    assert not _place(world, "alpha", "")


@then("the directory of the VM still has its links")
def _links(world: World) -> None:
    assert world.link("beta")
    assert world.sandbox.guests.lost(VM) == []
