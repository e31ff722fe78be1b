"""
Observe buffers of the input pipeline that hold much of what the process grew by.

A buffer whose size is known bounds what it can hold; one of unknown size (decoded
images, ragged text) is blamed with less strength.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.pipelines import Buffer, fullest_buffer
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_SHARE = 0.3
_UNKNOWN_SIZE, _UNKNOWN_BUT_LONG = 0.5, 0.9


def detect(case: Case) -> Iterator[Finding]:
    """Yield the buffer that explains most, if it explains enough."""
    buffer = fullest_buffer(case)
    if buffer is None or buffer.share < _LEAST_SHARE:
        return
    strength = buffer.share
    if buffer.op.full is None:
        strength *= _UNKNOWN_BUT_LONG if buffer.op.is_long else _UNKNOWN_SIZE
    yield note(
        "pipeline_buffer_fills",
        "dump:pipelines",
        _text(buffer),
        strength,
        op=buffer.op.op,
        bytes=buffer.op.full,
        held=buffer.bytes,
    )


def _text(buffer: Buffer) -> str:
    op = buffer.op
    text = f"`{op.text}` of the input pipeline holds "
    if op.full is None:
        return text + f"up to {format_bytes(buffer.bytes)} that nothing else explains"
    text += f"{format_bytes(op.full)} when full"
    if op.full > buffer.bytes:
        text += f"; {format_bytes(buffer.bytes)} had been filled"
    return text


DETECTOR = Detector(
    id="input_pipeline",
    finds=("pipeline_buffer_fills",),
    detect=detect,
    needs=("recording",),
)
