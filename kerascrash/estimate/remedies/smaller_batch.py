"""A smaller batch: what fits, from the forecast."""

from __future__ import annotations

from kerascrash.estimate.forecast_facts import edges_text
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes

BATCH_IN_CODE = r"(?<=batch_size=)[\w.]+|(?<=\.batch\()[\w.]+"


def _judge(measure: Measure, seen: Situation) -> Remedy:
    forecast = seen.forecast
    if forecast.reason:
        return measure.unknown(f"{forecast.reason}.")
    if not forecast.limit:
        return measure.unknown("no limit is known that it would have to fit.")
    fits = forecast.largest(forecast.limit)
    if fits is None:
        return measure.no("not even a batch of one would fit.")
    batch, low, high = fits
    if batch >= forecast.present:
        return measure.no(f"a batch of {forecast.present:,} should have fitted.")
    saves = forecast.peak(forecast.present).bytes - forecast.peak(batch).bytes
    place, line = seen.change(BATCH_IN_CODE, str(batch))
    detail = (
        f"{batch:,} instead of {forecast.present:,} fits in "
        f"{format_bytes(forecast.limit)}; {edges_text(low, high)}."
    )
    return measure.yes(
        saves, detail, place, line or f"model.fit(…, batch_size={batch})"
    )


MEASURE = Measure("smaller_batch", "a smaller batch", "step", 1, _judge)
