"""Streaming the data set instead of holding it."""

from __future__ import annotations

from kerascrash.estimate.batch_copies import MOST_COPIES
from kerascrash.estimate.refusal import refusal_in
from kerascrash.estimate.remedies._situation import Measure, Situation
from kerascrash.estimate.step_bytes import input_bytes
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes

_LEAST = 16 << 20


def _judge(measure: Measure, seen: Situation) -> Remedy:
    held = sum(one.bytes for one in seen.data)
    batch = seen.forecast.present or (seen.own.batch_size if seen.own else 0)
    kept = MOST_COPIES * input_bytes(seen.recording, batch) if batch else 0
    if held - kept < _LEAST and refusal_in(seen.recording) is not None:
        return measure.unknown("the array was refused: nothing of it was held.")
    if held - kept < _LEAST:
        return measure.no("no data to speak of were held in memory.")
    names = ", ".join(f"`{one.holding.owner}`" for one in seen.data[:3])
    place = seen.data[0].holding.made_at
    detail = f"{names} = {format_bytes(held)}; a few batches of it stay."
    line = "np.load(path, mmap_mode='r'), tf.data or keras.utils.PyDataset"
    return measure.yes(held - kept, detail, place, line)


MEASURE = Measure("streaming", "streaming the data", "input", 0, _judge)
