"""When the sampler does what it does besides reading."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from kerascrash.record import jobs
from kerascrash.record.budget import Job
from kerascrash.record.own_memory import UnknownLayoutError


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


@pytest.mark.parametrize(
    ("wanted", "watched"), [(True, True), (False, True), (True, False)]
)
def test_the_watcher_is_told_of_the_frames_where_there_is_one_that_may_look(
    monkeypatch: pytest.MonkeyPatch, wanted: bool, watched: bool
) -> None:
    about: dict[str, Any] = {"layout": {}}
    monkeypatch.setattr("kerascrash.record.outside.describe_outside", lambda: about)
    recorder: Any = SimpleNamespace(
        watcher_started=watched, settings=SimpleNamespace(outside=wanted)
    )
    told = jobs._outside(recorder, SimpleNamespace(jobs=[]))  # type: ignore[arg-type]
    assert told == ({"outside": about} if wanted and watched else None)


def test_frames_that_are_not_understood_are_counted_and_cost_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> dict[str, Any]:
        raise UnknownLayoutError("f_back: found at 0 places")

    monkeypatch.setattr("kerascrash.record.outside.describe_outside", refuse)
    failed: list[str] = []
    recorder: Any = SimpleNamespace(
        watcher_started=True,
        settings=SimpleNamespace(outside=True),
        hook_failed=lambda name, _: failed.append(name),
    )
    told = jobs._outside(recorder, SimpleNamespace(jobs=[]))  # type: ignore[arg-type]
    assert told is None
    assert failed == ["stack from outside"]
