"""The requests that this driver sends. `compare` fails where the simulated controller answers one otherwise."""

from __future__ import annotations

import re

_RD = "/v1/resource-definitions/[^/]+"
_RG = "/v1/resource-groups"

USED: tuple[tuple[str, str], ...] = (
    ("GET", "/health"),
    ("GET", "/v1/controller/version"),
    ("GET", "/v1/nodes(/[^/]+)?"),
    ("GET", "/v1/view/(resources|snapshots|storage-pools)"),
    ("GET", "/v1/error-reports(/.+)?"),
    ("GET", f"{_RG}(/[^/]+)?"),
    ("GET", f"{_RG}/[^/]+/query-max-volume-size"),
    ("POST", f"{_RG}/[^/]+/(spawn|query-size-info)"),
    ("POST", "/v1/queries/resource-groups/query-all-size-info"),
    ("GET|POST", "/v1/resource-definitions"),
    ("GET|PUT|DELETE", _RD),
    ("GET", f"{_RD}/sync-status"),
    ("POST", f"{_RD}/(autoplace|clone)"),
    ("GET", f"{_RD}/clone/[^/]+"),
    ("GET|POST|PUT", f"{_RD}/volume-definitions(/[0-9]+)?"),
    ("GET|POST|DELETE", f"{_RD}/resources(/[^/]+)?"),
    ("POST", f"{_RD}/resources/[^/]+/make-available"),
    ("PUT", f"{_RD}/resources/[^/]+/toggle-disk/.+"),
    ("GET|PUT", f"{_RD}/resource-connections/[^/]+/[^/]+"),
    ("GET|POST|PUT|DELETE", f"{_RD}/snapshots(/[^/]+)?"),
    ("POST", f"{_RD}/snapshot-(rollback|restore-resource|restore-volume-definition)/[^/]+"),
    ("POST", "/v1/actions/snapshot/multi"),
    ("GET|PUT|DELETE", "/v1/key-value-store(/[^/]+)?"),
)
"""Methods and paths, as regular expressions."""


def is_used(method: str, path: str) -> bool:
    """Whether this driver sends such a request."""
    return any(re.fullmatch(by, method) and re.fullmatch(pattern, path) for by, pattern in USED)
