"""
Tell the training's steps in a trace, and how much of them waited for input.

Best sign first: events that carry a step number, calls of a ``tf.function``, compiled
programs of JAX, runs of a graph, the "Steps" line of a device.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from kerascrash.collect.xplane.plane_names import PlaneNames

_MOST = 20_000
_NUMBER, _CALL = "step_num", "tf_function_call"
_JITTED = "PjitFunction("
_RUNS = ("FunctionRun", "SessionRun", "TfrtSessionRun")
_INPUT = ("IteratorGetNext", "Iterator::GetNext", "IteratorConsume")
STEPS_LINE = "Steps"
GRAPH_RUN, DEVICE_STEP, UNKNOWN = 3, 4, 5
_FEWEST = {GRAPH_RUN: 5}  # a few runs may be of as many different graphs


@dataclass(slots=True)
class Marked:
    """Events of one kind that may be steps: (begin, duration) in ps."""

    sign: int
    name: str
    line: str
    times: list[tuple[int, int]] = field(default_factory=list)


class StepFinder:
    """Is shown events of each kind until it knows whether that kind may be steps."""

    def __init__(self) -> None:
        self._marked: dict[tuple[int, str, str], Marked] = {}
        self._ids: dict[int, tuple[PlaneNames, dict[int, str]]] = {}

    def take(self, names: PlaneNames, line: str, begin_ps: int, event: Any) -> None:
        """Take an event that may be a step; a kind that comes only once is none."""
        kind = event.metadata_id
        times = (begin_ps + event.offset_ps, event.duration_ps)
        sign = names.signs.get(kind, UNKNOWN)
        if sign == UNKNOWN:
            first = names.first.pop(kind, None)
            if first is None:
                names.first[kind] = (line, *times)
                return
            sign = names.signs[kind] = self._sign_of(names, kind, event)
            if sign is not None:
                self.add(sign, names.events[kind], *first)
        if sign is not None:
            self.add(sign, names.events[kind], line, *times)

    def _sign_of(self, names: PlaneNames, kind: int, event: Any) -> int | None:
        """Return the rank of what the event shows, None if it is no sign of a step."""
        name = names.events.get(kind)
        if name is None:
            return None
        if id(names) not in self._ids:
            self._ids[id(names)] = (names, names.stat_ids(_NUMBER, _CALL))
        ids = self._ids[id(names)][1]
        carried: Collection[str] = ()
        if ids:
            found = [stat.metadata_id for stat in event.stats]
            carried = [ids[one] for one in found if one in ids]
        if _NUMBER in carried:
            return 0
        if _CALL in carried:
            return 1
        if name.startswith(_JITTED):
            return 2
        return GRAPH_RUN if name in _RUNS else None

    def add(
        self, sign: int, name: str, line: str, begin_ps: int, duration_ps: int
    ) -> None:
        """Note an event that may be a step; TensorFlow's own threads start none."""
        if sign == GRAPH_RUN and line.startswith("tf_"):
            return
        key = (sign, name, line)
        marked = self._marked.setdefault(key, Marked(sign, name, line))
        if len(marked.times) < _MOST:
            marked.times.append((begin_ps, duration_ps))

    def best(self) -> Marked | None:
        """Return the steps: by the best sign seen often; of rivals the longest."""
        often = [
            marked
            for marked in self._marked.values()
            if len(marked.times) >= _FEWEST.get(marked.sign, 2)
        ]
        if not often:
            return None
        sign = min(marked.sign for marked in often)
        best = max(
            (marked for marked in often if marked.sign == sign),
            key=lambda marked: sum(duration for _, duration in marked.times),
        )
        best.times = _outermost(best.times)
        return best


def input_share(steps: Marked | None, input_ps: int) -> float | None:
    """Return the part of the steps that waited for input, if both are known."""
    if steps is None or not input_ps:
        return None
    begin, (last, duration) = steps.times[0][0], steps.times[-1]
    span = last + duration - begin
    return min(input_ps / span, 1.0) if span > 0 else None


def is_input(name: str) -> bool:
    """Whether an event of that name waits for the input pipeline."""
    return name.startswith(_INPUT) and "::" in name


def _outermost(times: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the events in order, without those that lie inside one before them."""
    kept: list[tuple[int, int]] = []
    end = -1
    for begin, duration in sorted(times, key=lambda one: (one[0], -one[1])):
        if begin >= end:
            kept.append((begin, duration))
            end = begin + duration
    return kept
