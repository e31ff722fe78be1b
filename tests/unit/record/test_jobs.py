"""When the sampler does what it does besides reading."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kerascrash.record.budget import Job


def test_uneven_jobs_keep_their_pace_but_no_beat() -> None:
    job = Job("scan", lambda: None, every_s=1.5, uneven=True)
    now, begins = 0, []
    while len(begins) < 200:
        now += 10_001_000  # a clock's steps are no round number either
        if job.is_due(now, 0, pressed=False):
            job.last_ns = now
            begins.append(now)
    pauses = [(later - before) / 1e9 for before, later in pairwise(begins)]
    assert 0.9 <= min(pauses) < 1.1
    assert 1.9 < max(pauses) <= 2.2
    assert sum(pauses) / len(pauses) == pytest.approx(1.5, rel=0.1)
