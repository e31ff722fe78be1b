"""
Names that the user gave: variables, functions, classes, layers, models, own files.

Only taken out on request: they say which object is to blame. A name that is an everyday
word (``data``, ``model``) is replaced where it stands as a name, not in sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from kerascrash.model.evidence import Place
from kerascrash.redact.identities import COMMON_WORDS
from kerascrash.redact.pseudonyms import PSEUDONYM, SPELLED

Name = Callable[[str, str], str]
SOURCE_LEFT_OUT = "(source left out)"
_NAME = re.compile(r"[A-Za-z_]\w*")
_FIELDS = frozenset({"owner", "path", "function", "name", "place"})
_STANDARD_TEXT = """
__main__ __init__ __call__ __enter__ __exit__ self cls super append extend add update
setdefault insert put fit evaluate predict train_on_batch call build compile range
enumerate zip print len model module lambda listcomp dictcomp genexpr history layers
weights tf np keras tensorflow numpy os sys dense conv2d batch_normalization dropout
flatten embedding lstm gru sequential functional input_layer adam sgd main run train x y
data list dict tuple set deque host list_of
"""
_STANDARD = frozenset(_STANDARD_TEXT.split())
_PIECES = re.compile(f"({SPELLED})")
_PART = rf"(?:[^\s'\"`,;:()<>|*?/\\]|{SPELLED})+"
_BELOW = re.compile(rf"(<project(?:-\d+)?>)((?:[\\/]+{_PART})+)")
_FOLDERS = _STANDARD | {"kerascrash-dumps", "plugins", "profile", "logs", "src", "bin"}
_CODE = re.compile(r"`([^`\n]+)`")


def collect_names(value: Any, into: set[str], key: str = "") -> None:
    """Add the names that a record of the dump or a place in code tells."""
    if isinstance(value, Place):
        _add(value.function, into)
        _add_file(value.file, into)
    elif isinstance(value, Mapping):
        _collect_mapping(value, into, key)


def _collect_mapping(value: Mapping[str, Any], into: set[str], key: str) -> None:
    if key == "entries":
        _add(value.get("owner"), into)
        _add(value.get("path"), into)
    if (key == "frames" and value.get("user")) or key in ("place", "where"):
        _add(value.get("function"), into)
        _add_file(value.get("file"), into)
    if key in ("models", "layers", "data"):
        name, kind = str(value.get("name") or ""), str(value.get("class") or "")
        if not _is_automatic(name, kind):
            _add(name, into)
    if isinstance(value.get("function"), str) and "traces" in value:
        _add(value["function"], into)


def _is_automatic(name: str, kind: str) -> bool:
    """Return whether Keras gave the name: that of the class, and a number."""
    snake = re.sub(
        r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind
    ).lower()
    return re.sub(r"_\d+$", "", name) in (snake, snake.replace("_", ""), "input_layer")


def _add(name: object, into: set[str]) -> None:
    if isinstance(name, str):
        words = _NAME.findall(PSEUDONYM.sub("", name))
        into.update(word for word in words if word.lower() not in _STANDARD)


def _add_file(path: object, into: set[str]) -> None:
    if isinstance(path, str) and not re.search(
        r"site-packages|dist-packages|lib/python", path
    ):
        _add(PurePath(path.replace("\\", "/")).stem, into)


class UserNames:
    """Replaces the names that were collected."""

    def __init__(self, names: set[str]) -> None:
        self._names = frozenset(names)
        telling = sorted(n for n in names if _is_telling(n))
        telling.sort(key=len, reverse=True)
        choice = "|".join(map(re.escape, telling))
        self._rule = re.compile(rf"(?<![\w<-])(?:{choice})(?!\w)") if telling else None

    def text(self, text: str, name: Name) -> str:
        """Return the text without telling names, and without any in code spans."""
        if "<project" in text:
            text = _BELOW.sub(lambda found: _below(found, name), text)
        if self._rule is not None:
            text = self._rule.sub(lambda found: name("name", found.group()), text)
        return _CODE.sub(lambda found: f"`{self._all(found[1], name)}`", text)

    def field(self, text: str, key: str, name: Name) -> str:
        """Return the value of a field that holds a name."""
        return self._all(text, name) if key in _FIELDS else text

    def _all(self, text: str, name: Name) -> str:
        pieces = _PIECES.split(text)
        return "".join(
            piece if index % 2 else _NAME.sub(lambda f: self._one(f, name), piece)
            for index, piece in enumerate(pieces)
        )

    def _one(self, found: re.Match[str], name: Name) -> str:
        word = found.group()
        return name("name", word) if word in self._names else word


def _below(found: re.Match[str], name: Name) -> str:
    """Return a path in the project with its folders and its file renamed."""
    parts = re.split(r"([\\/]+)", found[2])
    return found[1] + "".join(_part(part, name) for part in parts)


def _part(part: str, name: Name) -> str:
    stem, dot, suffix = part.partition(".")
    if not _NAME.search(stem) or PSEUDONYM.fullmatch(stem) or stem.lower() in _FOLDERS:
        return part
    return f"{name('name', stem)}{dot}{suffix}"


def _is_telling(name: str) -> bool:
    """Return whether a name is no everyday word, so that sentences survive."""
    if len(name) < 3 or name.lower() in COMMON_WORDS:
        return False
    return not (name.isalpha() and name.islower() and len(name) < 7)
