"""How near the end is: which limit, how fast, and when that is urgent."""

from __future__ import annotations

import math

import pytest

from kerascrash.record.budget import HEALTHY_SHARE, Budget
from kerascrash.record.forewarning import Forewarning
from kerascrash.record.pressure import Pressure

GIB = 1 << 30
SECOND = 1_000_000_000
HOST = {"host_total": 64 * GIB, "host_available": 60 * GIB}


def feed(pressure: Pressure, headrooms: list[float], step_s: float = 0.25) -> None:
    for i, headroom in enumerate(headrooms):
        values = {
            **HOST,
            "cgroup_limit": 8 * GIB,
            "cgroup_headroom": int(headroom * GIB),
        }
        pressure.update(values, int((i + 1) * step_s * SECOND))


def test_no_limit_known_is_no_pressure() -> None:
    pressure = Pressure()
    pressure.update({"rss": 5}, SECOND)
    assert (pressure.limit, pressure.pressed) == (0, False)
    assert pressure.seconds_left == math.inf


def test_the_limit_with_the_least_headroom_counts() -> None:
    pressure = Pressure()
    feed(pressure, [6])
    assert (pressure.which, pressure.limit) == ("cgroup", 8 * GIB)
    pressure.update({**HOST, "host_available": GIB, "swap_free": GIB}, SECOND)
    assert (pressure.which, pressure.headroom) == ("host", 2 * GIB)
    pressure.address_space_limit = 2 * GIB
    pressure.update({**HOST, "vms": GIB + 1}, 2 * SECOND)
    assert (pressure.which, pressure.headroom) == ("RLIMIT_AS", GIB - 1)


def test_fast_growth_far_from_the_limit_is_urgent() -> None:
    pressure = Pressure()
    feed(pressure, [7, 6, 5, 4])
    assert pressure.growth_per_s > 3.5 * GIB
    assert pressure.pressed


def test_slow_growth_far_from_the_limit_is_not() -> None:
    pressure = Pressure()
    feed(pressure, [7, 6.99, 6.98, 6.97])
    assert not pressure.pressed


def test_little_headroom_presses_only_while_it_shrinks() -> None:
    pressure = Pressure()
    feed(pressure, [1.0] * 10)
    assert not pressure.pressed
    feed(pressure, [1.0 - i * 0.005 for i in range(10)])
    assert pressure.pressed


def test_credit_grows_with_time_and_debts_are_bounded() -> None:
    budget = Budget()
    assert budget.affords(1_000_000)
    budget.spend(10**12)
    assert not budget.affords(1)
    deep = budget.credit_ns
    budget.earn(SECOND, pressed=False)
    assert budget.credit_ns - deep == HEALTHY_SHARE * SECOND
    budget.earn(100 * SECOND, pressed=True)
    assert budget.affords(1_000_000)


def test_dear_readings_are_taken_more_seldom() -> None:
    budget = Budget()
    assert budget.pause_s(0.25, 100_000) == 0.25
    assert budget.pause_s(0.25, 5_000_000) == 2.0
    assert budget.pause_s(0.25, 10**12) == 5.0


def test_a_slow_machine_has_credit_left_for_the_jobs() -> None:
    """Measured in an emulated machine: a reading of 15 ms left nothing for them."""
    budget, reading = Budget(), 12_000_000
    budget.spend(10**12)
    assert budget.affords(0), "what was never done is done once, whatever it costs"
    done = 0
    for _ in range(60):
        budget.earn(round(budget.pause_s(0.25, reading) * SECOND), pressed=False)
        budget.spend(reading)
        if budget.affords(25_000_000):
            budget.spend(25_000_000)
            done += 1
    assert done >= 20


def outlook_of(headrooms: list[float], stage: str = "FIT") -> tuple[float, int] | None:
    forewarning = Forewarning()
    for i, headroom in enumerate(headrooms):
        forewarning.note(2.0 * i, int(headroom * GIB), 10 * i, stage)
    return forewarning.outlook(8 * GIB)


def test_a_steady_leak_is_told_with_time_and_step() -> None:
    found = outlook_of([4 - 0.02 * i for i in range(60)])
    assert found is not None
    left, step = found
    assert 270 < left < 300
    assert 1900 < step < 2120


def test_warming_up_is_no_leak() -> None:
    assert outlook_of([4 - 2 * (1 - math.exp(-i / 8)) for i in range(60)]) is None


def test_what_comes_back_is_no_leak() -> None:
    assert outlook_of([4 - 0.1 * (i % 10) for i in range(60)]) is None


def test_a_leak_that_ends_in_hours_is_not_told() -> None:
    assert outlook_of([7 - 0.0028 * i for i in range(120)]) is None


def test_a_cache_that_fills_less_than_a_quarter_is_no_leak() -> None:
    filling = [4 - 0.02 * i for i in range(60)]
    silent = [n for n in range(60) if outlook_of(filling[:n]) is None]
    assert silent == list(range(len(silent)))  # once it is told, it stays so
    assert 2.9 < filling[len(silent)] <= 3.0


@pytest.mark.parametrize(
    ("asked", "own", "told"),
    [
        (0.0, 1.0, False),  # an array made before is filled
        (1.0, 1.0, True),  # each step asks for more
        (0.0, 0.1, True),  # another process grows
    ],
)
def test_what_was_asked_for_before_is_no_leak(
    asked: float, own: float, told: bool
) -> None:
    forewarning = Forewarning()
    for i in range(60):
        grown = int(0.02 * i * GIB)
        rss, vms = GIB + int(own * grown), 20 * GIB + int(asked * grown)
        forewarning.note(2.0 * i, 4 * GIB - grown, i, "FIT", rss=rss, vms=vms)
    assert (forewarning.outlook(8 * GIB) is not None) is told


def test_a_short_look_says_nothing() -> None:
    assert outlook_of([4 - 0.2 * i for i in range(15)]) is None


def test_loading_data_is_given_more_time_than_steps() -> None:
    """Before any step, steady growth of a minute or two is data being loaded."""
    for steps, told in ((0, False), (1, True)):
        forewarning = Forewarning()
        for i in range(60):
            headroom = int((4 - 0.02 * i) * GIB)
            forewarning.note(2.0 * i, headroom, steps * i - 1, "NONE")
        assert (forewarning.outlook(16 * GIB) is not None) is told
