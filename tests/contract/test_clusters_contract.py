"""What every implementation of the Clusters port promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from adapters.linstor.clusters import RestClusters
from adapters.memory.cluster import MemoryCluster
from adapters.memory.clusters import MemoryClusters
from adapters.memory.linstor import LinstorModel
from domain.names import GroupName, VolumeName
from domain.ports import Clusters
from domain.settings import StorageSettings
from entrypoints.sandbox.linstor import serve

ONE, OTHER, VOLUME = "one", "other", VolumeName("OpenNebula-Image-1")
World = tuple[Clusters, Callable[..., StorageSettings]]


def _models() -> dict[str, LinstorModel]:
    return {name: LinstorModel.simple(groups={"two": 2}) for name in (ONE, OTHER)}


def _memory(_: ExitStack) -> World:
    models = _models()
    clusters = MemoryClusters(lambda controllers: MemoryCluster(models[controllers[0]]))
    return clusters, lambda name, number=1: StorageSettings(number, controllers=(name,))


def _rest(stack: ExitStack) -> World:
    urls = {name: stack.enter_context(serve(model)).url for name, model in _models().items()}
    return RestClusters({}), lambda name, number=1: StorageSettings(number, controllers=(urls[name],))


@pytest.fixture(params=[_memory, _rest])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with ExitStack() as stack:
        yield request.param(stack)


def test_datastores_of_one_linstor_share_it(world: World) -> None:
    """One connection and one answer about versions and nodes for both."""
    clusters, settings = world
    assert clusters.of(settings(ONE, 1)) is clusters.of(settings(ONE, 2))


def test_other_controllers_are_another_linstor(world: World) -> None:
    """What is made in one is not in the other."""
    clusters, settings = world
    clusters.of(settings(ONE)).create(VOLUME, 4096, GroupName("two"), {})

    assert VOLUME in clusters.of(settings(ONE)).definitions([VOLUME])
    assert clusters.of(settings(OTHER)).definitions([VOLUME]) == {}
