"""Slices and instants of a run, told from its marks and readings; Unix seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerascrash.model.case import Case, Mark, Recording
from kerascrash.model.evidence import Unavailable
from kerascrash.report.plain import items, mapping, mappings, whole
from kerascrash.report.series import merged_points

COUNTS = frozenset(
    {"step", "epoch", "stage", "threads", "fds", "children", "major_faults", "state"}
)
_COUNT_ENDINGS = (
    "_state", "_percent", "_c", "_mw", "_uncorrected", "_throttle", "_xid",
)  # fmt: skip
_FIRST_TIME = 1e8  # Unix seconds
TIMES = frozenset({"cpu_us", "psi_some_us", "psi_full_us", "interval_us"})
_SPANS = {
    "stage_begin": ("stages", "stage", "stage_end"),
    "epoch_begin": ("epochs", "epoch", "epoch_end"),
}


@dataclass(frozen=True, slots=True)
class Slice:
    """Something that lasted, on a named track."""

    track: str
    name: str
    begin: float
    end: float
    data: Mapping[str, Any] = field(default_factory=dict)


def unit_of(name: str) -> str:
    """Return the unit of a quantity by the name of its series."""
    if name in COUNTS or name.endswith(_COUNT_ENDINGS):
        return "count"
    return "µs" if name in TIMES else "bytes"


def recording_in(case: Case) -> Recording | None:
    """Return the recording, None where there is none."""
    return None if isinstance(case.recording, Unavailable) else case.recording


def end_of(case: Case) -> float:
    """Return the death, else the last thing known, 0 when nothing is."""
    recording = recording_in(case)
    times = [case.death or 0.0]
    if recording is not None:
        times += [mark.time for mark in recording.marks[-1:]]
        times.append(recording.last_sample or 0.0)
    return max(times)


def slices_of(case: Case) -> list[Slice]:
    """Return stages, epochs, steps and the stacks at death, in order of their begin."""
    recording = recording_in(case)
    if recording is None:
        return []
    end = end_of(case)
    spans = list(_spans(recording.marks, end))
    trains = any(one.track == "stages" and one.end == end for one in spans)
    found = [
        *spans,
        *_steps(recording, end if trains else None),
        *_stacks(recording, end),
    ]
    return sorted(found, key=lambda one: (one.begin, -one.end))


def _spans(marks: Sequence[Mark], end: float) -> Iterable[Slice]:
    """Pair begins with ends; what was open at the death ends with it."""
    closing = {close: (track, key) for track, key, close in _SPANS.values()}
    still_open: list[tuple[str, str, Mark]] = []
    for mark in marks:
        if mark.kind in _SPANS:
            track, key, _ = _SPANS[mark.kind]
            still_open.append((track, _label(track, mark.data.get(key)), mark))
        elif mark.kind in closing:
            track, key = closing[mark.kind]
            name = _label(track, mark.data.get(key))
            at = next(
                (
                    i
                    for i in reversed(range(len(still_open)))
                    if still_open[i][:2] == (track, name)
                ),
                None,
            )
            if at is not None:
                begun = still_open.pop(at)[2]
                yield Slice(track, name, begun.time, mark.time, begun.data)
    for track, name, begun in still_open:
        yield Slice(track, name, begun.time, max(end, begun.time), begun.data)


def _label(track: str, value: object) -> str:
    """Return ``epoch 1`` for the first epoch, the stage's name for a stage."""
    if track == "epochs":
        count = whole(value)
        return f"epoch {count + 1}" if count is not None else "epoch"
    return str(value or "?").lower()


def _steps(recording: Recording, end: float | None) -> Iterable[Slice]:
    """
    Tell steps from the counter in the readings: several may lie between two.

    ``end`` is the death if it came within a step, None if training was over.
    """
    points = [point for point in merged_points(recording, "step") if point[1] >= 0]
    begun: tuple[float, int] | None = None
    for time, step in points:
        if begun is not None and step == begun[1]:
            continue
        if begun is not None and step > begun[1]:
            yield Slice("steps", _step_name(begun[1], step), begun[0], time)
        begun = (time, step)
    if begun is not None and end is not None and end > begun[0]:
        yield Slice("steps", f"step {begun[1] + 1}", begun[0], end)


def _step_name(done: int, now: int) -> str:
    return f"step {now}" if now == done + 1 else f"steps {done + 1}–{now}"


def _stacks(recording: Recording, end: float) -> Iterable[Slice]:
    """Stack the frames of each thread from when they were taken to the death."""
    when = recording.blob_times.get("stacks")
    if when is None:
        return
    for thread in mappings(recording.stacks.get("threads")):
        track = f"stack of {thread.get('name') or 'a thread'}"
        for frame in reversed(items(thread.get("frames"))):
            row = mapping(frame)
            place = {"file": str(row.get("file") or ""), "line": whole(row.get("line"))}
            name = str(row.get("function") or "?")
            yield Slice(track, name, when, max(end, when), place)


def instants_of(case: Case) -> list[Mark]:
    """Return what happened at one moment: every mark that is no begin or end."""
    recording = recording_in(case)
    ends = {close for _, _, close in _SPANS.values()}
    marks = recording.marks if recording is not None else ()
    found = [
        mark for mark in marks if mark.kind not in _SPANS and mark.kind not in ends
    ]
    if case.death is not None:
        found.append(Mark(case.death, "death"))
    return found


def counters_of(case: Case) -> dict[str, list[tuple[float, int]]]:
    """Return every quantity over time: readings, and allocators from traces."""
    recording = recording_in(case)
    found: dict[str, list[tuple[float, int]]] = {}
    if recording is not None:
        for name in sorted({series.name for series in recording.series}):
            found[name] = merged_points(recording, name)
    memories = [m for t in case.traces for m in getattr(t, "allocators", ())]
    hosts = {memory.host for memory in memories}
    for memory in memories:
        name = f"allocator {memory.name}"
        if len(hosts) > 1:
            name += f" of {memory.host}"
        # What a trace without a clock tells has no place on this run's.
        points = [point for point in memory.timeline if point[0] >= _FIRST_TIME]
        found.setdefault(name, []).extend(points)
    return {name: sorted(points) for name, points in found.items() if points}
