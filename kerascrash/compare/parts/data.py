"""The data sets given to the model: shapes, formats, sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kerascrash.compare.recorded import blob, mappings, whole
from kerascrash.compare.weights import SETTING, of_bytes, of_text, scale_of
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "data"


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    one, two = _by_name(a), _by_name(b)
    scale = scale_of(a, b)
    for name in sorted({*one} & {*two}):
        old, new = one[name], two[name]
        sizes = whole(old.get("bytes")), whole(new.get("bytes"))
        yield from of_bytes(_GROUP, f"size of {name}", sizes, scale)
        yield from of_text(_GROUP, name, _told(old), _told(new), SETTING)


def _by_name(diagnosis: Diagnosis) -> dict[str, Mapping[str, Any]]:
    rows = mappings(blob(diagnosis, "models").get("data"))
    return {str(row.get("name") or "?"): row for row in rows}


def _told(row: Mapping[str, Any]) -> str:
    shape = row.get("shape")
    inner = ", ".join(map(str, shape)) if isinstance(shape, (list, tuple)) else ""
    kind = str(row.get("type") or "").rsplit(".", 1)[-1]
    return f"{row.get('dtype') or ''} {kind} ({inner})".strip()


PART = Part("data", "data given to the model", _compare)
