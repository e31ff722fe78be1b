"""
Advice on a check of native code that failed: which value is wrong, and who gave it.

A check prints both sides; what is not the constant has a value that it must not have.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from itertools import islice

from kerascrash.estimate.source_lines import known_lines
from kerascrash.estimate.statements import node_at
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Place
from kerascrash.model.verdict import Advice
from kerascrash.units import line_in_words

_COMPARED = re.compile(
    r"Check failed: (?P<left>[^\s=<>!]+(?: [-+*/] \S+)?) (?P<sign>[=!<>]=|[<>]) "
    r"(?P<right>\S.*?) ?\((?P<was>[^()\s]{1,60}) vs\. (?P<wanted>[^()\s]{1,60})\)"
)
"""glog's CHECK_EQ and its like: the expression as written, then both values."""
_CONSTANT = re.compile(r"-?\d[\w.]*|k[A-Z]\w*|nullptr|true|false")
_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")
_SAYS_NOTHING = frozenset(
    {"num", "size", "value", "get", "set", "count", "index", "data", "ptr", "this"}
)
_AROUND = 5
_MOST_LINES = 200


def look_for_the_value(case: Case) -> list[Advice]:
    """Return what gave the value that failed the check, or that it is to be found."""
    lines = (line.text for log in case.logs for line in reversed(log.lines))
    found = next(filter(None, map(_COMPARED.search, lines)), None)
    if found is None:
        return []
    name, value = found["left"], found["was"]
    if _CONSTANT.fullmatch(name):
        name, value = found["right"], found["wanted"]
    wants = f"the check wants `{found['left']} {found['sign']} {found['right']}`"
    givers = set(_givers(case, name, value))
    if len(givers) != 1:
        why = (
            "An argument, a setting or a shape gave it that value; the file and line "
            "before `Check failed` say whose check it is, the lines above it what ran."
        )
        return [Advice(f"Find what makes `{name}` {value}: {wants}.", why)]
    place, call = givers.pop()
    where = line_in_words(os.path.basename(place.file), place.line)
    action = f"Give `{call}` another value than {value} ({where}): {wants}."
    why = (
        f"Of the recorded lines this one passes {value} by a name like `{name}`; "
        "native code checks a setting when it is first used, so the crash comes later."
    )
    return [Advice(action, why, place=place)]


def _givers(case: Case, name: str, value: str) -> Iterator[tuple[Place, str]]:
    """Yield the user's lines that pass this very value by a name akin to ``name``."""
    recording = recording_of(case)
    asked = _words(name)
    if recording is None or not asked:
        return
    for file, lines in known_lines(recording).items():
        for number in islice((n for n, t in lines.items() if value in t), _MOST_LINES):
            near = {n: text for n, text in lines.items() if abs(n - number) <= _AROUND}
            if not any(
                word in text.lower() for word in asked for text in near.values()
            ):
                continue  # to parse them costs more
            place = Place(file, number, "", tuple(sorted(near.items())))
            statement = node_at(place)
            for call, passed in _passed(statement[2]) if statement else ():
                if passed == value and asked & _words(call):
                    yield place, call.rpartition(".")[2]


def _passed(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield (what it is passed to, spelling) of all that a statement passes."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            for argument in node.args:
                yield ast.unparse(node.func), ast.unparse(argument)
            for keyword in node.keywords:
                yield keyword.arg or "", ast.unparse(keyword.value)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield ast.unparse(target), ast.unparse(node.value)


def _words(name: str) -> frozenset[str]:
    """Return the words of an identifier that tell what it is about."""
    found = {word.lower().removesuffix("s") for word in _WORD.findall(name)}
    return frozenset(found) - _SAYS_NOTHING
