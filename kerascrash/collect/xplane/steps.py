"""
Tell the training's steps in a trace, and how much of them waited for input.

Best sign first: events that carry a step number, calls of a ``tf.function``, compiled
programs of JAX, runs of a graph, the "Steps" line of a device.
"""

from __future__ import annotations

from kerascrash.collect.xplane.plane_names import BY_RUN

_MOST = 20_000
_FEWEST = {BY_RUN: 5}  # a few runs may be of as many different graphs
_SEEN_OFTEN = 2
STEPS_LINE = "Steps"


class Marked:
    """Events of one kind that may be steps: (begin, duration) in ps."""

    def __init__(self, sign: int, name: str) -> None:
        self.sign = sign
        self.name = name
        self.times: list[tuple[int, int]] = []


class StepFinder:
    """Is told of the events that may be steps."""

    def __init__(self) -> None:
        self._marked: dict[tuple[int, str, str], Marked] = {}

    def add(
        self, sign: int, name: str, line: str, begin_ps: int, duration_ps: int
    ) -> None:
        """Note an event that may be a step; TensorFlow's own threads start none."""
        if sign == BY_RUN and line.startswith("tf_"):
            return
        key = (sign, name, line)
        marked = self._marked.get(key)
        if marked is None:
            marked = self._marked[key] = Marked(sign, name)
        if len(marked.times) < _MOST:
            marked.times.append((begin_ps, duration_ps))

    def best(self) -> Marked | None:
        """Return the steps: by the best sign seen often; of rivals the longest."""
        often = [
            marked
            for marked in self._marked.values()
            if len(marked.times) >= _FEWEST.get(marked.sign, _SEEN_OFTEN)
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


def _outermost(times: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the events in order, without those that lie inside one before them."""
    kept: list[tuple[int, int]] = []
    end = -1
    for begin, duration in sorted(times, key=lambda one: (one[0], -one[1])):
        if begin >= end:
            kept.append((begin, duration))
            end = begin + duration
    return kept
