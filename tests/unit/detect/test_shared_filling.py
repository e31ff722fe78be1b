"""Shared memory that grows up to a silent end, and what only looks like it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kerascrash.detect import observe
from kerascrash.diagnose import diagnose
from kerascrash.model.case import ExitStatus, Mark, Series
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


FILLED = {"total": 24, "free": 1, "before": 3, "own": 22}


@pytest.mark.parametrize(
    ("changed", "late", "exit_status", "seen"),
    [
        ({}, 0.2, UNSEEN, True),
        ({}, 0.2, ExitStatus(signal=7, known_by="pidfd"), True),
        ({}, 0.2, ExitStatus(signal=11, known_by="pidfd"), False),
        # The next write is as big as what was written last: no room for it.
        ({"total": 64, "free": 20, "before": 42, "own": 44}, 0.2, UNSEEN, True),
        ({"own": 0}, 0.2, UNSEEN, False),
        ({"free": 20, "before": 21}, 0.2, UNSEEN, False),
        ({"free": 24, "before": 1}, 0.2, UNSEEN, False),
        ({}, 30.0, UNSEEN, False),
        ({"free": "1"}, 0.2, UNSEEN, False),
    ],
    ids=[
        "used up",
        "sigbus",
        "segfault",
        "in big parts",
        "by others",
        "half full",
        "emptied",
        "long ago",
        "damaged",
    ],
)
def test_the_room_of_a_file_system_goes_to_its_end(
    training: Any,
    changed: dict[str, Any],
    late: float,
    exit_status: ExitStatus | Unavailable,
    seen: bool,
) -> None:
    builder = training(exit=exit_status, certificate=None).runs(4, epoch=0, step=24)
    case = builder.build()
    row = {
        key: value * MIB if isinstance(value, int) else value
        for key, value in {**FILLED, **changed}.items()
    }
    mark = Mark(case.death - late, "shared_room", {"path": "/dev/shm", **row})
    marks = (*case.recording.marks, mark)
    case = replace(case, recording=replace(case.recording, marks=marks))
    observed = observe(case)
    found = {finding.id for finding in observed.findings}
    assert observed.faults == ()
    assert ("shared_memory_filling" in found) is seen
    if seen:
        assert diagnose(case).verdict.cause == "bus_error_shm"
