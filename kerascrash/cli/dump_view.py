"""A dump's records for people and for programs, as `kerascrash show` gives them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from kerascrash.dump.records import EventKind, Stage
from kerascrash.report.safe_text import safe_block, safe_line
from kerascrash.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerascrash.dump.contents import Dump, SampleRecord

SAMPLES = ("fine", "coarse", "watch", "device_samples")
_LAST_SAMPLES = 3
_NO_BYTES = (
    "step", "epoch", "stage", "threads", "fds", "children", "major_faults",
    "power_mw", "ecc_uncorrected",
)  # fmt: skip
_TABLE = ("sections", "fields")


def stage_name(number: int) -> str:
    """Return the name of a stage; a number that we do not know stays one."""
    return Stage(number).name.lower() if number in set(Stage) else str(number)


def event_name(kind: int) -> str:
    """Return the name of a kind of event; an unknown one stays a number."""
    return EventKind(kind).name.lower() if kind in set(EventKind) else f"kind {kind}"


def as_json(dump: Dump) -> dict[str, Any]:
    """Return every record by section; times are Unix seconds."""
    unix = dump.to_unix
    view: dict[str, Any] = {"path": dump.path, "header": dump.header.raw}
    view["damage"] = [note._asdict() for note in dump.damage]
    for name in SAMPLES:
        view[name] = [
            {"seq": s.seq, "time": unix(s.time_ns), "values": s.values}
            for s in getattr(dump, name)
        ]
    view["events"] = [
        {"seq": e.seq, "time": unix(e.time_ns), "kind": event_name(e.kind), **_data(e)}
        for e in dump.events
    ]
    view["progress"] = [
        {
            "seq": p.seq,
            "time": unix(p.time_ns),
            "stage": stage_name(p.stage),
            **dict(zip(p._fields[3:], p[3:], strict=True)),
        }
        for p in dump.progress
    ]
    view["blobs"] = {
        name: {"seq": b.seq, "time": unix(b.time_ns), **_data(b)}
        for name, b in dump.blobs.items()
    }
    view["stderr"] = dump.stderr.decode("utf-8", "backslashreplace")
    view["certificate"] = dump.certificate
    return view


def _data(record: Any) -> dict[str, Any]:
    return {"data": record.data}


def as_text(dump: Dump, events: int) -> Iterator[str]:
    """Yield lines: header, damage, the last samples and events, what else is there."""
    yield from header_lines(dump)
    yield from damage_lines(dump)
    for name in SAMPLES:
        samples: list[SampleRecord] = getattr(dump, name)
        yield f"{name}: {len(samples)} samples{_span(dump, samples)}"
        for sample in samples[-_LAST_SAMPLES:]:
            yield f"  {_clock(dump, sample.time_ns)}  {_values(sample.values)}"
    yield from progress_lines(dump, 1)
    yield from event_lines(dump, events)
    for name, blob in sorted(dump.blobs.items()):
        keys = safe_line(", ".join(blob.data), 200)
        yield f"blob {safe_line(name)}: {_clock(dump, blob.time_ns)}  {keys}"
    yield f"stderr: {len(dump.stderr)} bytes"
    sealed = "none" if dump.certificate is None else "sealed"
    yield f"certificate: {sealed}"


def header_lines(dump: Dump) -> Iterator[str]:
    """Yield what the dump says of the process."""
    header = dump.header
    yield f"dump {safe_line(dump.path)}"
    yield f"  format: version {header.version}, generation {header.generation}"
    if header.realtime_ns:
        yield f"  armed: {_day(header.realtime_ns / 1e9)}"
    for key, value in header.raw.items():
        if key not in _TABLE:
            yield f"  {safe_line(key)}: {_compact(value)}"


def damage_lines(dump: Dump) -> Iterator[str]:
    """Yield what could not be read."""
    yield f"damage: {len(dump.damage) or 'none'}"
    for note in dump.damage:
        place = f" at byte {note.offset:,}" if note.offset >= 0 else ""
        yield f"  {safe_line(note.where)}: {safe_line(note.text)}{place}"


def event_lines(dump: Dump, count: int) -> Iterator[str]:
    """Yield the last ``count`` events, one a line."""
    shown = dump.events[-count:] if count else []
    yield f"events: {len(dump.events)}, the last {len(shown)}:"
    for event in shown:
        when, name = _clock(dump, event.time_ns), event_name(event.kind)
        yield f"  {when}  {name}  {_compact(event.data)}"


def progress_lines(dump: Dump, count: int) -> Iterator[str]:
    """Yield the last ``count`` places in the training."""
    yield f"progress: {len(dump.progress)} records"
    for p in dump.progress[-count:]:
        took = f"{p.step_ns / 1e6:.1f} ms" if p.step_ns >= 0 else "unknown time"
        yield (
            f"  {_clock(dump, p.time_ns)}  {stage_name(p.stage)} epoch {p.epoch} "
            f"step {p.step} ({p.step_in_epoch} of {p.steps_per_epoch}), "
            f"batch {p.batch_size}, {took}"
        )


def sample_lines(dump: Dump, name: str) -> Iterator[str]:
    """Yield all samples of a ring."""
    for sample in getattr(dump, name):
        yield f"{_clock(dump, sample.time_ns)}  {_values(sample.values)}"


def object_text(value: Any) -> str:
    """Return a JSON object over many lines; every control character is escaped."""
    return safe_block(json.dumps(value, indent=2), 10 << 20)


def stderr_text(dump: Dump) -> str:
    """Return native stderr, harmless for a terminal."""
    return safe_block(dump.stderr.decode("utf-8", "backslashreplace"), 10 << 20)


def _values(values: dict[str, int]) -> str:
    return "  ".join(f"{safe_line(k)} {_amount(k, v)}" for k, v in values.items())


def _amount(name: str, value: int) -> str:
    if name.endswith("_us"):
        return f"{value / 1e6:.3f} s"
    return str(value) if name in _NO_BYTES or value < 1024 else format_bytes(value)


def _compact(value: Any) -> str:
    return safe_line(value if isinstance(value, str) else json.dumps(value), 300)


def _clock(dump: Dump, time_ns: int) -> str:
    seconds = dump.to_unix(time_ns)
    return f"{_day(seconds)}.{int(seconds % 1 * 1000):03d}"


def _day(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} s"


def _span(dump: Dump, samples: list[SampleRecord]) -> str:
    if not samples:
        return ""
    return (
        f", {_clock(dump, samples[0].time_ns)} to {_clock(dump, samples[-1].time_ns)}"
    )
