"""What a datastore says for OpenNebula's own scripts, which put it into shell text without quotes."""

from __future__ import annotations

import re

from domain.errors import BadConfiguration
from domain.opennebula import Datastore

DEFAULT_DIRECTORY = "/var/tmp"  # noqa: S108 - OpenNebula's own default
_PLAIN = re.compile(r"(/[A-Za-z0-9._-]+)+")
_BANDWIDTH = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?[A-Za-z]?")


def staging_directory(datastore: Datastore) -> str:
    """STAGING_DIR. Raises BadConfiguration for a path that a shell would not take for one word."""
    directory = datastore.attributes.get("STAGING_DIR", "").rstrip("/") or DEFAULT_DIRECTORY
    if not _PLAIN.fullmatch(directory) or ".." in directory.split("/"):
        raise BadConfiguration(
            f"STAGING_DIR={directory!r} of datastore {datastore.datastore_id} cannot hold images; "
            "name an absolute path of letters, digits, '.', '_' and '-'"
        )
    return directory


def limit_bandwidth(datastore: Datastore) -> str:
    """LIMIT_TRANSFER_BW, "" where there is none. Raises BadConfiguration for what is no rate."""
    rate = datastore.attributes.get("LIMIT_TRANSFER_BW", "").strip()
    if rate and not _BANDWIDTH.fullmatch(rate):
        raise BadConfiguration(
            f"LIMIT_TRANSFER_BW of datastore {datastore.datastore_id} is not a rate; write bytes a second, as 10m"
        )
    return rate
