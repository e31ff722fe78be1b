"""Slopes are robust and histories short."""

from __future__ import annotations

import pytest

from kerascrash.record.growth import POINTS, Track


def test_a_leak_has_its_slope_per_step_and_per_second() -> None:
    track = Track()
    for step in range(0, 200, 10):
        track.note(step, 1000 + step / 2, step * 4096, step)
    assert track.per_step() == pytest.approx(4096)
    assert track.per_step(3) == pytest.approx(1)
    assert track.per_second() == pytest.approx(8192)
    assert track.is_growing()


def test_one_jump_is_not_growth() -> None:
    track = Track()
    for step in range(20):
        track.note(step, step, 1 << 20 if step > 10 else 1000, 1)
    assert track.per_step() == 0
    assert not track.is_growing()


def test_what_is_emptied_again_is_not_growing() -> None:
    track = Track()
    for step in range(40):
        track.note(step, step, (step % 2) * 1000, 1)
    assert abs(track.per_step() or 0) < 1000


def test_a_long_history_keeps_its_beginning_and_its_end() -> None:
    track = Track()
    for step in range(5000):
        track.note(step, float(step), step, step)
    history = track.history()
    assert len(history) <= POINTS
    assert history[0][0] == 0
    assert history[-1][0] == 4999


def test_without_steps_there_is_growth_per_second_only() -> None:
    track = Track()
    for n in range(10):
        track.note(-1, float(n), n * 100, n)
    assert track.per_step() is None
    assert track.per_second() == pytest.approx(100)


def test_a_name_that_never_grew_keeps_little() -> None:
    track = Track()
    for step in range(100):
        track.note(step, float(step), 7, 1)
    assert len(track.points) <= 4
    assert not track.is_growing()


def test_a_loop_that_counts_no_steps_any_more_grows_per_second() -> None:
    track = Track()
    for second in range(0, 60, 3):  # predict, chunk by chunk, after the training
        track.note(63, float(second), second * 1000, 1)
    assert track.per_second() == pytest.approx(1000)
    assert track.per_step() is None
    assert track.is_growing()


def test_within_a_short_step_the_newest_point_stands() -> None:
    track = Track()
    for n in range(100):  # ten looks at each step of a second
        track.note(n // 10, n / 10, n // 10 * 100, 1)
    later = track.points[1:]
    assert len({p[0] for p in later}) == len(later)
    assert track.per_step() == pytest.approx(100)


def test_a_sum_over_fewer_instances_than_before_is_no_point() -> None:
    track = Track()
    for step in range(10):
        track.note(step, float(step), 200, 2, holders=2)
        track.note(step, float(step), 100, 1, holders=1, partly=True)
    assert {p[2] for p in track.points} == {200}
    track.note(11, 11.0, 100, 1, holders=1)  # one is really gone
    assert track.points[-1][2] == 100
