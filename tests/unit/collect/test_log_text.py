"""Logs of any size and kind become a bounded number of readable lines."""

from __future__ import annotations

import gzip
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kerascrash.collect.log_sieve import MOST_LINES
from kerascrash.collect.log_text import make_logs, read_log_file
from kerascrash.model.case import Log

BAR = b"\r 40/1875 [==>...........] - ETA: 12s - loss: 0.4411"


def texts(logs: list[Log], kind: str = "stderr") -> list[str]:
    return [line.text for log in logs if log.kind == kind for line in log.lines]


def read(path: Path, data: bytes) -> list[Log]:
    path.write_bytes(data)
    return read_log_file(path, "stderr")


def test_kinds_are_told_by_content() -> None:
    lines = [
        "Epoch 1/2",
        "[   10.123456] python invoked oom-killer: order=0",
        "Jan  1 00:00:00 box kernel: Out of memory: Killed process 3 (python)",
        "6,422,741384608,-;python[1203]: segfault at 0 ip 00 sp 00 error 4",
        "slurmstepd: error: Detected 1 oom-kill event(s)",
        "[   17.826123] vm earlyoom[180]: low memory! at or below SIGTERM limits",
        "Exception Type:        EXC_BAD_ACCESS (SIGSEGV)",
    ]
    found = {
        log.kind: [ln.number for ln in log.lines]
        for log in make_logs(lines, "stderr", "x")
    }
    assert found == {
        "stderr": [1],
        "kernel": [2, 3, 4],
        "system": [5, 6],
        "crash_report": [7],
    }


def test_a_redrawn_bar_keeps_its_end_and_what_tells(tmp_path: Path) -> None:
    logs = read(
        tmp_path / "a", BAR * 1000 + b"\rMemoryError" + BAR * 1000 + b"Killed\n"
    )
    lines = texts(logs)
    assert "MemoryError" in lines
    assert lines[-1].endswith("Killed")
    assert len(lines) < 10


def test_gzip_and_utf16_are_read(tmp_path: Path) -> None:
    packed = gzip.compress(b"first\nKilled\n")
    assert texts(read(tmp_path / "a.gz", packed)) == ["first", "Killed"]
    assert texts(read(tmp_path / "b.gz", packed[:-6]))[:1] == ["first"]
    wide = "first\r\nKilled\r\n".encode("utf-16")
    assert texts(read(tmp_path / "c", wide)) == ["first", "Killed"]
    assert texts(read(tmp_path / "d", wide[2:])) == ["first", "Killed"]


def test_escapes_and_controls_go(tmp_path: Path) -> None:
    raw = b"\x1b[31mKilled\x1b[0m \x07\x1b]0;title\x07end\x9b2J\xff\n"
    assert texts(read(tmp_path / "a", raw)) == ["Killed end2J\ufffd"] or texts(
        read(tmp_path / "a", raw)
    )[0].startswith("Killed ")


def test_a_line_of_ten_megabytes_keeps_its_end(tmp_path: Path) -> None:
    logs = read(tmp_path / "a", b"x" * 10_000_000 + b" Segmentation fault\n")
    (line,) = texts(logs)
    assert line.endswith("Segmentation fault")
    assert len(line) < 20_000


def test_a_line_in_the_middle_of_a_large_log_is_kept(tmp_path: Path) -> None:
    quiet = b"".join(b"step %d loss 0.%d\n" % (n, n) for n in range(400_000))
    wanted = b"OSError: [Errno 28] No space left on device\n"
    logs = read(tmp_path / "a", quiet + wanted + quiet)
    (log,) = logs
    assert wanted.decode().strip() in texts(logs)
    assert not log.complete
    assert log.total_lines in (800_001, 800_002)
    assert len(log.lines) < MOST_LINES * 2


@pytest.mark.parametrize(
    ("text", "unix"),
    [
        ("2024-01-01T10:00:00+00:00 box kernel: x", 1704103200.0),
        ("2024-01-01 10:00:00.5Z x", 1704103200.5),
        ("2024-01-01T12:00:00.250000+02:00 x", 1704103200.25),
        ("[   12.345678] x", None),
        ("9999-99-99 99:99:99 x", None),
        ("Feb 30 10:00:00 box x", None),
    ],
)
def test_times(text: str, unix: float | None) -> None:
    assert make_logs([text], "system", "x")[0].lines[0].time == unix


def test_local_times_are_read() -> None:
    stamp = time.strftime("[%a %b %d %H:%M:%S %Y]", time.localtime(1704103200))
    assert make_logs([f"{stamp} x"], "kernel", "x")[0].lines[0].time == 1704103200
    syslog = time.strftime("%b %e %H:%M:%S box kernel: x", time.localtime())
    found = make_logs([syslog], "kernel", "x")[0].lines[0].time
    assert found is not None
    assert abs(found - time.time()) < 5


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_gigabytes_in_bounded_time_and_memory(tmp_path: Path) -> None:
    block = b"".join(
        BAR
        + b"\nEpoch %d/500\nW foo.cc:1] Allocation of %d exceeds 10%%\n" % (n, n * 991)
        for n in range(8000)
    )
    path = tmp_path / "huge.log"
    with path.open("wb") as file:
        for _ in range((2 << 30) // len(block) + 1):
            file.write(block)
        file.write(BAR + b"Killed\n")
    code = (
        "import resource, sys; from kerascrash.collect.log_text import read_log_file; "
        "logs = read_log_file(sys.argv[1], 'stderr'); "
        "assert logs[0].lines[-1].text.endswith('Killed'); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 150 << 10
    assert time.monotonic() - begin < 30
    assert resource.getpagesize()
