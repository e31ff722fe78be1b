"""The model: parameters, layers, number format, optimizer, how it is run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from kerascrash.compare.recorded import blob, mapping, mappings, text, whole
from kerascrash.compare.weights import (
    ASIDE,
    SETTING,
    of_bytes,
    of_numbers,
    of_text,
    scale_of,
)
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "model"
_MOST_LAYERS = 2000
_NUMBERED = re.compile(r"_\d+$")
_FLAGS = (
    ("dtype_policy", "number format (dtype policy)", SETTING),
    ("jit_compile", "jit_compile", SETTING),
    ("run_eagerly", "run_eagerly", SETTING),
    ("steps_per_execution", "steps_per_execution", ASIDE),
)
Row = Mapping[str, Any]


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    one, two = (mappings(blob(d, "models").get("models")) for d in (a, b))
    if one and two:
        yield from of_numbers(_GROUP, "number of models", (len(one), len(two)))
        yield from _of_model(_largest(one), _largest(two), scale_of(a, b))


def _largest(models: list[Row]) -> Row:
    return max(models, key=lambda row: whole(row.get("parameters")) or 0)


def _of_model(a: Row, b: Row, scale: int) -> Iterable[Difference]:
    yield from of_numbers(_GROUP, "parameters", _both("parameters", a, b))
    yield from of_bytes(_GROUP, "weights", _both("weights_bytes", a, b), scale)
    for key, name, weight in _FLAGS:
        yield from of_text(_GROUP, name, text(a.get(key)), text(b.get(key)), weight)
    old, new = mapping(a.get("optimizer")), mapping(b.get("optimizer"))
    yield from of_text(
        _GROUP, "optimizer", text(old.get("class")), text(new.get("class"))
    )
    yield from of_bytes(_GROUP, "optimizer slots", _both("bytes", old, new), scale)
    yield from _of_layers(_layers(a), _layers(b))


def _both(key: str, a: Row, b: Row) -> tuple[int | None, int | None]:
    return whole(a.get(key)), whole(b.get(key))


def _layers(model: Row) -> list[Row]:
    return mappings(model.get("layers"))[:_MOST_LAYERS]


def _of_layers(a: list[Row], b: list[Row]) -> Iterable[Difference]:
    """Pair layers by name and kind, in order; pairs that differ and the unpaired."""
    names, others = [_name(row) for row in a], [_name(row) for row in b]
    matcher = SequenceMatcher(None, names, others, autojunk=False)
    for tag, from_a, to_a, from_b, to_b in matcher.get_opcodes():
        if tag == "equal":
            for old, new in zip(a[from_a:to_a], b[from_b:to_b], strict=True):
                yield from _of_pair(old, new)
            continue
        for row in a[from_a:to_a]:
            yield Difference(
                _GROUP, f"layer {_plain(row)}", _told(row), None, "", SETTING
            )
        for row in b[from_b:to_b]:
            yield Difference(
                _GROUP, f"layer {_plain(row)}", None, _told(row), "", SETTING
            )


def _of_pair(a: Row, b: Row) -> Iterable[Difference]:
    shapes = [row.get("output_shape") for row in (a, b)]
    same = whole(a.get("parameters")) == whole(b.get("parameters"))
    if same and shapes[0] == shapes[1] and a.get("dtype") == b.get("dtype"):
        return
    yield Difference(_GROUP, f"layer {_plain(b)}", _told(a), _told(b), "", SETTING)


def _plain(row: Row) -> str:
    return str(row.get("name") or "?")[:80]


def _name(row: Row) -> str:
    """Return class and name without the number that Keras counts up in a process."""
    return f"{row.get('class')} {_NUMBERED.sub('', str(row.get('name') or ''))}"


def _told(row: Row) -> str:
    shape = row.get("output_shape")
    inner = ", ".join(map(str, shape)) if isinstance(shape, (list, tuple)) else "?"
    count = whole(row.get("parameters")) or 0
    return f"{row.get('class')} ({inner}), {count:,} parameters, {row.get('dtype')}"


PART = Part("model", "model", _compare)
