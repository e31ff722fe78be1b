"""Values that were learned, found again wherever they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

Name = Callable[[str, str], str]
_MOST = 4000
_SHORTEST_ANYWHERE = 8
_SHORTEST_MIXED = 6
_LONGEST_CUT = 200
_CUT = re.compile(r"([^\s\"'=:…]{4,})(?=…| \[…\]|$)")


def is_telling(value: str) -> bool:
    """Return whether a value is long or odd enough to be sought in every text."""
    if len(value) >= _SHORTEST_ANYWHERE:
        return True
    return len(value) >= _SHORTEST_MIXED and not value.isalpha() and not value.isdigit()


def spellings(value: str) -> Iterable[str]:
    """Return a value as it stands in plain text, in JSON and in URLs."""
    inner = (line.strip() for line in re.split(r"\n|\\n", value))
    lines = [line for line in inner if len(line) >= _SHORTEST_ANYWHERE]
    return {value, json.dumps(value)[1:-1], quote(value, safe=""), quote(value), *lines}


class Literals:
    """A set of values of which each is replaced by its own pseudonym."""

    def __init__(self, values: Iterable[str], kind: str, ends: str = "") -> None:
        self._kind = kind
        self._whole: dict[str, str] = {}
        for value in list(values)[:_MOST]:
            for spelling in spellings(value) if kind == "secret" else (value,):
                self._whole.setdefault(spelling, value)
        ordered = sorted(self._whole, key=lambda text: (-len(text), text))
        choice = "|".join(map(re.escape, ordered))
        self._rule = re.compile(f"(?:{choice}){ends}") if ordered else None

    def replace(self, text: str, name: Name) -> str:
        """Return the text with every value replaced."""
        if self._rule is None:
            return text
        return self._rule.sub(lambda f: name(self._kind, self._whole[f.group()]), text)

    def replace_cut(self, text: str, name: Name) -> str:
        """Replace what a text that was cut off still holds of a value's beginning."""

        def shown(found: re.Match[str]) -> str:
            for value in self._whole:
                at = _overlap(found[1], value)
                if at >= 0:
                    return found[1][:at] + name(self._kind, self._whole[value])
            return found[1]

        return _CUT.sub(shown, text) if self._rule is not None else text


def _overlap(text: str, value: str) -> int:
    """Return where the longest beginning of ``value`` that ends ``text`` begins."""
    for length in range(min(len(text), len(value) - 1, _LONGEST_CUT), 3, -1):
        if text.endswith(value[:length]):
            return len(text) - length
    return -1
