"""
Time and memory of the trace reader: `python benchmarks/bench_trace.py TRACE...`

Bars: 0.1 s for a trace of 3 MB, 50 ms for the import, 6 times the size in memory.
Best of nine, processor time: other work on the machine counts as little as possible.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

ROUNDS = 9
IMPORT = (
    "import time, sys; t = time.process_time();"
    "from kerascrash.collect.xplane import read_xplane;"
    "print(time.process_time() - t)"
)


def best_import() -> float:
    """Return the seconds that the import takes in a new interpreter."""
    runs = [
        subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, check=True)
        for _ in range(ROUNDS)
    ]
    return min(float(run.stdout) for run in runs)


def measure(path: str) -> tuple[float, int]:
    """Return (best seconds, bytes of memory added) for one trace."""
    from kerascrash.collect.xplane import read_xplane

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        read_xplane(path)
        best = min(best, time.process_time() - begin)
    return best, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def main() -> None:
    print(f"import {best_import() * 1000:6.1f} ms")
    for path in sys.argv[1:]:
        size = os.path.getsize(path)
        seconds, memory = measure(path)
        print(
            f"{seconds * 1000:7.1f} ms {memory / size:5.1f} x size {size:>11,} {path}"
        )


if __name__ == "__main__":
    main()
