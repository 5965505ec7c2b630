"""The datastores of a recording, as oned would tell of them: documents where there are some, else their likeness."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from entrypoints.sandbox.replay.recording import Call, Recording
from entrypoints.sandbox.replay.rewriting import Rewriting, set_text
from entrypoints.sandbox.replay.subject import subject

Tree = etree._Element
SYSTEM = "1"


def datastores_of(recording: Recording, rewriting: Rewriting) -> dict[int, Tree]:
    """Every datastore that a document shows or a call is about.

    Not every one is recorded. A system datastore without a document is made after the last recorded one of the same
    driver before it: two that somebody creates together are alike.
    """
    found = {int(each.findtext("ID") or -1): each for each in _documents(recording, rewriting)}
    for number, driver in sorted(_used(recording).items()):
        models = [known for known, each in found.items() if _serves(each, driver)]
        if number not in found and models:
            found[number] = _like(found[max(models, key=lambda each: (each < number, each))], number)
    return found


def _documents(recording: Recording, rewriting: Rewriting) -> Iterator[Tree]:
    texts = [call.document for call in recording.calls() if call.kind == "ds"]
    texts += [document.xml for document in recording.documents("datastore")]
    for text in dict.fromkeys(filter(None, texts)):
        for each in rewriting.tree(text).iter("DATASTORE"):
            if each.find("TEMPLATE") is not None:
                yield each


def _used(recording: Recording) -> dict[int, str]:
    """System datastores that VMs lie in, and the drivers that were called for them."""
    return {number: call.driver for call in recording.calls() if (number := _system_datastore(call)) is not None}


def _system_datastore(call: Call) -> int | None:
    """The system datastore that a call names as its own; calls about images name another one."""
    about = subject(call)
    if call.kind != "tm" or about.place is None or "." in call.action or about.caller:
        return None
    return about.datastore if about.datastore == about.place.datastore else None


def _serves(datastore: Tree, driver: str) -> bool:
    return datastore.findtext("TYPE") == SYSTEM and datastore.findtext("TM_MAD") == driver


def _like(model: Tree, number: int) -> Tree:
    made = deepcopy(model)
    set_text(made, "ID", str(number))
    set_text(made, "NAME", f"datastore-{number}")
    if (path := made.findtext("BASE_PATH")) is not None:
        set_text(made, "BASE_PATH", re.sub(r"\d+/?$", str(number), path))
    return made
