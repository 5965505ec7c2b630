"""What a recording says about the installation that it was made on: names, places, datastores."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lxml import etree

from entrypoints.sandbox.replay.recording import Recording
from entrypoints.sandbox.replay.subject import subject

PACKAGED_HOME = "/var/lib/one"


@dataclass(frozen=True)
class Site:
    """The installation. *home* is oned's variable directory, *location* where its datastores are.

    *shared* are the ids of system datastores whose directory every host sees, *stores* those of backup datastores.
    *sizes_mib* are those of image sources.
    """

    home: str = PACKAGED_HOME
    location: str = f"{PACKAGED_HOME}/datastores"
    front_end: str = "one-fe"
    hosts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    nodes: dict[str, str] = field(default_factory=dict)
    shared: frozenset[int] = frozenset()
    stores: frozenset[int] = frozenset()
    sizes_mib: dict[str, int] = field(default_factory=dict)


def survey(recording: Recording) -> Site:
    """Look through *recording*."""
    trees = list(_trees(recording))
    datastores = [each for tree in trees for each in tree.iter("DATASTORE") if each.find("TEMPLATE") is not None]
    homes = Counter(call.home for call in recording.calls() if call.home)
    home = homes.most_common(1)[0][0] if homes else PACKAGED_HOME
    front_end, hosts = _machines(recording)
    return Site(
        home=home,
        location=_location(datastores) or f"{home}/datastores",
        front_end=front_end,
        hosts=hosts,
        groups=tuple(dict.fromkeys(_texts(datastores, "TEMPLATE/LINSTOR_RESOURCE_GROUP"))),
        nodes=_nodes(datastores),
        shared=frozenset(_number(each, "ID") for each in datastores if _is_shared(each)),
        stores=frozenset(_number(each, "ID") for each in datastores if _number(each, "TYPE") == 3),
        sizes_mib=_sizes(recording, trees),
    )


def _trees(recording: Recording) -> Iterator[etree._Element]:
    texts = [call.document for call in recording.calls() if call.kind != "vmm"]
    texts += [document.xml for operation in recording.operations for document in operation.documents]
    for text in dict.fromkeys(filter(None, texts)):
        yield etree.fromstring(text.encode())


def _texts(elements: Iterable[etree._Element], path: str) -> Iterator[str]:
    for element in elements:
        if text := (element.findtext(path) or "").strip():
            yield text


def _number(element: etree._Element, path: str) -> int:
    text = (element.findtext(path) or "").strip()
    return int(text) if text.isdigit() else 0


def _location(datastores: Iterable[etree._Element]) -> str:
    found = Counter(str(PurePosixPath(text).parent) for text in _texts(datastores, "BASE_PATH"))
    return found.most_common(1)[0][0] if found else ""


def _is_shared(datastore: etree._Element) -> bool:
    """One directory on all hosts: a system datastore of the `shared` or `qcow2` driver (opennebula.md 3.7)."""
    return _number(datastore, "TYPE") == 1 and datastore.findtext("TM_MAD") in ("shared", "qcow2")


def _nodes(datastores: Iterable[etree._Element]) -> dict[str, str]:
    """LINSTOR's names of hosts, where they are others: LINSTOR_NODE_MAP is `host:node host:node`."""
    words = [word for text in _texts(datastores, "TEMPLATE/LINSTOR_NODE_MAP") for word in re.split(r"[\s,]+", text)]
    return dict(word.split(":", 1) for word in words if ":" in word)


def _machines(recording: Recording) -> tuple[str, tuple[str, ...]]:
    """The front-end and the hosts, in the order in which they come up."""
    named: dict[str, None] = {}
    hosts: dict[str, None] = {}
    front_ends: Counter[str] = Counter()
    for call in recording.calls():
        about = subject(call)
        front_ends.update(filter(None, [about.front_end]))
        for place in (about.origin, about.place):
            if place is not None:
                (hosts if call.kind == "vmm" else named).setdefault(place.host)
    if not front_ends:
        front_ends.update(name for name in named if name not in hosts)
    front_end = front_ends.most_common(1)[0][0] if front_ends else Site.front_end
    return front_end, tuple(name for name in {**hosts, **named} if name != front_end)


def _sizes(recording: Recording, trees: Iterable[etree._Element]) -> dict[str, int]:
    """Sizes of image sources: what `stat` printed, else what the image says."""
    found = {
        path: size
        for tree in trees
        for image in tree.iter("IMAGE")
        if (path := (image.findtext("PATH") or "").strip()) and (size := _number(image, "SIZE"))
    }
    for call in recording.calls():
        if call.kind == "ds" and call.action == "stat" and (call.stdout or "").strip().isdigit():
            found.setdefault(subject(call).target, int(call.stdout or 0))
    return found
