"""
What 64 armed workers under one training cost: processes, bytes on disk, CPU time.

    python benchmarks/bench_fanout.py [--workers 64] [--seconds 20]

The workers are spawned and idle, as data loaders are most of the time; processor times
are read from the kernel over that time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRAINING = """
import kerascrash.arm
import multiprocessing, sys, time

def work():
    time.sleep(10_000)

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    for _ in range(int(sys.argv[1])):
        context.Process(target=work, daemon=True).start()
    print("READY", flush=True)
    sys.stdin.readline()
"""
TICK = os.sysconf("SC_CLK_TCK")


def processes() -> dict[int, tuple[int, str]]:
    """Return parent and command line of every process by pid."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            words = Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        found[int(name)] = (int(stat[1]), words.decode(errors="replace"))
    return found


def cpu_s(pids: list[int]) -> float:
    """Return the processor time that processes have used."""
    ticks = 0
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(stat[11]) + int(stat[12])
    return ticks / TICK


def measure(
    workers: int, seconds: float, *, armed: bool, folder: Path
) -> dict[str, float]:
    """Start the training, wait until all is there, and read the figures."""
    script = folder / "train.py"
    script.write_text(TRAINING)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "KERASCRASH": str(int(armed))}
    with subprocess.Popen(
        [sys.executable, str(script), str(workers)],
        cwd=folder, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as training:  # fmt: skip
        assert training.stdout is not None
        training.stdout.readline()
        rings = folder / "kerascrash-dumps"
        give_up = time.monotonic() + 120
        while armed and len(list(rings.glob("*.bin"))) <= workers:
            assert time.monotonic() < give_up, "not all workers have armed themselves"
            time.sleep(0.2)
        time.sleep(5)  # the first looks are over
        every = processes()
        children = [pid for pid, (parent, _) in every.items() if parent == training.pid]
        watching = [
            p for p, (_, words) in every.items() if f"start.py {folder}" in words
        ]
        before, began = (cpu_s(children), cpu_s(watching)), time.monotonic()
        time.sleep(seconds)
        after, took = (cpu_s(children), cpu_s(watching)), time.monotonic() - began
        sizes = [path.stat().st_size for path in rings.glob("*.bin")]
        training.communicate(b"\n")
    left_by = time.monotonic() + 20
    while list(rings.glob("*.bin*")) and time.monotonic() < left_by:
        time.sleep(0.1)
    return {
        "workers": len(children),
        "watchers": len(watching),
        "largest_ring_of_a_worker": sorted(sizes)[-2] if len(sizes) > 1 else 0,
        "bytes_on_disk": sum(sizes),
        "workers_percent_of_a_core": 100 * (after[0] - before[0]) / took,
        "watcher_percent_of_a_core": 100 * (after[1] - before[1]) / took,
        "files_left": len(list(rings.glob("*.bin*"))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    for armed in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            found = measure(
                arguments.workers, arguments.seconds, armed=armed, folder=Path(folder)
            )
        print("armed" if armed else "unarmed")
        for name, value in found.items():
            print(
                f"  {name:28} {value:,.1f}"
                if isinstance(value, float)
                else f"  {name:28} {value:,}"
            )


if __name__ == "__main__":
    main()
