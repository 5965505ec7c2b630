"""Whatever the driver of a backup datastore prints, and whatever oned says of backups."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType

from hypothesis import example, given
from hypothesis import strategies as st
from tests.fuzz import recorded, spoiling
from tests.fuzz.budget import tried
from tests.fuzz.ordering import carried_out, judge, world

from adapters.opennebula.backup_stores import _files
from domain.backup_plans import plan_of
from domain.errors import BadOrder, ScriptFailed
from domain.opennebula import Vm
from domain.ports import BackupStores

URL = "rsync://107//0:71a9c2/var/lib/one//datastores/107/46/71a9c2/disk.0.0"
LISTS = json.dumps({"0": URL, "1": URL.replace("disk.0", "disk.1"), "tpm": URL})
BACKUPS = [call for call in recorded.calls() if "backup" in call.action or call.action == "restore"]
KEYS = ("MODE", "FS_FREEZE", "LAST_INCREMENT_ID", "INCREMENTAL_BACKUP_ID")
ids = st.dictionaries(st.sampled_from(("0", "1", "-1", "٣", "1" * 30, "tpm")), spoiling.words(URL) | st.none())


@tried(300)
@given(spoiling.data(LISTS.encode()).map(lambda data: data.decode("utf-8", "replace")) | ids.map(json.dumps))
@example("[" * 100_000)
@example("1" * 5000)
def test_a_list_of_files_is_understood_or_an_error_of_the_domain(told: str) -> None:
    """Numbers of disks and URLs, or one sentence."""
    try:
        found = _files("rsync", told)
    except ScriptFailed as error:
        assert len(str(error)) < 1000
    else:
        assert all(number >= 0 and isinstance(url, str) for number, url in found.items())


class Told(BackupStores):
    """A store that tells the same whatever it is asked."""

    def __init__(self, told: dict[int, str]) -> None:
        self._told = told

    def files(self, vm_id: int, image_id: int, increment: int | None) -> MappingProxyType[int, str]:
        """See the port."""
        return MappingProxyType(self._told)


@tried(100)
@given(st.dictionaries(st.integers(0, 10**9), spoiling.words(URL), max_size=3))
def test_a_url_of_any_kind_is_fetched_or_refused(told: dict[int, str]) -> None:
    """Nothing is restored of what a shell would carry out."""
    driver = world()
    driver.backup_stores = Told(told)  # type: ignore[assignment]
    judge(carried_out(driver, next(each for each in BACKUPS if each.action == "restore")))


@tried(200)
@given(
    st.dictionaries(st.sampled_from(KEYS), st.text(max_size=30) | st.sampled_from(("INCREMENT", "-1", "0", "9" * 18)))
)
def test_a_plan_is_made_or_refused(config: dict[str, str]) -> None:
    """Numbers that are none, modes that nobody knows."""
    try:
        plan = plan_of(replace(Vm(7), backup=config))
    except BadOrder as error:
        assert len(str(error)) < 1000
    else:
        assert plan.increment >= 0
