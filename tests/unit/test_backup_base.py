"""BACKUP_BASE_PATH is read as the shell scripts of backup datastores have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.opennebula.backup_base import backup_base
from adapters.opennebula.installation import Installation
from domain.errors import BadConfiguration


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    (tmp_path / "remotes" / "etc" / "datastore").mkdir(parents=True)
    return Installation(tmp_path, tmp_path, tmp_path, (7, 4, 0))


def configure(installation: Installation, text: str) -> None:
    (installation.remotes / "etc" / "datastore" / "datastore.conf").write_text(text)


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("", ""),
        ("#BACKUP_BASE_PATH=/no\nBACKUP_BASE_PATH=\n", ""),
        ("BACKUP_BASE_PATH=/backups/ # here", "/backups"),
        ('BACKUP_BASE_PATH=/old\n  export BACKUP_BASE_PATH="/var/lib/one/backups"\n', "/var/lib/one/backups"),
    ],
)
def test_the_last_value_counts(installation: Installation, text: str, base: str) -> None:
    """Comments and quotes are not part of it."""
    configure(installation, text)
    assert backup_base(installation) == base


def test_without_the_file_there_is_none(installation: Installation) -> None:
    """Versions before 6.6 have none."""
    assert backup_base(installation) == ""


@pytest.mark.parametrize("value", ["backups", "/a/../b", "/a/$HOME", "'/a b'"])
def test_what_is_no_plain_path_is_refused(installation: Installation, value: str) -> None:
    """Everything below it is removed after a backup."""
    configure(installation, f"BACKUP_BASE_PATH={value}")
    with pytest.raises(BadConfiguration, match="BACKUP_BASE_PATH"):
        backup_base(installation)
