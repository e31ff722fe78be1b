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
_CLOCK = (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0))
_TURNS = 3
"""An axis counts in a unit from so many of it on: 179 s, then 3 min."""
_FRACTIONS = (1, 2, 2.5, 5, 10)


def nice_step(span: float, most: int) -> float:
    """Return the least of 1, 2, 2.5, 5 × 10ⁿ that cuts ``span`` in ``most`` at most."""
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(f * power for f in _FRACTIONS if f * power >= rough * 0.999)


def byte_ticks(top: float, most: int = 4) -> list[tuple[float, str]]:
    """
    Return (bytes, label) from 0 to at most ``top``, a power of two apart.

    All labels have the unit of the highest: ``0``, ``0.5 GiB``, ``1 GiB``.
    """
    step = 2.0 ** max(0, math.ceil(math.log2(top / most)))
    count = math.floor(top / step + 1e-9)
    highest = count * step
    unit, size = next(((u, s) for u, s in _UNITS if highest >= s), _UNITS[-1])
    ticks = [(n * step, f"{n * step / size:,.6g} {unit}") for n in range(1, count + 1)]
    return [(0.0, "0"), *ticks]


def second_ticks(span: float, most: int) -> list[float]:
    """Return round durations from 0 to at most ``span`` seconds."""
    step = next((s for s in _SECOND_STEPS if span / s <= most), None)
    if step is None:
        step = nice_step(span / 86400, most) * 86400
    return [n * step for n in range(math.floor(span / step + 1e-9) + 1)]


def spell_elapsed(seconds: float, span: float) -> str:
    """
    Return a duration as an axis of ``span`` seconds has it: ``0``, ``90 s``, ``1.5 h``.

    One unit for the whole axis, and so short that neighbours never touch.
    """
    if seconds == 0:
        return "0"
    unit, size = next((each for each in _CLOCK if span >= _TURNS * each[1]), _CLOCK[-1])
    return f"{seconds / size:,.4g} {unit}"
