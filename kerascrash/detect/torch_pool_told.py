"""
Observe what PyTorch says of its pool where a request failed: in pieces, or in use.

Memory that it reserved and could not use counts only where it would have been enough:
every such message ends with the advice against fragmentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import SIZE, quoted
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes, parse_bytes

_TRIED = re.compile(rf"Tried to allocate {SIZE}")
_TOTAL = re.compile(rf"(?:total capacity of {SIZE}|; {SIZE} total capacity)")
_IDLE = re.compile(rf"{SIZE} is reserved by PyTorch but unallocated")
# Before PyTorch 2.1 the pool's whole size is told, and what of it was in use.
_USED = re.compile(rf"{SIZE} already allocated")
_POOL = re.compile(rf"{SIZE} reserved in total by PyTorch")
_LEAST_SHARE, _SMALL_SHARE = 0.1, 0.05


def detect(case: Case) -> Iterator[Finding]:
    """Yield that the pool was in pieces, or that it was in use."""
    for log in case.logs:
        for line in log.lines:
            tried, total = _size(_TRIED, line.text), _size(_TOTAL, line.text)
            idle = _idle(line.text)
            if tried is None or not total or idle is None:
                continue
            data = {"idle": idle, "tried": tried, "total": total}
            said = f"PyTorch held {format_bytes(idle)} that nothing used, and got no "
            said += format_bytes(tried)
            if idle >= tried and idle >= _LEAST_SHARE * total:
                yield quoted("device_pool_fragmented", said, log, line, **data)
            elif 2 * idle < tried or idle < _SMALL_SHARE * total:
                yield quoted("device_pool_not_fragmented", said, log, line, **data)


def _idle(text: str) -> int | None:
    idle, used, pool = (_size(one, text) for one in (_IDLE, _USED, _POOL))
    if idle is None and used is not None and pool is not None:
        return max(pool - used, 0)
    return idle


def _size(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return parse_bytes(next(filter(None, found.groups()))) if found else None


DETECTOR = Detector(
    id="torch_pool_told",
    finds=("device_pool_fragmented", "device_pool_not_fragmented"),
    detect=detect,
    needs=("log",),
)
