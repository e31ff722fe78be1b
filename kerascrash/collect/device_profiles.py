"""
Read what JAX and PyTorch told of their device memory at one moment, and what grew.

JAX: ``save_device_memory_profile``, a gzipped profile in pprof's format: live buffers
with the Python stacks that made them. PyTorch: the pools' pieces, as the recorder
counts them; its own snapshots are pickles and are not opened.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from kerascrash.collect.xplane.planes import as_text
from kerascrash.collect.xplane.schema import parse
from kerascrash.collect.xplane.source import Source
from kerascrash.model.trace import AllocatorMemory, GrowingGroup, LiveGroup, Trace

_MOST_BYTES = 64 << 20
_MOST_GROUPS = 60
_LEAST_RISE = 1 << 20
_STEP = re.compile(r"step_(\d{1,15})\.")
_LIBRARY = re.compile(r"[/\\](?:site|dist)-packages[/\\]|[/\\]lib[/\\]python3|^<")
_PLATFORMS = {"cpu": "host", "cuda": "GPU", "rocm": "GPU", "gpu": "GPU", "tpu": "TPU"}
_Groups = dict[str, dict[str, tuple[int, int]]]
"""Device → who made the buffers → their number and bytes."""


def read_device_profiles(files: Sequence[tuple[str, bool]]) -> list[Trace]:
    """
    Return a Trace of the last profile of each folder; what grew is told from all of it.

    ``files`` are (path, whether it is JAX's). A file that is no such profile is left
    out: the ending is not theirs alone.
    """
    series: dict[tuple[str, bool], list[str]] = {}
    for path, of_jax in files:
        series.setdefault((os.path.dirname(path), of_jax), []).append(path)
    traces = []
    for (_, of_jax), paths in series.items():
        paths.sort(key=lambda path: (_step_of(path), path))
        read = read_pprof if of_jax else read_torch_pools
        known = [(path, found) for path in paths if (found := _try(read, path))]
        if known and of_jax:
            traces.append(_trace_of_jax(known))
        elif known:
            traces.append(Trace(known[-1][0], "torch pools", "ok", 0, **known[-1][1]))
    return traces


def _try(read: Any, path: str) -> Any:
    try:
        return read(path)
    except OSError:
        return None


def read_pprof(path: str) -> _Groups | None:
    """Return the live buffers in a profile, None when it is none. Raises OSError."""
    with Source(path) as source:
        if source.size > _MOST_BYTES or not source.whole:
            return None
        profile = parse("Profile", source.cut(0, source.size))
    if profile is None or not profile.sample:
        return None
    texts = [as_text(text) for text in profile.string_table]

    def text(number: int) -> str:
        return texts[number] if 0 <= number < len(texts) else ""

    units = [text(one.unit) for one in profile.sample_type]
    if units != ["count", "bytes"]:
        return None
    functions = {
        one.id: (text(one.name), text(one.filename)) for one in profile.function
    }
    places = {one.id: _place(one, functions) for one in profile.location}
    groups: _Groups = {}
    for sample in profile.sample:
        if len(sample.value) != 2 or sample.value[1] <= 0 or sample.value[0] <= 0:
            continue
        labels = {text(one.key): text(one.str) for one in sample.label}
        of_device = groups.setdefault(labels.get("device", ""), {})
        who = _maker([places.get(one) for one in sample.location_id])
        count, size = of_device.get(who, (0, 0))
        of_device[who] = (count + sample.value[0], size + sample.value[1])
    return groups or None


def _place(
    location: Any, functions: Mapping[int, tuple[str, str]]
) -> tuple[str, str, int] | None:
    for line in location.line:
        name, file = functions.get(line.function_id, ("", ""))
        if name:
            return name, file, line.line
    return None


def _maker(frames: Sequence[tuple[str, str, int] | None]) -> str:
    """Return the innermost frame of the user's own, else the innermost."""
    known = [frame for frame in frames if frame is not None]
    own = [frame for frame in known if not _LIBRARY.search(frame[1])]
    if not known:
        return ""
    name, file, line = (own or known)[0]
    return f"{name} ({file}:{line})"


def _trace_of_jax(known: Sequence[tuple[str, _Groups]]) -> Trace:
    path, last = known[-1]
    steps = [_step_of(each) for each, _ in known]
    allocators = []
    for device, groups in last.items():
        live = [LiveGroup(who, "", "", n, size) for who, (n, size) in groups.items()]
        live.sort(key=lambda group: -group.bytes)
        courses = [(found.get(device, {})) for _, found in known]
        allocators.append(
            AllocatorMemory(
                name=f"JAX {device}".rstrip(),
                device=_device(device),
                peak_bytes=sum(group.bytes for group in live),
                live_count=sum(group.count for group in live),
                live=tuple(live[:_MOST_GROUPS]),
                growing=tuple(_growing(live[:_MOST_GROUPS], courses, steps)),
            )
        )
    return Trace(path, "pprof", "ok", _size(path), allocators=tuple(allocators))


def _growing(
    live: Sequence[LiveGroup],
    courses: Sequence[Mapping[str, tuple[int, int]]],
    steps: Sequence[int],
) -> Iterator[GrowingGroup]:
    """Yield what rose from each profile to the next; per step where that is known."""
    taken = steps[-1] - steps[0] if steps[0] >= 0 else 0
    for group in live:
        counts = [course.get(group.op, (0, 0))[0] for course in courses]
        if len(counts) < 2 or any(b <= a for a, b in pairwise(counts)):
            continue
        risen = group.bytes - courses[0].get(group.op, (0, 0))[1]
        parts = taken or len(counts) - 1
        if risen < _LEAST_RISE:
            continue
        yield GrowingGroup(group, tuple(counts), risen / parts, certain=taken > 0)


def read_torch_pools(path: str) -> dict[str, Any] | None:
    """Return what a Trace holds of PyTorch's pools, None when it is no such file."""
    with open(path, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    try:
        rows = json.loads(data)["pools"]
        found = tuple(_pool(row) for row in rows[:64])
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
        return None
    return {"allocators": found} if found else None


def _pool(row: Mapping[str, Any]) -> AllocatorMemory:
    """Raise TypeError, ValueError or KeyError where a value does not fit."""
    free, largest = int(row["free"]), int(row["largest_free"])
    live = [LiveGroup("", "", "", int(n), int(n) * int(s)) for s, n in row["by_size"]]
    return AllocatorMemory(
        name=f"torch {str(row['device'])[:40]}",
        device=str(row["device"])[:40],
        peak_bytes=int(row["in_use"]),
        reserved_bytes=0,
        fragmentation=1 - largest / free if free > 0 else 0.0,
        live_count=int(row["pieces_in_use"]),
        live=tuple(live[:_MOST_GROUPS]),
    )


def _device(name: str) -> str:
    """``cuda:0`` is ``GPU:0``; memory of the CPU is the host's."""
    platform, _, number = name.partition(":")
    shown = _PLATFORMS.get(platform.lower(), "device")
    return shown if shown in ("host", "device") else f"{shown}:{number or 0}"


def _step_of(path: str) -> int:
    found = _STEP.search(os.path.basename(path))
    return int(found[1]) if found else -1


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
