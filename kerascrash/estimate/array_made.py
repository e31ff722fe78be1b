"""
The array that was being made at death: its whole size and dtype, though half filled.

Known by the header of a file that NumPy was reading, else by the step in virtual size
that its request was: pages become resident only as they are written.
"""

from __future__ import annotations

from dataclasses import dataclass

from kerascrash.estimate.dtypes import dtype_name, dtype_size
from kerascrash.estimate.holdings import Holding, holdings_of
from kerascrash.estimate.stacks import user_places
from kerascrash.estimate.timeline import recording_of, value_at
from kerascrash.model.case import Case, Recording, Series

_LEAST_REQUEST = 32 << 20  # smaller ones come out of the allocator's pools
_SAME_LEVEL = 0.05
_LEAST_FILLED = 0.2
_MOST_FILLED = 1.15
_LEAST_OPERAND = 8 << 20
_SAME_SIZE = 0.005
_NAMES = {8: "float64", 4: "float32", 2: "float16", 1: "uint8"}


@dataclass(frozen=True, slots=True)
class ArrayMade:
    """
    ``bytes`` once done, of which ``filled`` were resident.

    ``copy_of`` is the array held that has as many elements; ``dtype`` "" if unknown.
    """

    bytes: int
    filled: int
    dtype: str = ""
    copy_of: Holding | None = None


def array_made(case: Case) -> ArrayMade | None:
    """Return what was being made when the process died, None if that is not known."""
    recording = recording_of(case)
    if recording is None:
        return None
    asked, filled = _request_at_death(recording)
    read = _read_at_death(recording)
    if read is not None:
        size, dtype = read
        return ArrayMade(size, min(filled, size), dtype)
    if not asked:
        return None
    for held in holdings_of(recording):
        width = _width_of_copy(asked, held)
        if width:
            own = held.widest_dtype[0] if held.widest_dtype else ""
            dtype = own if dtype_size(own, 0) == width else _NAMES[width]
            return ArrayMade(asked, filled, dtype, held)
    return ArrayMade(asked, filled)


def _read_at_death(recording: Recording) -> tuple[int, str] | None:
    """Return bytes and dtype of the file that a line on the stack was reading."""
    last = next((m for m in reversed(recording.marks) if m.kind == "loading"), None)
    if last is None or not isinstance(last.data.get("bytes"), int):
        return None
    where = last.data.get("where") or {}
    lines = {(place.file, place.line) for place in user_places(recording)}
    if (where.get("file"), where.get("line")) not in lines:
        return None
    return last.data["bytes"], dtype_name(str(last.data.get("dtype") or ""))


def _request_at_death(recording: Recording) -> tuple[int, int]:
    """Return (bytes, resident so far) of the last big request; 0, 0 if it was done."""
    size = recording.find_series("vms")
    resident = next(
        (
            one
            for one in recording.series
            if one.name == "rss" and size is not None and one.origin == size.origin
        ),
        None,
    )
    if size is None or resident is None:
        return 0, 0
    return _last_step(size, resident)


def _last_step(size: Series, resident: Series) -> tuple[int, int]:
    for at in range(len(size.values) - 1, 0, -1):
        asked = size.values[at] - size.values[at - 1]
        if abs(size.values[at] - size.values[-1]) > _SAME_LEVEL * size.values[-1]:
            break  # it was given back, or something else was asked for since
        if asked < _LEAST_REQUEST:
            continue
        before = value_at(resident, size.times[at - 1])
        filled = resident.values[-1] - before if before is not None else 0
        if _LEAST_FILLED * asked <= filled <= _MOST_FILLED * asked:
            return asked, min(filled, asked)
        break
    return 0, 0


def _width_of_copy(asked: int, held: Holding) -> int:
    """Return bytes per element if ``asked`` is for as many elements as held, else 0."""
    if not held.holds_arrays or held.bytes < _LEAST_OPERAND or not held.widest_dtype:
        return 0
    width = dtype_size(held.widest_dtype[0], 0)
    if not width:
        return 0
    count = held.bytes // width
    for wanted in _NAMES:
        if abs(asked - count * wanted) <= _SAME_SIZE * asked:
            return wanted
    return 0
