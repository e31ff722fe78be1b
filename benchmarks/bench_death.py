"""
What the companion costs and how close to the death it looks.

Run: ``python benchmarks/bench_death.py [--runs N]``. Needs Linux; with root and a
memory cgroup the growth meets a real limit, otherwise the process kills itself at the
same point. Prints, does not judge.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kerascrash.dump.reader import read_dump  # noqa: E402

TARGET = ROOT / "tests" / "crash" / "watch" / "target.py"
GROUPS = Path("/sys/fs/cgroup/memory")
LIMIT = 512 << 20
GROWTH = {
    "bytearray, 1 MiB pieces": "[h.append(bytearray(1 << 20)) for _ in range(4096)]",
    "bytearray, 32 MiB pieces": "[h.append(bytearray(32 << 20)) for _ in range(128)]",
    "0.5 GB/s": "while True: h.append(bytearray(1 << 20)); time.sleep(0.002)",
}


def make_group() -> Path | None:
    """Return a memory cgroup of ``LIMIT`` bytes, if one may be made."""
    folder = GROUPS / f"kerascrash-bench-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(LIMIT))
    except OSError:
        return None
    return folder


def die(body: str, group: Path | None) -> tuple[float, float, float]:
    """
    Let a target die; return milliseconds.

    Age of the last outside sample when SIGKILL was sent (by the kernel's own line, else
    when the death was noticed), time it then took the process to go, and from there to
    the sealed certificate.
    """
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "target.bin"
        command = [sys.executable, str(TARGET), str(path), body]

        def enter() -> None:
            if group:
                (group / "cgroup.procs").write_text(str(os.getpid()))

        subprocess.run(command, preexec_fn=enter, stdout=subprocess.DEVNULL)
        while (certificate := read_dump(str(path)).certificate) is None:
            time.sleep(0.002)
        gone = certificate["death"]["realtime"]
        lines = certificate["kernel"]["lines"]
        killed = [row["time"] for row in lines if "Killed process" in row["text"]]
        sent = killed[-1] if killed else gone
        dump = read_dump(str(path))
        seen = [dump.to_unix(sample.time_ns) for sample in dump.watch]
        last = max(t for t in seen if t <= sent)
        return (
            (sent - last) * 1000,
            (gone - sent) * 1000,
            (certificate["sealed"] - gone) * 1000,
        )


def measure_growth(runs: int, group: Path | None) -> None:
    for name, grow in GROWTH.items():
        body = f"time.sleep(0.3); h = []\n{grow}"
        if group is None:
            body = "time.sleep(0.3); os.kill(os.getpid(), 9)"
        found = [die(body, group) for _ in range(runs)]
        ages, dying, sealing = zip(*found, strict=True)
        show(f"{name}: age of the last outside sample at SIGKILL", ages, "ms")
        show("  SIGKILL until the process is gone", dying, "ms")
        show("  gone until sealed", sealing, "ms")


def measure_idle(seconds: float) -> None:
    """Print memory and CPU time of a companion beside an idle target."""
    with tempfile.TemporaryDirectory() as name:
        dump = Path(name) / "target.bin"
        command = [sys.executable, str(TARGET), str(dump), "sys.stdin.read(); finish()"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, **pipes) as target:  # type: ignore[call-overload]
            target.stdout.readline()
            (pid,) = find_companions(str(dump))
            time.sleep(2)
            before = cpu_seconds(pid)
            time.sleep(seconds)
            spent = cpu_seconds(pid) - before
            print(f"companion: {private_bytes(pid) / 1e6:.1f} MB private memory")
            print(f"companion: {spent / seconds:.2%} of one core beside an idle target")
            target.stdin.close()
            target.wait()
            ended = time.monotonic()
            while find_companions(str(dump)):
                time.sleep(0.001)
            gone = (time.monotonic() - ended) * 1000
            print(f"companion: gone {gone:.0f} ms after a clean exit")


def measure_verdict(runs: int) -> None:
    """Print how long ``kerascrash run`` takes from the death to its own end."""
    with tempfile.TemporaryDirectory() as name:
        script = Path(name) / "job.py"
        script.write_text("import os; os.kill(os.getpid(), 9)\n")
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        delays = []
        for _ in range(runs):
            command = [sys.executable, "-m", "kerascrash", "run", str(script)]
            done = subprocess.run(
                command, cwd=name, env=environ, capture_output=True, check=False
            )
            ended = time.time()
            assert done.returncode == 137
            newest = max(Path(name).glob("kerascrash-dumps/*.bin"))
            certificate = read_dump(str(newest)).certificate
            assert certificate is not None
            delays.append((ended - certificate["death"]["realtime"]) * 1000)
        show("death to printed verdict (kerascrash run)", delays, "ms")


def find_companions(mark: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in command and b"start.py" in command:
            found.append(int(folder.name))
    return found


def private_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if "Private_" in line)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(name: str, values: Iterable[float], unit: str) -> None:
    values = sorted(values)
    middle = statistics.median(values)
    print(f"{name}: median {middle:.1f} {unit}, largest {values[-1]:.1f} {unit}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    group = make_group()
    print(f"limit: {'cgroup of 512 MiB' if group else 'none, the target ends itself'}")
    try:
        measure_growth(runs, group)
    finally:
        if group:
            time.sleep(0.2)
            group.rmdir()
    measure_idle(10)
    measure_verdict(3)


if __name__ == "__main__":
    main()
