"""The forecast as plain data: for the JSON report, ``kerascrash fit`` and advice."""

from __future__ import annotations

from typing import Any

from kerascrash.estimate.forecast import Forecast, forecast_of
from kerascrash.estimate.pool_peak import device_fits
from kerascrash.model.case import Case

_POINTS = (0.25, 0.5, 0.75, 1, 1.5, 2)


def forecast_facts(case: Case) -> dict[str, Any]:
    """
    Return the ``forecast`` of the JSON report.

    ``fits`` is the batch for the limit in force, or null with ``reason``; ``points``
    are peaks in bytes by batch size, those measured marked so. ``batch_size`` is what
    it ran with; ``mapped_bytes`` of every peak are files that no limit counts.
    """
    forecast = forecast_of(case)
    ran = {
        "batch_size": forecast.present or None,
        "limit_bytes": forecast.limit,
        "mapped_bytes": forecast.mapped,
    }
    if forecast.reason:
        return {"fits": None, "points": [], "reason": forecast.reason, **ran}
    fits = forecast.largest(forecast.limit) if forecast.limit else None
    reason = "" if fits else _why_nothing_fits(forecast)
    row = None
    if fits is not None:
        batch, low, high = fits
        row = {
            "batch_size": batch,
            "low": low,
            "high": high,
            "limit_bytes": forecast.limit,
        }
    points = _points(forecast, fits[0] if fits else None)
    return {"fits": row, "points": points, "reason": reason or None, **ran}


def _why_nothing_fits(forecast: Forecast) -> str:
    if forecast.limit is None:
        return "no limit is known: name one with --limit"
    one, two = forecast.peak(1).bytes, forecast.peak(2).bytes
    if 2 * (two - one) > one:  # more than half of a batch of one grows with the batch
        return "not even a batch of one fits: one sample alone needs too much"
    return "not even a batch of one fits: what does not grow with the batch is too much"


def edges_text(low: int, high: int) -> str:
    """Return in words how far a 90 % interval of the largest batch reaches."""
    surely = f"up to {low:,} almost surely fits, " if low else ""
    return f"{surely}more than {high:,} almost surely does not"


def _points(forecast: Forecast, fitting: int | None) -> list[dict[str, Any]]:
    points = [
        {"batch_size": run.batch, "peak_bytes": run.peak, "known_by": "measured"}
        for run in forecast.observed
    ]
    sizes = {max(int(forecast.present * share), 1) for share in _POINTS}
    if fitting is not None:
        sizes |= {fitting, max(fitting // 2, 1)}
    for size in sorted(sizes):
        peak = forecast.peak(size)
        points.append(
            {
                "batch_size": size,
                "peak_bytes": peak.bytes,
                "low_bytes": peak.low,
                "high_bytes": peak.high,
                "known_by": "inferred",
            }
        )
    return points


def fit_facts(
    case: Case, limit: int | None = None, batch: int | None = None
) -> dict[str, Any]:
    """Return what ``fit --format json`` prints; null where it cannot tell."""
    forecast = forecast_of(case, limit)
    wanted = batch or forecast.present or None
    known: dict[str, Any] = {
        "batch_size": wanted,
        "predicted_peak_bytes": None,
        "low_bytes": None,
        "high_bytes": None,
        "limit_bytes": limit or forecast.limit,
        "fits": None,
        "largest_batch": None,
        "mapped_bytes": forecast.mapped,
        "known_by": None,
        "reason": forecast.reason or None,
        "devices": device_fits(case, wanted),
    }
    if forecast.reason or not wanted:
        return known
    peak = forecast.peak(wanted)
    known |= {
        "predicted_peak_bytes": peak.bytes,
        "low_bytes": peak.low,
        "high_bytes": peak.high,
        "known_by": "computed" if forecast.from_model_alone else "measured",
    }
    bound = known["limit_bytes"]
    if bound:
        largest = forecast.largest(bound)
        known["fits"] = forecast.fits(wanted, bound)
        known["reason"] = None if largest else _why_nothing_fits(forecast)
        if largest is not None:
            known["largest_batch"] = dict(
                zip(("batch_size", "low", "high"), largest, strict=True)
            )
    return known
