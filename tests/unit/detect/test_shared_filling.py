"""Shared memory that grows up to a silent end, and what only looks like it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kerascrash.detect import observe
from kerascrash.diagnose import diagnose
from kerascrash.model.case import ExitStatus, Series
from kerascrash.model.evidence import Unavailable

MIB = 1 << 20
UNSEEN = Unavailable("exit status", "nobody saw how the process ended")


@pytest.mark.parametrize(
    ("levels", "exit_status", "late", "seen"),
    [
        ((0, 3, 13, 23), UNSEEN, 0.0, True),
        ((0, 3, 13, 23), ExitStatus(signal=7, known_by="pidfd"), 0.0, True),
        ((0, 3, 13, 23), ExitStatus(signal=9, known_by="pidfd"), 0.0, False),
        ((0, 0, 0, 14), UNSEEN, 0.0, True),
        ((0, 0, 0, 2), UNSEEN, 0.0, False),
        ((0, 23, 23, 23), UNSEEN, 0.0, False),
        ((3, 64, 3, 64, 3), UNSEEN, 0.0, False),
        ((0, 3, 13, 23), UNSEEN, 30.0, False),
        ((23,), UNSEEN, 0.0, False),
    ],
    ids=[
        "unseen",
        "sigbus",
        "sigkill",
        "steep",
        "little",
        "full",
        "in turns",
        "long ago",
        "one",
    ],
)
def test_filling_up_to_the_end(
    training: Any,
    levels: tuple[int, ...],
    exit_status: ExitStatus | Unavailable,
    late: float,
    seen: bool,
) -> None:
    builder = training(exit=exit_status, certificate=None).runs(4, epoch=0, step=24)
    case = builder.build()
    times = tuple(
        case.death - late - 0.25 * (len(levels) - n) for n in range(1, len(levels) + 1)
    )
    shmem = Series("shmem", "recorder", times, tuple(n * MIB for n in levels))
    series = (*case.recording.series, shmem)
    case = replace(case, recording=replace(case.recording, series=series))
    observed = observe(case)
    found = {finding.id for finding in observed.findings}
    assert observed.faults == ()
    assert ("shared_memory_filling" in found) is seen
    if seen:
        assert diagnose(case).verdict.cause == "bus_error_shm"


def test_at_the_cgroups_limit_it_may_be_an_oom_kill(leaking: Any) -> None:
    assert "shared_memory_filling" not in {
        finding.id for finding in observe(leaking.build()).findings
    }
