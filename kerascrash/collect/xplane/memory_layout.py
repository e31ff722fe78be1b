"""
Where a memory event has what among its statistics, and of which kind it is.

TensorFlow writes (tensorflow/core/framework/... and tsl BFC): allocator_name,
bytes_reserved, bytes_allocated, bytes_available, fragmentation, peak_bytes_in_use,
requested_bytes, allocation_bytes, addr, then tf_op, id, region_type, data_type, shape.
TPU runtimes write index_on_host for the name, and no sizes with a deallocation. A
number may be signed, unsigned or a double by its value, a text given or referred to.
"""

from __future__ import annotations

import math
from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Pick = Callable[[Sequence[Any]], tuple[Any, ...]]
    """Takes the ROLES in order; the last of what it is given is for what is missing."""

_NUMBERS = (
    "bytes_allocated",
    "bytes_reserved",
    "bytes_available",
    "peak_bytes_in_use",
    "requested_bytes",
    "allocation_bytes",
    "addr",
)
_NAME, _INDEX, _PART = "allocator_name", "index_on_host", "fragmentation"
_TEXTS = ("tf_op", "shape", "region_type", _NAME)
_ALSO_INDEX = "device_ordinal"  # other runtimes' word for index_on_host
ROLES = (*_NUMBERS, *_TEXTS, _INDEX, _PART, "data_type")
BY_POSITION = (
    _NAME,
    "bytes_reserved",
    "bytes_allocated",
    "bytes_available",
    _PART,
    "peak_bytes_in_use",
    "requested_bytes",
    "allocation_bytes",
    "addr",
)
"""The order in which every known writer puts them, for files that lost their names."""
_USUAL = len(BY_POSITION)
_POSITIONS = {_USUAL: BY_POSITION, 7: (_INDEX, *BY_POSITION[1:6], "addr")}
_SIGN = 1 << 63


def exact_layout(
    stat_names: Mapping[int, str], ids: Sequence[int]
) -> tuple[Pick, bool] | None:
    """Return where each role is and whether that is guessed; None without sizes."""
    names = [stat_names.get(one, "") for one in ids]
    positions = _POSITIONS.get(min(len(ids), _USUAL), ())
    guessed = bool(positions) and not all(names)
    if guessed:
        known = dict(enumerate(positions))
        names = [name or known.get(at, "") for at, name in enumerate(names)]
    pick = _pick(names, range(len(names)))
    return None if pick is None else (pick, guessed)


def quick_layout(
    stat_names: Mapping[int, str], ids: Sequence[int], counts: Sequence[int]
) -> Pick | None:
    """
    Return where each role is among whole numbers, then fractions, then texts.

    ``counts`` are those of whole numbers, fractions, references and texts. Which of
    them is whose is open (None) unless the texts are just those statistics that are
    texts, and the one fraction is the fragmentation: so all known writers have it.
    """
    names = [stat_names.get(one, "") for one in ids]
    whole, parts, *texts = counts
    is_text = [name in _TEXTS for name in names]
    if sum(counts) != len(ids) or not all(names) or all(texts):
        return None
    if sum(is_text) != sum(texts) or parts > min(names.count(_PART), 1):
        return None
    numbers, words = iter(range(whole)), iter(range(whole + parts, len(ids)))
    places = []
    for name, text in zip(names, is_text, strict=True):
        if text:
            places.append(next(words))
        else:
            places.append(whole if parts and name == _PART else next(numbers))
    return _pick(names, places)


def _pick(names: list[str], places: Sequence[int]) -> Pick | None:
    if _INDEX not in names and _ALSO_INDEX in names:
        names[names.index(_ALSO_INDEX)] = _INDEX
    if "bytes_allocated" not in names:
        return None
    at = [places[names.index(role)] if role in names else -1 for role in ROLES]
    return itemgetter(*at)


def exact_values(pick: Pick, stats: Sequence[Any]) -> tuple[Any, ...]:
    """Return the ROLES' values; ``stats`` end with one without a value."""
    picked = pick(stats)
    numbers, texts = picked[: len(_NUMBERS)], picked[len(_NUMBERS) : -3]
    name, index, part, dtype = picked[-4:]
    address = numbers[-1].int64_value or numbers[-1].uint64_value
    return (
        *map(_whole, numbers[:-1]),
        address if address < _SIGN else address - 2 * _SIGN,
        *(text.ref_value or text.str_value for text in texts),
        _whole(index) or _whole(name),
        part.double_value or part.int64_value,
        dtype.int64_value or dtype.uint64_value,
    )


def _whole(stat: Any) -> int:
    """Return a number however the writer stored it, 0 where it is none that fits."""
    value = stat.int64_value or stat.uint64_value
    if not value and math.isfinite(stat.double_value):
        value = int(stat.double_value)
    return value if -_SIGN <= value < _SIGN else 0
