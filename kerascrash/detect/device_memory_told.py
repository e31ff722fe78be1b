"""
Observe how much device memory was free when a GPU library could not start.

XLA prints it under `Could not create cudnn handle`. Read as its word alone, that line
means too little memory; the figure says whether it does: with most of the card free
the library itself does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import quoted
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

# stream_executor/cuda/cuda_dnn.cc, beneath a handle that could not be made
_USAGE = re.compile(r"Memory usage: (\d{1,16}) bytes free, (\d{1,16}) bytes total")
_ENOUGH = 1 << 30
"""cuDNN and cuBLAS together take a few hundred megabytes at the start."""
_SCARCE = 320 << 20


def detect(case: Case) -> Iterator[Finding]:
    """Yield that there was room, or that there was none."""
    for log in case.logs:
        for line in log.lines:
            found = _USAGE.search(line.text)
            if not found or not int(found[2]):
                continue
            free, total = int(found[1]), int(found[2])
            data = {"free": free, "total": total}
            said = f"{format_bytes(free)} of {format_bytes(total)} of the GPU were free"
            if free >= _ENOUGH and 2 * free >= total:
                yield quoted("device_memory_free", said, log, line, **data)
            elif free <= _SCARCE:
                text = f"only {said}"
                yield quoted("device_memory_full", text, log, line, **data)


DETECTOR = Detector(
    id="device_memory_told",
    finds=("device_memory_free", "device_memory_full"),
    detect=detect,
    needs=("log",),
)
