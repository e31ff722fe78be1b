"""
Peak memory against batch size: the line with its interval, the limit, what fits.

Positions across are per cent of the axis, heights pixels; sizes are what the limit
counts: the predicted peak less the pages of files that are charged to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerascrash.report.charts.curves import BOX, y_of
from kerascrash.report.charts.scale import byte_ticks, nice_step
from kerascrash.report.plain import mapping, mappings, whole
from kerascrash.units import format_bytes

HEIGHT = 190
_ROOM = 1.06
"""The axes end this much beyond what is shown."""
_WORTH_SHOWING = 0.25
"""Below this share of the limit the batch was no matter of memory."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A batch size on the chart; ``size`` is what it needs, in words."""

    at: float
    y: float
    batch: int
    size: str


@dataclass(frozen=True, slots=True)
class ForecastChart:
    """What the macro draws; ``ran`` is the run's own batch, ``message`` its words."""

    height: int
    band: str
    line: str
    limit_y: float
    limit: str
    x_ticks: tuple[tuple[float, str, bool], ...]
    y_ticks: tuple[tuple[float, str], ...]
    ran: Spot
    fits: Spot | None
    too_large: bool
    span: tuple[float, float] | None
    measured: tuple[Spot, ...]
    rows: tuple[Mapping[str, Any], ...]
    message: str


@dataclass(frozen=True, slots=True)
class _Axes:
    most: float
    scale: float

    def at(self, batch: float) -> float:
        return round(min(100.0, 100 * batch / self.most), 2)

    def y(self, size: float) -> float:
        return y_of(min(max(size, 0), self.scale), self.scale, HEIGHT)

    def path(self, points: Sequence[tuple[int, int]]) -> str:
        return "L".join(
            f"{BOX * batch / self.most:.1f} {self.y(size)}" for batch, size in points
        )


def build_forecast(facts: Mapping[str, Any]) -> ForecastChart | None:
    """Return the chart, None where there is no forecast or memory was no matter."""
    limit, batch = whole(facts.get("limit_bytes")), whole(facts.get("batch_size"))
    rows = _rows(facts)
    ran = next((row for row in rows if row["batch"] == batch), None)
    if not limit or not batch or ran is None or len(rows) < 2:
        return None
    fits = mapping(facts.get("fits"))
    fitting = whole(fits.get("batch_size"))
    too_large = fitting is None or fitting < batch
    if not too_large and ran["peak"] < _WORTH_SHOWING * limit:
        return None
    most = max(batch, fitting or 0)
    rows = tuple(row for row in rows if row["batch"] <= most)
    highest = max(row["high"] for row in rows if row["batch"] <= batch)
    axes = _Axes(_ROOM * most, _ROOM * max(limit, highest))
    chosen = next((row for row in rows if row["batch"] == fitting), None)
    low, high = whole(fits.get("low")), whole(fits.get("high"))
    spots = _measured(facts, axes)
    return ForecastChart(
        height=HEIGHT,
        band=_band(axes, rows),
        line="M" + axes.path([(row["batch"], row["peak"]) for row in rows]),
        limit_y=axes.y(limit),
        limit=format_bytes(limit),
        x_ticks=_batch_ticks(axes),
        y_ticks=tuple((axes.y(v), label) for v, label in byte_ticks(axes.scale, 4)),
        ran=_spot(axes, ran),
        fits=_spot(axes, chosen) if chosen and chosen is not ran else None,
        too_large=too_large,
        span=(axes.at(low), axes.at(high)) if low and high else None,
        measured=tuple(spot for spot in spots if spot.batch <= most),
        rows=rows,
        message=_message(ran, chosen, limit, (low, high)),
    )


def _rows(facts: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the predicted points in order of batch size, as the limit counts them."""
    mapped = whole(facts.get("mapped_bytes")) or 0
    found = {}
    for point in mappings(facts.get("points")):
        batch, peak = whole(point.get("batch_size")), whole(point.get("peak_bytes"))
        low, high = whole(point.get("low_bytes")), whole(point.get("high_bytes"))
        if batch and peak is not None and low is not None and high is not None:
            sizes = (peak - mapped, low - mapped, high - mapped)
            found[batch] = dict(zip(("peak", "low", "high"), sizes, strict=True))
    return tuple({"batch": batch, **found[batch]} for batch in sorted(found))


def _measured(facts: Mapping[str, Any], axes: _Axes) -> tuple[Spot, ...]:
    mapped = whole(facts.get("mapped_bytes")) or 0
    seen = [p for p in mappings(facts.get("points")) if p.get("known_by") == "measured"]
    pairs = [(whole(p.get("batch_size")), whole(p.get("peak_bytes"))) for p in seen]
    return tuple(
        _spot(axes, {"batch": batch, "peak": peak - mapped})
        for batch, peak in pairs
        if batch and peak is not None
    )


def _spot(axes: _Axes, row: Mapping[str, Any]) -> Spot:
    batch, peak = int(row["batch"]), int(row["peak"])
    return Spot(axes.at(batch), axes.y(peak), batch, format_bytes(peak))


def _band(axes: _Axes, rows: Sequence[Mapping[str, Any]]) -> str:
    upper = [(row["batch"], row["high"]) for row in rows]
    lower = [(row["batch"], row["low"]) for row in reversed(rows)]
    return f"M{axes.path(upper)}L{axes.path(lower)}"


def _batch_ticks(axes: _Axes) -> tuple[tuple[float, str, bool], ...]:
    """Return (per cent, label, only on wide pages) of round batch sizes."""
    step = max(1, round(nice_step(axes.most, 8)))
    sizes = range(0, int(axes.most) + 1, step)
    every = -(-len(sizes) // 4)  # on a narrow page each so manyth has a label
    return tuple((axes.at(n), f"{n:,}", at % every > 0) for at, n in enumerate(sizes))


def _message(
    ran: Mapping[str, Any],
    fits: Mapping[str, Any] | None,
    limit: int,
    interval: tuple[int | None, int | None],
) -> str:
    span = f"{format_bytes(ran['low'])} to {format_bytes(ran['high'])}"
    needs = f"Batch {ran['batch']:,} needs about {format_bytes(ran['peak'])} ({span})"
    allowed = format_bytes(limit)
    if fits is None:
        return f"{needs}, and not even a batch of 1 fits in the {allowed} allowed."
    if fits["batch"] >= ran["batch"]:
        return f"{needs} and fits in the {allowed} allowed."
    low, high = interval
    between = f" (90 % interval: {low:,} to {high:,})" if low and high else ""
    return (
        f"A batch of {fits['batch']:,} should fit in the {allowed} allowed{between}: "
        f"it needs about {format_bytes(fits['peak'])}. {needs}: too much."
    )
