"""The rings of a dump as series in Unix seconds, its events as marks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kerascrash.dump.contents import Dump, EventRecord, ProgressRecord, SampleRecord
from kerascrash.dump.records import IDLE_IS_OVER_S, PROGRESS_IDLE, EventKind, Stage
from kerascrash.model.case import Mark, Series

_MOST_DEVICES = 64


def read_series(dump: Dump) -> tuple[Series, ...]:
    """
    Return every field of the rings that has a reading.

    Fine and coarse samples of the recorder are one series: a reading that is in both
    has the same time and is kept once.
    """
    found: list[Series] = []
    recorder = {record.time_ns: record for record in (*dump.coarse, *dump.fine)}
    for origin, records in (("recorder", recorder.values()), ("watcher", dump.watch)):
        found += _series_of(dump, origin, records)
    return (*found, *_device_series(dump))


def _device_series(dump: Dump) -> Iterable[Series]:
    """Yield the readings of each device, named ``device0_used`` and so on."""
    by_device: dict[int, list[SampleRecord]] = {}
    for record in dump.device_samples:
        values = dict(record.values)
        index = values.pop("device", -1)
        if 0 <= index < _MOST_DEVICES:
            named = {f"device{index}_{name}": v for name, v in values.items()}
            by_device.setdefault(index, []).append(record._replace(values=named))
    for _, records in sorted(by_device.items()):
        yield from _series_of(dump, "watcher", records)


def _series_of(
    dump: Dump, origin: str, records: Iterable[SampleRecord]
) -> Iterable[Series]:
    rows = sorted(records, key=lambda record: record.time_ns)
    names = dict.fromkeys(name for record in rows for name in record.values)
    times = {record.time_ns: dump.to_unix(record.time_ns) for record in rows}
    for name in names:
        kept = [(times[r.time_ns], r.values[name]) for r in rows if name in r.values]
        yield Series(
            name=name,
            origin=origin,
            times=tuple(time for time, _ in kept),
            values=tuple(value for _, value in kept),
        )


def read_marks(dump: Dump) -> tuple[Mark, ...]:
    """Return the events in order of time; unknown kinds keep their number."""
    marks = [_mark(dump, event) for event in dump.events]
    return tuple(sorted((*marks, *_untold_end(dump)), key=lambda m: m.time))


def _untold_end(dump: Dump) -> Iterable[Mark]:
    """
    Yield the end of a stage that nobody was there to write down.

    The recorder's thread sees that no weights are made any more, but not while the call
    that comes after keeps the interpreter. An event that came later told the end, or
    that there is another stage.
    """
    if not dump.progress:
        return
    newest = max(dump.progress, key=lambda record: record.seq)
    if newest.stage != Stage.BUILD or not newest.flags & PROGRESS_IDLE:
        return
    until = max((r.time_ns for r in (*dump.fine, *dump.watch)), default=0)
    until = max((until, *(event.time_ns for event in dump.events)))
    if until - newest.time_ns > IDLE_IS_OVER_S * 1e9:
        data = {"stage": Stage.BUILD.name, "ok": True}
        yield Mark(dump.to_unix(newest.time_ns), "stage_end", data)


def _mark(dump: Dump, event: EventRecord) -> Mark:
    kind = event.kind
    name = kind.name.lower() if isinstance(kind, EventKind) else f"event_{kind}"
    return Mark(dump.to_unix(event.time_ns), name, event.data)


def read_progress(dump: Dump) -> dict[str, Any]:
    """Return the newest progress record as a mapping; what is unknown has no key."""
    if not dump.progress:
        return {}
    newest = max(dump.progress, key=lambda record: record.seq)
    return _progress(dump, newest)


def _progress(dump: Dump, record: ProgressRecord) -> dict[str, Any]:
    known = {
        "epoch": record.epoch,
        "step": record.step,
        "step_in_epoch": record.step_in_epoch,
        "steps_per_epoch": record.steps_per_epoch,
        "batch_size": record.batch_size,
        "step_ns": record.step_ns,
    }
    stages = {int(stage): stage.name.lower() for stage in Stage}
    return {
        "time": dump.to_unix(record.time_ns),
        "stage": stages.get(record.stage, f"stage_{record.stage}"),
        **{name: value for name, value in known.items() if value >= 0},
    }
