"""What a real oned and a real LINSTOR said: the input that is spoilt."""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from entrypoints.remotes.parser import ACTIONS, Call, plain_action

CAPTURES = Path(__file__).parents[1] / "captures"
_CALLS = CAPTURES / "oned-7.4.0" / "linstor-calls.jsonl.gz"
_EXCHANGES = CAPTURES / "linstor-1.33.3" / "exchanges"
_OF_ONE_KIND = 3


@cache
def calls() -> list[Call]:
    """Some calls of each action, with and without suffix."""
    found: dict[tuple[str, str], list[Call]] = {}
    with gzip.open(_CALLS, "rt", encoding="utf-8") as lines:
        for each in map(json.loads, lines):
            kind = {"ds": "datastore", "tm": "tm"}[each["kind"]]
            if plain_action(each["action"]) in ACTIONS[kind]:
                stdin = base64.b64decode(each["stdin_base64"])
                found.setdefault((kind, each["action"]), []).append(
                    Call(kind, each["action"], tuple(each["argv"]), stdin)
                )
    return [call for some in found.values() for call in some[:_OF_ONE_KIND]]


def document_of(call: Call) -> bytes:
    """What is on its standard input; that of backups is not base64."""
    return call.stdin if call.stdin.startswith(b"<") else base64.b64decode(call.stdin)


@cache
def documents() -> list[bytes]:
    """The documents that came with them, and those of oned's answers."""
    sent = [document_of(call) for call in calls() if call.stdin]
    return [*dict.fromkeys(sent), *(path.read_bytes() for path in sorted((CAPTURES / "oned-7.4.0" / "xml").iterdir()))]


@cache
def exchanges() -> dict[str, Any]:
    """Requests and answers, by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(_EXCHANGES.glob("*.json"))}


@cache
def attributes() -> dict[str, str]:
    """Those of a datastore that names everything that this driver knows."""
    return {
        "BRIDGE_LIST": "host-a host-b",
        "LINSTOR_CA_FILE": "/etc/ssl/ca.pem",
        "LINSTOR_CLONE_TIMEOUT": "3600",
        "LINSTOR_CONNECT_TIMEOUT": "5",
        "LINSTOR_CONTROLLERS": "10.0.0.1:3370,linstor+ssl://10.0.0.2",
        "LINSTOR_DEVICE_TIMEOUT": "30",
        "LINSTOR_NODE_MAP": "host-a:node-a host-b:node-b",
        "LINSTOR_PASSWORD": "geheim-passwort",
        "LINSTOR_PREFER_LOCAL": "yes",
        "LINSTOR_RESOURCE_GROUP": "OpenNebula-Default",
        "LINSTOR_SSH_TIMEOUT": "120",
        "LINSTOR_TIMEOUT": "300",
        "LINSTOR_USER": "one",
        "SAFE_DIRS": "/var/tmp",
        "STAGING_DIR": "/var/tmp",
    }
