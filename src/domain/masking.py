"""What no sentence may show: the credentials that a URL can carry (design.md rule 11), and what is for no terminal.

An image's PATH can hold a user and a password, and the query of a signed URL opens what it names. A program that
failed may repeat either. A password or token that became known is shown by nobody, whoever echoes it: LINSTOR, oned, a
host or a script.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SHORTEST = 4
"""A shorter value is not looked for: it would tear other words to pieces."""
HIDDEN = "***"
_SENSITIVE = re.compile(r"pass|secret|token|key|auth|cred|licen[cs]e|private", re.IGNORECASE)
_NO_SECRET = frozenset(("", "true", "false", "none", "null"))

_WHOLE = re.compile(r"(?<=://)[^/?#]*@|\A[^/]*@")
_USER = re.compile(r"(?<=://)[^/\s'\"]*@")
_QUERY = re.compile(r"(://(?:(?!://)[^\s?'\"])*)\?[^\s'\"]+")
"""It begins at the last `://` before a `?`: a long text of nothing else would be searched again from each."""
_NUMERIC = re.compile(r"[+-]?[0-9][0-9.]{0,30}(?:[eE][+-]?[0-9]{1,9})?")

_kept: tuple[str, ...] = ()
"""The longest first. Always replaced as a whole, because threads read it."""


def is_secret(name: str) -> bool:
    """Whether what is called so is one."""
    return bool(_SENSITIVE.search(name))


def keep_secret(*values: str) -> None:
    """No sentence of this process shows any of *values* from now on."""
    global _kept
    found = {each for each in values if len(each) >= SHORTEST and each.lower() not in _NO_SECRET}
    # an error quotes what it shows
    found |= {repr(each)[1:-1] for each in found}
    _kept = tuple(sorted(found.union(_kept), key=len, reverse=True))


def keep_secrets_of(attributes: Mapping[str, str]) -> None:
    """The same for those of *attributes* that are called secrets; a file's name is none."""
    found = [value for name, value in attributes.items() if is_secret(name) and not name.upper().endswith("_FILE")]
    if found:
        keep_secret(*found)


def known_secrets() -> tuple[str, ...]:
    """What is kept secret."""
    return _kept


def forget_secrets() -> None:
    """Know none any more."""
    global _kept
    _kept = ()


def masked(text: str) -> str:
    """*text* with `***` for known secrets, and for the user, the password and the query of every URL in it."""
    for each in _kept:
        text = text.replace(each, HIDDEN)
    return _QUERY.sub(r"\1?***", _USER.sub("***@", text)) if "://" in text else text


def masked_url(url: str) -> str:
    """The same for text that is one URL and nothing else, also without a scheme: its password may have blanks."""
    return masked(_WHOLE.sub("***@", url))


def one_line(text: str) -> str:
    """*text* in one line that a log may have and a terminal may be shown."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def is_number(text: str) -> bool:
    """Whether *text* looks like one, however large."""
    return bool(_NUMERIC.fullmatch(text))


def shown_number(text: str) -> str:
    """What stands where a number should, for an error: only a number is quoted, for a slip may put a secret there."""
    return repr(text) if is_number(text) else "a text"
