"""A call that holds the interpreter: the last stack is of what ran before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kerascrash.diagnose import diagnose
from kerascrash.estimate.unseen import grown_unseen
from kerascrash.model.case import Case
from tests.unit.conftest import START, CaseBuilder

MIB = 1 << 20
KERAS = (("keras/src/layers/core/dense.py", "build"),)


LATE = ((12, 420), (20, 1530))
EARLY = ((4, 420), (10, 1500), (20, 1530))


def dies(
    builder: CaseBuilder,
    silent_from: float,
    levels: tuple[tuple[float, int], ...] = LATE,
) -> Case:
    """Return a death by the limit that the watcher saw whole, the recorder in part."""
    builder.stacks_at = silent_from
    builder.event(11, "stage_begin", stage="build", where=None)
    builder.at_line('model.compile("adam", "mse")', *KERAS)
    case = builder.grows(*levels).dies_of_limit().build()
    whole = case.recording.series
    seen = [
        replace(one, times=times, values=one.values[: len(times)])
        for one in whole
        for times in [tuple(t for t in one.times if t <= START + silent_from)]
    ]
    outside = [replace(one, origin="watcher") for one in whole]
    recording = replace(case.recording, series=(*seen, *outside))
    return replace(case, recording=recording)


def test_what_came_after_the_last_stack_is_blamed(
    training: Callable[..., CaseBuilder],
) -> None:
    case = dies(training(), silent_from=12)
    unseen = grown_unseen(case)
    assert unseen is not None
    assert 7.5 < unseen.seconds < 8.5
    assert unseen.bytes > 1000 * MIB
    verdict = diagnose(case).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "tensor_ops")
    assert verdict.culprit is not None
    assert verdict.culprit.kind.startswith("the line last seen running; one call")


def test_a_recorder_that_went_on_saw_the_line(
    training: Callable[..., CaseBuilder],
) -> None:
    case = dies(training(), silent_from=19.9)
    assert grown_unseen(case) is None
    assert diagnose(case).verdict.factor == "model_size"


def test_a_rise_that_was_over_by_then_is_not_of_what_came_after(
    training: Callable[..., CaseBuilder],
) -> None:
    assert grown_unseen(dies(training(), silent_from=15, levels=EARLY)) is None
