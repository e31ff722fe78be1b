"""
Explain a log of 2 GB: time, peak memory, and whether progress is shown.

    python benchmarks/bench_explain.py [--gib 2] [--folder FOLDER]

The log is what a training of weeks leaves: redrawn bars, epochs, warnings that repeat
with other numbers; among them escape sequences, binary rubbish, lines of 10 MB. One
line in the middle tells why it died; behind it only warnings go on. It is written to
FOLDER (default: the temporary one), read as a file and from standard input, and
removed. Bars: 150 MB, and 30 s on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GIB, MIB = 1 << 30, 1 << 20
BAR_MIB, BAR_SECONDS = 150e6 / MIB, 30
ESCAPES = b"\x1b]0;owned\x07\x1b[2J\x1b[31mWARNING\x1b[0m slow step \x9b2J\xff\xfe\n"
CAUSE = b"OSError: [Errno 28] No space left on device: 'ckpt/model.keras'\n"


@dataclass(frozen=True)
class Figures:
    """Wall and processor seconds, peak MiB, the cause named, and what stderr showed."""

    wall: float
    processor: float
    peak: float
    cause: str
    shown: str


def write_log(path: Path, size: int) -> None:
    """Write about ``size`` bytes of log."""
    chance = random.Random(0)
    bar = b"\r %d/1875 [==>...........] - ETA: %ds - loss: 0.%d"
    block = b"".join(
        bar % (n % 1875, 1875 - n % 1875, n * 7919 % 10_000)
        + b"\nEpoch %d/500\nW foo.cc:1] Allocation of %d exceeds 10%%\n" % (n, n * 991)
        for n in range(8000)
    )
    late = b"".join(
        b"W queue.cc:%d] upload of shard %d waits for a slot\n" % (n % 90, n)
        for n in range(16_000)
    )
    rare = [ESCAPES, chance.randbytes(MIB), b"x" * 10_000_000 + b"\n", b"\r" * MIB]
    with path.open("wb") as file:
        told = False
        for number in range(size // len(block) + 1):
            file.write(late if told else block)
            if number % 250 == 100:
                file.write(rare[number // 250 % len(rare)])
            if not told and file.tell() > size // 2:
                file.write(CAUSE)
                told = True


def measure(arguments: list[str], stdin: Path | None) -> Figures:
    """Run ``kerascrash explain``, its standard error on a terminal."""
    controller, terminal = pty.openpty()
    with tempfile.TemporaryFile() as output, open(stdin or os.devnull, "rb") as given:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "kerascrash", "explain", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=given,
            stdout=output,
            stderr=terminal,
        )
        os.close(terminal)
        shown = read_all(controller)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        if status:
            raise SystemExit(f"explain failed: wait status {status}\n{shown}")
        output.seek(0)
        cause = json.load(output)["verdict"]["cause"]
    seconds = usage.ru_utime + usage.ru_stime
    return Figures(wall, seconds, usage.ru_maxrss / 1024, cause, shown)


def read_all(controller: int) -> str:
    """Return what a terminal was told until nobody holds it any more."""
    told = b""
    try:
        while piece := os.read(controller, 65536):
            told += piece
    except OSError:  # EIO: the last holder closed it
        pass
    os.close(controller)
    return told.decode("utf-8", "replace")


def main() -> None:
    """Print one line for each way of reading."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--gib", type=float, default=2.0)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "train.log"
        write_log(path, int(options.gib * GIB))
        print(f"{path.stat().st_size / GIB:.2f} GiB of log")
        for name, arguments, stdin in (
            ("file", ["--stderr", str(path)], None),
            ("standard input", [], path),
        ):
            got = measure([*arguments, "--format", "json"], stdin)
            good = got.wall <= BAR_SECONDS and got.peak <= BAR_MIB
            steps = got.shown.count("reading ")
            print(
                f"{name:15} {got.wall:6.1f} s ({got.processor:.1f} s of processor)  "
                f"{got.peak:6.1f} MiB  progress shown {steps} times  {got.cause}"
                f"  {'within' if good else 'BEYOND'} the bars"
            )


if __name__ == "__main__":
    main()
