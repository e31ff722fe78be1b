"""The reader for other systems, tried on this one."""

from __future__ import annotations

import os

from kerascrash.dump.records import COMMON_FIELDS
from kerascrash.probes.system_psutil import PROBE


def test_it_reads_process_and_machine() -> None:
    values: dict[str, int] = {}
    reader = PROBE(os.getpid())
    reader.read(values)
    reader.close()
    assert set(values) <= set(COMMON_FIELDS)
    assert values["rss"] > 1 << 20
    assert values["host_total"] >= values["host_available"] > 0
