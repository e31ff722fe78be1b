"""A bigger limit, and how big."""

from __future__ import annotations

from kerascrash.estimate.epoch_growth import pace_of
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.estimate.workers import killed_for_memory
from kerascrash.model.verdict import Remedy
from kerascrash.units import count_of, format_bytes

_ROOM = 1.1
"""The predicted peak and what differs from run to run."""
_GIB = 1 << 30
_GROWING = frozenset({"tensor_leak", "object_leak", "gradient_accumulation"})


def _judge(measure: Measure, seen: Situation) -> Remedy:
    forecast = seen.forecast
    if seen.factor in _GROWING:
        return measure.no(_lasts(seen))
    if seen.factor == "other_process":
        return measure.unknown("another process took the memory; it may take more.")
    if killed_for_memory(seen.case):
        return measure.unknown("how much more the workers wanted was not seen.")
    if forecast.reason:
        return measure.unknown(f"{forecast.reason}.")
    peak = forecast.peak(forecast.present)
    wanted = int(_ROOM * (peak.high - forecast.mapped))
    if forecast.limit and wanted <= forecast.limit:
        return measure.no("what it needs should have fitted the limit.")
    detail = (
        f"{format_bytes(wanted)} for a batch of {forecast.present:,}, which needs "
        f"about {format_bytes(peak.bytes - forecast.mapped)}."
    )
    gib = -(-wanted // _GIB)
    line = f"docker run -m {gib}g; resources.limits.memory: {gib}Gi; MemoryMax={gib}G"
    return measure.yes(None, detail, example=line)


def _lasts(seen: Situation) -> str:
    """Return how long one more GiB would last at the growth seen."""
    none: tuple[float | None, str] = (None, "")
    rate, unit = pace_of(seen.case, seen.kept[0].holding) if seen.kept else none
    if not rate or rate <= 0:
        return "no limit is enough for what grows without end."
    more = count_of(int(_GIB / rate), unit)
    return f"no limit is enough: 1.0 GiB more would last another {more}."


MEASURE = Measure("bigger_limit", "a bigger limit", "limit", 0, _judge)
