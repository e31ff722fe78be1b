"""What decides is kept of a log too long to be looked at line by line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kerascrash.collect import log_sieve

KILL = b"[9.1] Memory cgroup out of memory: Killed process 812 (python3) total-vm:9kB\n"
OTHER = b"[9.2] a warning of some driver: nothing failed\n"


def pieces(middle: bytes) -> Iterator[bytes]:
    """Yield lines that are all of another shape: a hash stands in each."""
    for piece in range(16):
        lines = [
            b"step data/%x.tfrecord loss 0.1\n" % (0xABCDEF * (piece * 4000 + n))
            for n in range(4000)
        ]
        yield b"".join(lines)
        if piece == 4:
            yield middle


@pytest.mark.parametrize("limit", ["MIDDLE_SECONDS", "_MOST_TELLING"])
def test_the_kill_in_the_middle_is_kept(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_sieve, limit, 0)
    monkeypatch.setattr(log_sieve, "TAIL_LINES", 100)
    kept = log_sieve.sift(pieces(KILL + OTHER))
    found = {line: number for number, line in kept.lines}
    assert found[KILL.strip()] == 5 * 4000 + 1
    assert OTHER.strip() not in found


def test_of_many_the_first_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_sieve, "MIDDLE_SECONDS", 0)
    monkeypatch.setattr(log_sieve, "TAIL_LINES", 100)
    kept = log_sieve.sift(pieces(KILL * 5000))
    count = sum(line == KILL.strip() for _, line in kept.lines)
    assert 1 <= count <= 3 * log_sieve._PER_SURE
