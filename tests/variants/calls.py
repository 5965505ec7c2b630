"""A call of oned 7.4 as an older version makes it (opennebula.md 2.1, 2.2, 3.1, 3.3, 5.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lxml import etree
from tests.variants.documents import as_written_by
from tests.variants.versions import AROUND_BACKUP, Carrier, Version

from entrypoints.sandbox.replay.payload import is_document, with_document
from entrypoints.sandbox.replay.recording import DOCUMENT_WORD, Call

MIGRATIONS = ("premigrate", "postmigrate", "failmigrate")
_DOCUMENT_OF_MIGRATION = 5
_JOB_OF_BACKUP = 3


def is_known(version: Version, call: Call) -> bool:
    """Whether *version* makes such a call at all."""
    known_driver = call.kind != "ds" or call.driver not in version.no_drivers
    return known_driver and f"{call.kind}/{call.plain_action}" not in version.no_actions


def as_called_by(version: Version, call: Call) -> Call:
    """*call* as *version* makes it; one that it does not know comes back as it is."""
    if not is_known(version, call):
        return call
    changed = _with_documents_of(version, call)
    if is_backup(call):
        changed = _with_store_alone(_with_backup_arguments(version, changed))
    elif carries_action_data(call):
        changed = _with_action_data(version, changed)
    elif call.kind == "tm" and call.action in MIGRATIONS and version.vm_in_argument:
        changed = _with_vm_argument(changed)
    elif call.kind == "tm" and call.plain_action in AROUND_BACKUP:
        changed = _with_backup_arguments(version, changed)
    return _with_answer(version, changed if version.suffixes or call.kind != "tm" else _without_suffix(changed))


def carries_action_data(call: Call) -> bool:
    """Whether the call follows the rule of datastore actions for its document; a `monitor` of `tm` does."""
    return (call.kind == "ds" and not is_backup(call)) or (call.kind == "tm" and call.action == "monitor")


def is_backup(call: Call) -> bool:
    """Whether the hypervisor's driver calls it, between `prebackup` and `postbackup`, and with their arguments."""
    return (call.kind, call.action) == ("ds", "backup")


def _with_store_alone(call: Call) -> Call:
    """Before 7.0 it is given the datastore and no more (opennebula.md 5.1)."""
    store = etree.fromstring(call.document.encode()).find("DATASTORE") if call.stdin else None
    return call if store is None else replace(call, stdin=etree.tostring(store, with_tail=False))


def _with_documents_of(version: Version, call: Call) -> Call:
    write: Callable[[str], str] = partial(as_written_by, version)
    argv = tuple(with_document(word.encode(), write).decode() if is_document(word) else word for word in call.argv)
    return replace(call, argv=argv, stdin=with_document(call.stdin, write) if call.stdin else call.stdin)


def _with_action_data(version: Version, call: Call) -> Call:
    if version.carrier is Carrier.STDIN_AFTER_DASH:
        return replace(call, argv=("-", *call.argv))
    if version.carrier is Carrier.ARGUMENT:
        return replace(call, argv=(_word(call), *call.argv), stdin=None if call.stdin is None else b"", wants="")
    return call


def _with_vm_argument(call: Call) -> Call:
    before, after = call.argv[:_DOCUMENT_OF_MIGRATION], call.argv[_DOCUMENT_OF_MIGRATION:]
    argv = (*before, _word(call), *after)
    return replace(call, argv=argv, stdin=None if call.stdin is None else b"", wants="")


def _word(call: Call) -> str:
    """The document as an argument, without line breaks."""
    return "".join(call.stdin.decode().split()) if call.stdin else DOCUMENT_WORD


def _with_backup_arguments(version: Version, call: Call) -> Call:
    argv = list(call.argv)
    if version.colon_after_disks:
        argv[1] = f"{argv[1].rstrip(':')}:"
    if not version.job_argument:
        del argv[_JOB_OF_BACKUP]
    return replace(call, argv=tuple(argv))


def _without_suffix(call: Call) -> Call:
    return replace(call, action=call.plain_action, script=call.script.removesuffix(call.action) + call.plain_action)


def _with_answer(version: Version, call: Call) -> Call:
    """What the driver is to print: `cp` its source alone where the format has no place in the answer."""
    if (call.kind, call.action) != ("ds", "cp") or version.cp_tells_format or not call.stdout:
        return call
    return replace(call, stdout=call.stdout.split()[0] + "\n")
