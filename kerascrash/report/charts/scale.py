"""Axes: where the ticks go and how they are spelled."""

from __future__ import annotations

import math

_SECOND_STEPS = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
    3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000,
)  # fmt: skip
_UNITS = (
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
)
_FRACTIONS = (1, 2, 2.5, 5, 10)


def nice_step(span: float, most: int) -> float:
    """Return the least of 1, 2, 2.5, 5 × 10ⁿ that cuts ``span`` in ``most`` at most."""
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(f * power for f in _FRACTIONS if f * power >= rough * 0.999)


def byte_ticks(top: float, most: int = 4) -> list[tuple[float, str]]:
    """Return (bytes, label) from 0 to at most ``top``, a power of two apart."""
    step = 2.0 ** max(0, math.ceil(math.log2(top / most)))
    count = math.floor(top / step + 1e-9)
    return [(n * step, spell_size(n * step)) for n in range(count + 1)]


def spell_size(count: float) -> str:
    """Return a size as short as an axis wants it: ``0``, ``512 MiB``, ``1.5 GiB``."""
    unit, size = next(((u, s) for u, s in _UNITS if count >= s), _UNITS[-1])
    return f"{count / size:,.6g} {unit}" if count else "0"


def second_ticks(span: float, most: int) -> list[float]:
    """Return round durations from 0 to at most ``span`` seconds."""
    step = next((s for s in _SECOND_STEPS if span / s <= most), None)
    if step is None:
        step = nice_step(span / 86400, most) * 86400
    return [n * step for n in range(math.floor(span / step + 1e-9) + 1)]


def spell_elapsed(seconds: float) -> str:
    """Return a duration short enough for an axis: ``0``, ``30 s``, ``1 h 30 min``."""
    if seconds == 0:
        return "0"
    if seconds < 60:
        return f"{seconds:.3g} s"
    days, rest = divmod(round(seconds), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
