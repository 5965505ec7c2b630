r"""oned.conf as oned reads it, with the place of every value, so that one value can change and nothing else.

The grammar is that of OpenNebula's template parser: names in any case, values in double quotes (`\"` stands for a
quote) or without blanks, vectors in brackets, `#` to the end of the line outside of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from entrypoints.onelinstor.install.entries import Problem

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*(?:\n|\Z))*")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_EQUAL = re.compile(r"[ \t]*=[ \t]*")
_EMPTY = re.compile(r"[ \t\r]*(?=\n|\Z)")
_QUOTED = re.compile(r'"((?:\\"|[^"])*)"')
_PLAIN = re.compile(r"[^=#\s,\[\]]+")


@dataclass(frozen=True)
class Value:
    """A value as oned sees it, and where its token, quotes included, stands in the file."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Attribute:
    """`NAME = value` or `NAME = [ PAIR = value, ... ]`; names in upper case, as oned has them."""

    name: str
    start: int
    end: int
    value: Value | None
    pairs: tuple[tuple[str, Value], ...]

    def get(self, name: str) -> Value | None:
        """The value of a pair; oned takes the first of two."""
        return next((value for each, value in self.pairs if each == name), None)

    def says(self, name: str) -> str:
        """The text of a pair, "" where it is missing."""
        value = self.get(name)
        return value.text if value is not None else ""


def parse(text: str) -> list[Attribute]:
    """The attributes of the file in their order; what is commented out is not there. Raises Problem with the line."""
    return _Reader(text).attributes()


class _Reader:
    """Goes through the text once."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def attributes(self) -> list[Attribute]:
        """All of them."""
        found = []
        while not self._ended():
            found.append(self._attribute())
        return found

    def _ended(self) -> bool:
        self._skip()
        return self._at == len(self._text)

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _take(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise Problem(f"line {self._text.count(chr(10), 0, self._at) + 1}: here should be {what}")
        self._at = match.end()
        return match

    def _next_is(self, character: str) -> bool:
        self._skip()
        return self._text.startswith(character, self._at)

    def _attribute(self) -> Attribute:
        start = self._at
        name = self._name()
        if (empty := _EMPTY.match(self._text, self._at)) is not None:
            self._at = empty.end()
            return Attribute(name, start, self._at, Value("", self._at, self._at), ())
        if not self._text.startswith("[", self._at):
            value = self._value()
            return Attribute(name, start, value.end, value, ())
        pairs = tuple(self._pairs())
        return Attribute(name, start, self._at, None, pairs)

    def _name(self) -> str:
        name = self._take(_NAME, "the name of an attribute")[0].upper()
        self._take(_EQUAL, f"'=' after {name}")
        return name

    def _pairs(self) -> Iterable[tuple[str, Value]]:
        self._at += 1
        while not self._next_is("]"):
            name = self._name()
            yield name, self._value()
            if not self._next_is("]"):
                self._take(re.compile(","), "',' or ']'")
        self._at += 1

    def _value(self) -> Value:
        start = self._at
        match = _QUOTED.match(self._text, start)
        if match is not None:
            self._at = match.end()
            return Value(match[1].replace('\\"', '"'), start, match.end())
        match = self._take(_PLAIN, "a value")
        return Value(match[0], start, match.end())


def quoted(text: str) -> str:
    """*text* as a value of the file."""
    return '"' + text.replace('"', '\\"') + '"'


def replaced(text: str, value: Value, new: str) -> str:
    """The file with another value; its quotes, if it had none, come with it."""
    return text[: value.start] + quoted(new) + text[value.end :]


def with_pairs(text: str, attribute: Attribute, pairs: Iterable[tuple[str, str]]) -> str:
    """The file with more pairs in a vector that has some, after its last one, and before a comment on that line."""
    end = attribute.pairs[-1][1].end
    return text[:end] + "".join(f", {name} = {quoted(value)}" for name, value in pairs) + text[end:]


def with_attribute(text: str, new: str, name: str) -> str:
    """The file with the lines *new* below the last attribute called *name*, else at the end after an empty line."""
    same = [each.end for each in parse(text) if each.name == name]
    line_end = text.find("\n", same[-1]) if same else -1
    at = len(text) if line_end < 0 else line_end + 1
    before = text[:at] if text[:at].endswith("\n") or not text[:at] else text[:at] + "\n"
    gap = "\n" if "\n" in new or not same else ""
    return f"{before}{gap}{new}\n{text[at:]}"
