"""
The one place that replaces: learn everything first, then change text by text.

A redactor is made for one case. It gives the same pseudonym for the same value in
whatever it is asked to change: the diagnosis, the dump, the logs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kerascrash.redact.addresses import replace_addresses
from kerascrash.redact.arguments import replace_arguments
from kerascrash.redact.identities import group_parts
from kerascrash.redact.knowledge import Knowledge
from kerascrash.redact.literals import Literals
from kerascrash.redact.names import SOURCE_LEFT_OUT, UserNames
from kerascrash.redact.paths import replace_paths
from kerascrash.redact.pseudonyms import PSEUDONYM, Pseudonyms
from kerascrash.redact.secret_names import find_named, is_secret_name, is_secret_value
from kerascrash.redact.secret_shapes import find_shaped

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_FRAME = re.compile(r"\s*File \".*\", line \d+, in ")
_PLAIN_KEY = re.compile(r"[a-z][a-z0-9_]{0,40}")
_PATH_END = r"(?=[\\/\s'\":,;)\]}>|*?]|$)"


class Redactor:
    """Replaces what ``knowledge`` tells and what shapes give away."""

    def __init__(self, knowledge: Knowledge, *, names: bool = False) -> None:
        self.names = names
        self._pseudonyms = Pseudonyms()
        self._seen: dict[str, str] = {}
        self._whole: dict[tuple[str, str], str] = {}
        self._texts: Counter[str] = Counter()
        who = knowledge.identities
        self._secrets = Literals(sorted(knowledge.secrets), "secret")
        self._roots = Literals(sorted(who.roots), "project", _PATH_END)
        self._groups = sorted(who.groups, key=lambda path: (-len(path), path))
        self._parts = Literals(
            sorted({p for g in who.groups for p in group_parts(g) if len(p) > 7}),
            "group",
        )
        self._versions = frozenset(who.versions)
        self._words = _word_rule(who.words)
        self._kinds = {word.lower(): kind for word, kind in who.words.items()}
        self._own = UserNames(knowledge.names) if names else None

    def text(self, text: str) -> str:
        """Return the text without what should not be shared."""
        changed = self._seen.get(text)
        if changed is None:
            changed = self._seen[text] = self._change(text)
            if changed != text:
                before = Counter(PSEUDONYM.findall(text))
                found = set(Counter(PSEUDONYM.findall(changed)) - before)
                self._texts.update({kind_of(one) for one in found})
        return changed

    def name(self, kind: str, value: str) -> str:
        """Return the pseudonym of a value."""
        return self._pseudonyms.name(kind, value)

    def whole(self, kind: str, value: str) -> str:
        """Return the pseudonym of a value that is a whole text, and count the text."""
        if (kind, value) not in self._whole:
            self._whole[kind, value] = self.name(kind, value)
            self._texts[kind] += 1
        return self._whole[kind, value]

    def value(self, value: Any, key: str = "") -> Any:
        """Return JSON data with every text in it replaced, keys too."""
        if isinstance(value, str):
            return self._keyed(value, key)
        if isinstance(value, Mapping):
            frame = self._own is not None and "function" in value
            return {
                self._key(str(k)): SOURCE_LEFT_OUT
                if frame and k == "source" and item
                else self.value(item, str(k))
                for k, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return type(value)(self._items(value, key))
        if isinstance(value, (set, frozenset)):
            return {self.value(item, key) for item in value}
        return value

    def lines(self, texts: Sequence[str]) -> list[str]:
        """Return the lines of one log replaced."""
        if self._own is None:
            return [self.text(text) for text in texts]
        return [
            SOURCE_LEFT_OUT if _FRAME.match(before) else self.text(text)
            for before, text in zip(["", *texts], texts, strict=False)
        ]

    def counts(self) -> list[tuple[str, int, int]]:
        """Return kind, number of values and of texts for all that was replaced."""
        values = self._pseudonyms.counts()
        kinds = sorted({*values, *self._texts})
        return [(kind, values.get(kind, 1), self._texts[kind]) for kind in kinds]

    def _items(self, value: Iterable[Any], key: str) -> list[Any]:
        entries = list(value)
        if key == "argv" and all(isinstance(entry, str) for entry in entries):
            return replace_arguments(entries, self.text, self.whole)
        if self._own and key == "excerpt":
            return []
        if self._own and key == "traceback":
            return [self._traceback_row(row) for row in entries]
        return [self.value(item, key) for item in entries]

    def _traceback_row(self, row: Any) -> Any:
        """Return ``[file, line, function, source]`` without the source."""
        changed = self.value(row)
        if isinstance(changed, list) and len(changed) == 4 and self._own:
            function = self._own.field(str(changed[2]), "function", self.name)
            return [*changed[:2], function, SOURCE_LEFT_OUT]
        return changed

    def _keyed(self, text: str, key: str) -> str:
        if key == "boot_id":
            return self.whole("id", text) if text else text
        if key and is_secret_name(key) and is_secret_value(text) and text:
            return self.whole("secret", text)
        changed = self.text(text)
        return self._own.field(changed, key, self.name) if self._own else changed

    def _key(self, key: str) -> str:
        """Keys of records stay; keys that users made are texts like others."""
        if _PLAIN_KEY.fullmatch(key):
            return self._secrets.replace(key, self.name)
        return self.text(key)

    def _change(self, text: str) -> str:
        if "\x1b" in text:  # an escape in its middle would hide a secret
            text = _ESCAPES.sub("", text)
        if not text.isascii():  # as would a character that takes no room
            text = _UNSEEN.sub("", text)
        text = self._secrets.replace(text, self.name)
        text = self._spans(text)
        text = self._secrets.replace_cut(text, self.name)
        text = self._roots.replace(text, self.name)
        text = self._group(text)
        text = replace_paths(text, self.name)
        text = self._parts.replace(text, self.name)
        text = replace_addresses(text, self.name, self._versions)
        if self._words is not None:
            text = self._words.sub(self._word, text)
        return self._own.text(text, self.name) if self._own else text

    def _spans(self, text: str) -> str:
        spans = sorted({*find_shaped(text), *find_named(text)})
        shown, end = [], 0
        for begin, stop in spans:
            if begin < end or PSEUDONYM.match(text, begin):
                continue
            shown += [text[end:begin], self.name("secret", text[begin:stop])]
            end = stop
        return "".join([*shown, text[end:]]) if shown else text

    def _group(self, text: str) -> str:
        if "/" not in text:
            return text
        for path in self._groups:
            if path in text:
                text = text.replace(path, self._group_path(path))
        return text

    def _group_path(self, path: str) -> str:
        own = set(group_parts(path))
        parts = [
            self.name("group", part) if part in own else part
            for part in path.split("/")
        ]
        return "/".join(parts)

    def _word(self, found: re.Match[str]) -> str:
        word = found.group()
        return self.name(self._kinds[word.lower()], word.lower())


def kind_of(pseudonym: str) -> str:
    """Return the kind in ``<kind-3>``."""
    return pseudonym.strip("<>").rsplit("-", 1)[0]


def _word_rule(words: Mapping[str, str]) -> re.Pattern[str] | None:
    if not words:
        return None
    ordered = sorted(words, key=lambda word: (-len(word), word))
    choice = "|".join(map(re.escape, ordered))
    return re.compile(
        rf"(?<![A-Za-z0-9<])(?:{choice})(?![A-Za-z0-9]|-\d+>|>)", re.IGNORECASE
    )
