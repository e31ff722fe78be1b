"""
Time and memory of the trace reader: `python benchmarks/bench_trace.py TRACE...`

Bars: 0.1 s for a trace of 3 MB, 50 ms for the import, 6 times the size in memory.
Best of nine, processor time: other work on the machine counts as little as possible.
The import is that of the reader; protobuf's own, which only who has a trace pays, is
printed beside it. The memory is what reading a trace once adds to a new interpreter
that has imported the reader, protobuf's import (4 MiB) with it (Linux).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

ROUNDS = 9
IMPORT = "import time; t = time.process_time();{}; print(time.process_time() - t)"
READER = "from kerascrash.collect.xplane import read_xplane"
PROTOBUF = (
    "from google.protobuf import descriptor_pb2, descriptor_pool, message_factory"
)
MEMORY = (
    f"import re, sys; {READER};"
    "text = lambda: open('/proc/self/status').read();"
    "peak = lambda: int(re.search(r'VmHWM:\\s*(\\d+)', text())[1]) << 10;"
    "before = peak(); read_xplane(sys.argv[1]); print(peak() - before)"
)


def run(code: str, *arguments: str) -> float:
    """Return the number that a new interpreter prints."""
    command = [sys.executable, "-c", code, *arguments]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def best_import(statement: str) -> float:
    """Return the seconds that an import takes in a new interpreter."""
    return min(run(IMPORT.format(statement)) for _ in range(ROUNDS))


def best_read(path: str) -> float:
    """Return the seconds that reading a trace takes."""
    from kerascrash.collect.xplane import read_xplane

    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        read_xplane(path)
        best = min(best, time.process_time() - begin)
    return best


def main() -> None:
    print(f"import {best_import(READER) * 1000:6.1f} ms")
    print(f"protobuf {best_import(PROTOBUF) * 1000:4.1f} ms")
    for path in sys.argv[1:]:
        size = os.path.getsize(path)
        times, memory = best_read(path) * 1000, run(MEMORY, path) / size
        print(f"{times:7.1f} ms {memory:5.1f} x size {size:>11,} {path}")


if __name__ == "__main__":
    main()
