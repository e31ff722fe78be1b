"""The names of one plane, and what they mean; built once for all its lines."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ALLOCATION, DEALLOCATION = "MemoryAllocation", "MemoryDeallocation"
_JITTED = "PjitFunction("
_RUNS = ("FunctionRun", "SessionRun", "TfrtSessionRun")
_INPUT = ("IteratorGetNext", "Iterator::GetNext", "IteratorConsume")
_TELLING = (ALLOCATION, DEALLOCATION, _JITTED, *_RUNS, *_INPUT)
_NUMBER, _CALL = "step_num", "tf_function_call"
BY_NUMBER, BY_CALL, BY_JIT, BY_RUN, BY_DEVICE, NO_STEP = range(6)
"""Signs of a step, the best first."""


class PlaneNames:
    """
    Names of events and statistics by metadata id.

    ``memory`` says of the ids of memory events whether they free; ``input`` are those
    of events that wait for the input pipeline.
    """

    def __init__(
        self, plane: str, events: Mapping[int, str], stats: Mapping[int, str]
    ) -> None:
        self.plane = plane
        self.events = events
        self.stats = stats
        telling = {k: name for k, name in events.items() if name.startswith(_TELLING)}
        self.memory = {
            key: name == DEALLOCATION
            for key, name in telling.items()
            if name in (ALLOCATION, DEALLOCATION)
        }
        self.input = {
            key
            for key, name in telling.items()
            if name.startswith(_INPUT) and "::" in name
        }
        self._signs = {
            key: BY_RUN if name in _RUNS else BY_JIT
            for key, name in telling.items()
            if name in _RUNS or name.startswith(_JITTED)
        }
        self._numbers = {key for key, name in stats.items() if name == _NUMBER}
        self._marks = {key for key, name in stats.items() if name in (_NUMBER, _CALL)}

    def sign_of(self, kind: int, event: Any) -> int:
        """Return which sign of a step an event of that kind shows, if any."""
        if kind not in self.events:
            return NO_STEP
        if self._marks:
            carried = event.stats.metadata_id[:]
            if not self._marks.isdisjoint(carried):
                return BY_CALL if self._numbers.isdisjoint(carried) else BY_NUMBER
        return self._signs.get(kind, NO_STEP)
