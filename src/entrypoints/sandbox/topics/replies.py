"""What of a list of replies does not depend on which satellite was the first."""

from __future__ import annotations

from typing import Any

from entrypoints.sandbox.topics.recording import ERROR

MODIFIED = 3
"""The number of a reply that says that a node has been told."""
NOT_READY = (2, 0)
"""The machines of the recording are slow: some volumes were not ready in time."""


def told_once(body: Any) -> Any:
    """What several nodes warn of in a row is said once; with an error, others may have been told or not."""
    if not isinstance(body, list) or not all(isinstance(each, dict) and "ret_code" in each for each in body):
        return body or None
    body = [each for each in body if (_kind(each), each["ret_code"] & 0x7FFF) != NOT_READY]
    failed = any(_kind(each) == ERROR for each in body)
    kept = [each for each in body if not (failed and _kind(each) == 0 and each["ret_code"] & 0x7FFF == MODIFIED)]
    pairs = zip(kept, [None, *kept], strict=False)
    return [each for each, last in pairs if not (_kind(each) and last and each["ret_code"] == last["ret_code"])] or None


def _kind(reply: dict[str, Any]) -> int:
    """0 success, 1 information, 2 warning, 3 error."""
    return int(reply["ret_code"] >> 62) & 3
