"""When windows begin and end: by steps, by cost, by headroom."""

from __future__ import annotations

import pytest

from kerascrash.record import window_pace
from kerascrash.record.pressure import Pressure
from kerascrash.record.window_pace import Pace

MS, S = 1_000_000, 1_000_000_000
NONE: dict[str, int] = {}


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000 * S

    def monotonic_ns(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(window_pace, "time", made)
    return made


def train(
    pace: Pace, clock: Clock, steps: int, step_ns: int, cost_ns: int = 4 * MS
) -> list[tuple[int, int]]:
    """Return (first step, steps) of the windows of a training."""
    windows: list[tuple[int, int]] = []
    begun = 0
    for step in range(steps):
        clock.now += step_ns
        if not pace.count_step():
            continue
        if begun and pace.is_long_enough():
            windows.append((begun, step - begun))
            begun = 0
            clock.now += cost_ns
            pace.ended(clock.now, cost_ns, too_big=False)
        if not begun and pace.is_due():
            begun = step
            pace.begun(clock.now)
            pace.spent(0, opened=True)
    return windows


def test_two_steps_every_n(clock: Clock) -> None:
    windows = train(Pace(100), clock, 420, 30 * MS)
    assert windows == [(2, 2), (102, 2), (202, 2), (302, 2), (402, 2)]


def test_quick_steps_do_not_make_windows_dear(clock: Clock) -> None:
    """4 ms for a window, 1 ms for a step: every 100 steps would be 4 %."""
    steps = 10_000
    windows = train(Pace(100), clock, steps, 1 * MS)
    assert 0 < len(windows) * 4 * MS <= 0.0055 * steps * MS
    asked_for_more = train(Pace(10), clock, steps, 1 * MS)
    assert len(asked_for_more) > 5 * len(windows)


def test_a_window_that_cannot_be_had_is_tried_again_n_steps_later(clock: Clock) -> None:
    pace = Pace(50)
    tried = []
    for step in range(120):
        clock.now += 30 * MS
        if pace.count_step() and pace.is_due():
            tried.append(step)
            pace.begun(clock.now)
            pace.spent(MS, opened=False)
    assert tried == [2, 52, 102]


def test_windows_follow_each_other_while_headroom_shrinks(clock: Clock) -> None:
    pace, pressure = Pace(1000), Pressure()
    assert train(pace, clock, 300, 30 * MS) == [(2, 2)]
    pressure.pressed = True
    pace.feel(pressure, NONE, 0)
    windows = train(pace, clock, 300, 30 * MS)
    lengths = {length for _, length in windows}
    assert len(windows) > 20
    assert min(lengths) * 30 * MS >= 250 * MS
    pressure.pressed = False
    pace.feel(pressure, NONE, 0)
    pace.ended(clock.now, 4 * MS, too_big=False)  # the one that was open
    assert train(pace, clock, 300, 30 * MS) == []


def test_headroom_that_shrinks_for_minutes_is_not_profiled_all_the_time(
    clock: Clock,
) -> None:
    pace, pressure = Pace(1000), Pressure()
    pressure.pressed = True
    pace.feel(pressure, NONE, 0)
    train(pace, clock, 1100, 30 * MS)
    windows = train(pace, clock, 1000, 30 * MS)
    assert 0 < sum(length for _, length in windows) <= 150


@pytest.mark.parametrize(
    ("peaks", "felt"),
    [
        ([100, 100, 100], False),  # an empty pool
        ([980, 980, 980], False),  # full from the start, and healthy
        ([500, 501, 502], False),  # rising, with a long way to go
        ([300, 500, 700], True),  # full in less than two seconds
        ([930, 931, 932], True),  # nearly full, and rising
    ],
)
def test_a_device_that_fills(clock: Clock, peaks: list[int], felt: bool) -> None:
    pace, pressure = Pace(1000), Pressure()
    for peak in peaks:
        clock.now += S
        pace.feel(pressure, {"device_limit": 1000}, peak)
    assert pace._pressed is felt


def test_a_step_that_lasts_is_not_recorded_to_its_end(clock: Clock) -> None:
    pace = Pace(10)
    pace.begun(clock.now)
    pace.spent(0, opened=True)
    clock.now += 19 * S
    assert not pace.is_too_long()
    clock.now += 2 * S
    assert pace.is_too_long()


def test_by_the_clock_only_where_there_are_no_steps(clock: Clock) -> None:
    pace = Pace(100)
    assert not pace.is_time(has_no_steps=False)
    assert pace.is_time(has_no_steps=True)
    pace.begun(clock.now)
    pace.spent(100 * MS, opened=True)
    pace.ended(clock.now, 100 * MS, too_big=False)
    assert train(pace, clock, 10, 30 * MS) == [(2, 2)]  # steps are not kept waiting
    clock.now += 30 * S
    assert pace.is_time(has_no_steps=True)
    pace.begun(clock.now)
    pace.spent(0, opened=True)
    clock.now += S // 2
    assert pace.is_too_long()
    pace.ended(clock.now, 4 * MS, too_big=False)
    clock.now += 20 * S
    assert not pace.is_time(has_no_steps=True)
    clock.now += 10 * S
    assert pace.is_time(has_no_steps=True)


def test_too_much_for_the_disk_is_made_smaller_and_rarer(clock: Clock) -> None:
    pace = Pace(100)
    pace.begun(clock.now)
    pace.spent(MS, opened=True)
    pace.ended(clock.now, 100 * MS, too_big=True)
    assert pace._steps == 1
    assert pace._not_before_ns >= clock.now + 40 * S


def test_the_first_window_of_a_gpu_costs_a_second_and_is_not_held_against_it(
    clock: Clock,
) -> None:
    pace = Pace(100)
    assert train(pace, clock, 5, 50 * MS, cost_ns=1 * S) == [(2, 2)]
    assert len(train(pace, clock, 300, 50 * MS, cost_ns=5 * MS)) == 3
