"""What no sentence may show: the credentials that a URL can carry (design.md rule 11), and what is for no terminal.

An image's PATH can hold a user and a password, and the query of a signed URL opens what it names. A program that
failed may repeat either.
"""

from __future__ import annotations

import re

_WHOLE = re.compile(r"(?<=://)[^/?#]*@")
_USER = re.compile(r"(?<=://)[^/\s'\"]*@")
_QUERY = re.compile(r"(://(?:(?!://)[^\s?'\"])*)\?[^\s'\"]+")
"""It begins at the last `://` before a `?`, for text can be nothing else and very long."""


def masked(text: str) -> str:
    """*text* with `***` for the user, the password and the query of every URL in it."""
    return _QUERY.sub(r"\1?***", _USER.sub("***@", text)) if "://" in text else text


def masked_url(url: str) -> str:
    """The same for text that is one URL and nothing else, so that blanks and quotes in its password are known to be."""
    return masked(_WHOLE.sub("***@", url))


def one_line(text: str) -> str:
    """*text* in one line that a log may have and a terminal may be shown."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
