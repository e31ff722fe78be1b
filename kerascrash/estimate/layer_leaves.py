"""
The layers of a recorded model that compute: wrappers opened, loops over cells closed.

Layers inside layers are listed, where a layer is more than what Keras itself ships; a
custom layer is listed after those inside it when it tells an output of its own. What
``TimeDistributed`` wraps runs once for each time step, a model inside a model as often
as the graph calls it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.layer_outputs import whole
from kerascrash.estimate.layer_sequences import is_attention, is_recurrent
from kerascrash.estimate.layer_shapes import (
    Basis,
    is_keras_own,
    per_sample,
    settings_of,
)

_DEEPEST = 8
_GATHERING = frozenset({"Bidirectional", "TimeDistributed"})
"""Wrappers that make a tensor of their own out of what the wrapped layer made."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """
    One layer; ``steps`` and ``calls`` say how often a step of the training runs it.

    ``kind`` and ``settings`` are those by which it is sized. ``gathers``: the layers
    inside are listed already, and what it makes of theirs comes on top.
    """

    name: str
    row: Mapping[str, Any]
    kind: str
    settings: Mapping[str, Any]
    steps: int = 1
    calls: int = 1
    gathers: bool = False


def leaves_of(
    rows: object, basis: Basis, prefix: str = "", depth: int = _DEEPEST,
    steps: int = 1, calls: int = 1,
) -> Iterator[Leaf]:  # fmt: skip
    """Yield the layers that compute, those inside a model or custom layer too."""
    for row in rows if isinstance(rows, (list, tuple)) else ():
        if not isinstance(row, Mapping):
            continue
        name = f"{prefix}{row.get('name') or '?'}"
        kind, inside = str(row.get("class") or ""), row.get("layers")
        if not inside or not depth or is_recurrent(kind) or is_attention(kind):
            yield Leaf(name, row, *_sized_as(row, kind), steps, calls)
            continue
        times = _time_steps(row, basis) if kind == "TimeDistributed" else 1
        runs = calls * (whole(row.get("calls")) or 1)
        yield from leaves_of(inside, basis, f"{name}/", depth - 1, steps * times, runs)
        if kind in _GATHERING if is_keras_own(row) else row.get("output_shape"):
            settings = settings_of(row)
            yield Leaf(name, row, kind, settings, steps, calls, gathers=True)


def _time_steps(row: Mapping[str, Any], basis: Basis) -> int:
    given = per_sample(row.get("input_shape"), basis)
    return given[0] if given else 1


def _sized_as(row: Mapping[str, Any], kind: str) -> tuple[str, Mapping[str, Any]]:
    """Return class and settings: ``RNN`` is sized as the last of its cells."""
    settings, cells = settings_of(row), _cells(row)
    if not cells:
        return kind, settings
    cell = str(cells[-1].get("class") or "").removesuffix("Cell")
    units = whole(settings_of(cells[-1]).get("units"))
    return (cell if is_recurrent(cell) else kind), {**settings, "units": units}


def _cells(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the cells that ``RNN`` runs, those of a stack one by one."""
    if row.get("class") not in ("RNN", "StackedRNNCells"):
        return []
    cells = [one for one in row.get("layers") or () if isinstance(one, Mapping)]
    return [part for one in cells for part in (_cells(one) or [one])]
