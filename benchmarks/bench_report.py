"""
Report time and memory: process start to HTML on disk, from a full 8 MiB dump.

    python benchmarks/bench_report.py [--runs 7] [DUMP]

Without DUMP one is written whose rings are full and whose blobs are as large as they
get. Prints the median and the least of wall time, processor time and peak memory.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kerascrash.dump.records import EventKind, State
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import create_dump

ROOT = Path(__file__).resolve().parents[1]
MIB = 1 << 20


def write_full_dump(path: Path) -> Path:
    """Write a dump with every section full."""
    who = {"pid": 4711, "script": "train.py", "comm": "python", "start_ticks": 1}
    writer = create_dump(path, identity=who)
    watcher = open_watcher_writer(path)
    writer.event(EventKind.STAGE_BEGIN, {"stage": "fit", "where": None})
    for step in range(60_000):
        used = 400 * MIB + step * 128 * 1024
        values = {"rss": used, "anon": used, "cgroup_current": used + 9 * MIB,
                  "cgroup_limit": 8192 * MIB, "host_total": 32768 * MIB,
                  "host_available": 32768 * MIB - used, "step": step}  # fmt: skip
        writer.sample(values)
        watcher.watch(values)
        if step % 50 == 0:
            writer.event(EventKind.EPOCH_BEGIN, {"epoch": step // 50})
            writer.progress(5, step // 50, step, step % 50, 50, 32, 9_000_000)
    frames = [
        {"file": f"/srv/app/module_{n}.py", "line": n, "function": f"call_{n}",
         "user": n < 3, "source": f"value = work(value, {n})"}
        for n in range(40)
    ]  # fmt: skip
    excerpt = [[n, f"    line {n}"] for n in range(11)]
    threads = [
        {"name": f"thread-{n}", "main": n == 0, "frames": frames, "excerpt": excerpt}
        for n in range(30)
    ]
    writer.blob("stacks", {"reason": "periodic", "threads": threads})
    entries = [
        {"owner": f"Trainer.cache_{n}", "path": f"__main__.trainer.cache_{n}",
         "type": "list", "kind": f"list of {n} EagerTensor", "count": n,
         "bytes": (200 - n) * MIB, "growth_bytes_per_step": 4096.0, "device": "host",
         "history": [[s, time.time() - 100 + s, s * MIB] for s in range(32)],
         "place": {"file": "train.py", "line": n, "excerpt": excerpt}}
        for n in range(150)
    ]  # fmt: skip
    writer.blob("inventory", {"entries": entries, "total_bytes": 9 * MIB})
    layers = [
        {"name": f"dense_{n}", "class": "Dense", "output_shape": [None, 512],
         "parameters": 262_656, "dtype": "float32", "weights_bytes": 1_050_624}
        for n in range(300)
    ]  # fmt: skip
    writer.blob(
        "models", {"models": [{"name": "m", "class": "Model", "layers": layers}]}
    )
    watcher.stderr(b"W0000 some line that the framework wrote, again and again\n" * 900)
    watcher.certificate({"version": 1, "sealed": time.time(), "exit": {"signal": 9}})
    watcher.set_state(State.SEALED)
    watcher.close()
    writer.close()
    return path


def measure(dump: Path, output: Path) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and peak MiB of one report."""
    command = [sys.executable, "-m", "kerascrash", "report", dump, "-o", output]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    if status:
        raise SystemExit(f"report failed: wait status {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("dump", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dump = options.dump or write_full_dump(Path(folder) / "full.bin")
        output = Path(folder) / "report.html"
        rows = [measure(dump, output) for _ in range(options.runs)]
        size = output.stat().st_size
    for name, unit, values in zip(
        ("wall time", "processor time", "peak memory"),
        ("s", "s", "MiB"),
        zip(*rows, strict=True),
        strict=True,
    ):
        middle, least = statistics.median(values), min(values)
        print(f"{name:15} median {middle:8.2f} {unit:3}  least {least:8.2f} {unit}")
    print(f"{'HTML':15} {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
