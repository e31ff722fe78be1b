"""
What a record costs its writer, in microseconds of the calling thread.

    python benchmarks/bench_event.py [--size BYTES]

Bar (DESIGN): an event at most 5 us, better 2 us. Prints the best and the median of
many short rounds: on a busy machine the best is the code, the median the machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kerascrash.dump.layout import DEFAULT_SIZE
from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import RECORDER_FIELDS, EventKind
from kerascrash.dump.writer import DumpWriter, create_dump

ROUNDS = 60
Work = Callable[[], object]


def cases(writer: DumpWriter) -> list[tuple[str, Work, int]]:
    """Return (name, what to do, repetitions in a round)."""
    where = {"file": "/home/user/project/train.py", "line": 41, "function": "main"}
    stage = {"stage": "fit", "where": where}
    frames = [["/home/user/project/train.py", n, "step", "x = f(x)"] for n in range(40)]
    error = {"type": "ValueError", "message": "shapes", "traceback": frames}
    values = {name: 123_456_789 + i for i, name in enumerate(RECORDER_FIELDS)}
    entries = [{"owner": f"cache[{n}]", "bytes": n << 20} for n in range(200)]
    e = writer.event
    return [
        ("event, one key", lambda: e(EventKind.EPOCH_BEGIN, {"epoch": 3}), 2000),
        ("event, stage and place", lambda: e(EventKind.STAGE_BEGIN, stage), 2000),
        ("event, traceback", lambda: e(EventKind.EXCEPTION, error), 200),
        ("progress", lambda: writer.progress(5, 1, 200, 20, 180, 32, 1000), 2000),
        ("sample", lambda: writer.sample(values), 1000),
        ("blob, 200 entries", lambda: writer.blob("inventory", {"e": entries}), 20),
        ("of which: os.getpid()", os.getpid, 2000),
    ]


def measure(work: Work, repetitions: int) -> tuple[float, float]:
    """Return best and median cost of one call in microseconds."""
    costs = []
    for _ in range(ROUNDS):
        begin = time.perf_counter_ns()
        for _ in range(repetitions):
            work()
        costs.append((time.perf_counter_ns() - begin) / repetitions / 1000)
    return min(costs), statistics.median(costs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=DEFAULT_SIZE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "d.bin"
        begin = time.perf_counter()
        writer = create_dump(path, size=parser.parse_args().size)
        print(f"create: {(time.perf_counter() - begin) * 1e3:.1f} ms")
        print(f"{'record':<28} {'best us':>8} {'median us':>10}")
        for name, work, repetitions in cases(writer):
            best, median = measure(work, repetitions)
            print(f"{name:<28} {best:>8.2f} {median:>10.2f}")
        print(f"dropped: {writer.dropped}")
        begin = time.perf_counter()
        dump = read_dump(path)
        took = (time.perf_counter() - begin) * 1e3
        print(f"read back: {took:.0f} ms, {len(dump.fine)} samples, {dump.damage}")


if __name__ == "__main__":
    main()
