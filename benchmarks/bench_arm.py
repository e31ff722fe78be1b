"""
What arming costs: ``import kerascrash.arm`` beyond ``python -c pass``.

Interleaved pairs in a folder of its own; prints medians with a bootstrap interval, in
elapsed and in processor time (the latter on a busy machine), the noise floor (the same
command against itself), the inert start-up line, and the memory that is added.

    python benchmarks/bench_arm.py [PAIRS]
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STARTUP = ROOT / "kerascrash" / "record" / "kerascrash_startup.pth"
PASS, ARM = "pass", "import kerascrash.arm"
SETTLE = (
    "import time; time.sleep(1.5); "
    "print(open('/proc/self/smaps_rollup').read().split('Private_Dirty:')[1].split()[0])"
)
Cost = tuple[float, float]


def run(code: str, environ: dict[str, str]) -> Cost:
    """Return elapsed and processor time of ``python -c code`` in ms."""
    begun = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", code], env=environ)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    elapsed = time.perf_counter() - begun
    return elapsed * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3


def compare(
    first: str, second: str, pairs: int, environ: dict[str, str]
) -> list[list[float]]:
    """Return the differences second - first, in pairs of alternating order."""
    differences: list[list[float]] = [[], []]
    for number in range(pairs):
        if number % 2:
            before, after = run(first, environ), run(second, environ)
        else:
            after, before = run(second, environ), run(first, environ)
        for kind in (0, 1):
            differences[kind].append(after[kind] - before[kind])
    return differences


def interval(values: list[float]) -> str:
    """Return the median with its 95 % bootstrap interval."""
    draw = random.Random(0)
    medians = sorted(
        statistics.median(draw.choices(values, k=len(values))) for _ in range(2000)
    )
    middle = statistics.median(values)
    return f"{middle:6.2f} ms [{medians[50]:6.2f}, {medians[1949]:6.2f}]"


def private_kib(code: str, environ: dict[str, str]) -> float:
    """Return the private memory in KiB that a settled process has."""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, env=environ, capture_output=True
    )
    return float(done.stdout)


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as folder:
        environ = {k: v for k, v in os.environ.items() if "KERASCRASH" not in k}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # installed code is compiled
        environ |= {"PYTHONPATH": str(ROOT), "KERASCRASH_DIR": folder}
        for _ in range(2):
            run(ARM, environ)
        rows = (
            ("noise floor (pass, pass)", PASS, PASS),
            ("inert start-up line", PASS, STARTUP.read_text().strip()),
            ("import kerascrash.arm", PASS, ARM),
        )
        print(f"{'':26}{'elapsed':30}processor")
        for name, first, second in rows:
            elapsed, processor = compare(first, second, pairs, environ)
            print(f"{name:26}{interval(elapsed)}  {interval(processor)}")
        memory = [
            statistics.median(private_kib(code, environ) for _ in range(5))
            for code in (SETTLE, f"{ARM}; {SETTLE}")
        ]
        print(f"private memory added      {(memory[1] - memory[0]) / 1024:6.2f} MiB")


if __name__ == "__main__":
    main()
