"""What grows, and what only looks so for the moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kerascrash.estimate.holdings import Holding
from kerascrash.estimate.kept import is_growing, leaks
from tests.unit.conftest import START

TOOTH = [0, 20, 40, 60]


@pytest.mark.parametrize(
    ("sizes", "grows"),
    [
        ([10, 20, 30, 40], True),
        ([10, 20, 30], True),
        ([10, 40, 40, 40, 40, 40], False),
        ([5, 5, 5, 5], False),
        (TOOTH * 4, False),
        ((TOOTH * 4)[:-1], False),
        ([*TOOTH * 2, 0, 30, 60, 90, 120], True),
        ([100, 40, 140, 60, 180, 80, 220, 100], True),
        ([7, 1, 3, 5, 8], False),  # looked at by chance when it was fuller
        ([8, 10, 2, 8, 5, 7], False),
    ],
)
def test_what_is_emptied_now_and_then_does_not_grow(sizes, grows) -> None:
    rows = enumerate(sizes)
    history = tuple((step, 100.0 + step, size << 20) for step, size in rows)
    held = Holding(
        "kept", "list", "list of arrays", 9, sizes[-1] << 20, history=history
    )
    assert is_growing(held) is grows


@pytest.mark.parametrize(
    ("steps", "sizes", "grows"),
    [
        ([10, 25, 40, 60, 120], [10, 25, 40, 50, 50], False),  # full at step 50
        ([10, 25, 40, 60, 75], [10, 25, 40, 50, 50], True),  # may just not be counted
        ([0, 100, 140, 200, 240], [0, 9, 9, 18, 18], True),  # one more each 100 steps
        ([1, 2, 3, 4], [10, 20, 30, 40], True),
        ([5, 10, 15, 20, *range(40, 280, 20)], [5, 9, 14, 20, *[20] * 12], False),
    ],
)
def test_what_is_full_has_stopped(steps, sizes, grows) -> None:
    rows = zip(steps, sizes, strict=True)
    history = tuple((step, 100.0 + step, size << 20) for step, size in rows)
    held = Holding("kept", "deque", "deque", 9, sizes[-1] << 20, history=history)
    assert is_growing(held) is grows


@pytest.mark.parametrize(("device", "blamed"), [("host", []), ("GPU:0", ["pending"])])
def test_a_process_that_stays_level_has_no_leak(training, device, blamed) -> None:
    builder = training(seconds=20).grows((5, 400), (20, 401)).runs(5, step=160)
    builder.asks(1, 1 << 20)
    builder.holds_list("pending", 1 << 20, [3, 7, 11, 12], device=device)
    rows = builder.inventory["entries"][0]["history"]
    for row, at in zip(rows, (6, 10, 14, 18), strict=True):
        row[1] = rows[-1][1] - 20 + at
    assert [kept.holding.owner for kept in leaks(builder.build())] == blamed


def test_a_reader_that_came_late_does_not_make_it_level(training) -> None:
    """The watcher's readings may cover the end alone, and be ten times as dense."""
    builder = training(seconds=20).grows((5, 400), (20, 1400)).runs(5, step=160)
    builder.asks(1, 1 << 20)
    builder.holds_list("kept", 6 << 20, [3, 60, 110, 160])
    rows = builder.inventory["entries"][0]["history"]
    for row, at in zip(rows, (6, 10, 14, 18), strict=True):
        row[1] = rows[-1][1] - 20 + at
    case = builder.build()
    recording = case.recording
    late = tuple(
        replace(one, origin="watcher", times=times, values=(one.values[-1],) * 200)
        for one in recording.series
        if (times := tuple(one.times[-1] - 1 + n / 200 for n in range(200)))
    )
    case = replace(
        case, recording=replace(recording, series=(*late, *recording.series))
    )
    assert [kept.holding.owner for kept in leaks(case)] == ["kept"]


@pytest.mark.parametrize(
    ("course", "blamed"),
    [
        (((5, 400), (16, 401), (20, 1400)), ["kept"]),
        (((5, 400), (16, 401), (18, 900), (18.5, 401), (20, 402)), []),
    ],
)
def test_growth_that_began_late_is_growth(training, course, blamed) -> None:
    """Compiling took most of the time; the second one is emptied again."""
    builder = training(seconds=20).grows(*course).runs(5, step=160)
    builder.asks(1, 1 << 20)
    builder.holds_list("kept", 6 << 20, [1, 2, 60, 70, 90, 110, 130, 160])
    rows = builder.inventory["entries"][0]["history"]
    times = (6, 12, 17.2, 17.4, 17.7, 18, 18.5, 18.9)
    for row, at in zip(rows, times, strict=True):
        row[1] = rows[-1][1] - 20 + at
    assert [kept.holding.owner for kept in leaks(builder.build())] == blamed


def test_a_saw_tooth_seen_rising_by_four_looks_is_no_late_growth(training) -> None:
    """The process fills and empties as well: its later low points are no lower."""
    teeth = [(5 + n, 400 + 120 * (n % 3)) for n in range(16)]
    builder = training(seconds=20).grows(*teeth).runs(5, step=160)
    builder.asks(1, 1 << 20)
    builder.holds_list("pending", 6 << 20, [2, 3, 20, 30, 40])
    rows = builder.inventory["entries"][0]["history"]
    for row, at in zip(rows, (6, 9, 13, 16, 19), strict=True):
        row[1] = rows[-1][1] - 20 + at
    assert leaks(builder.build()) == ()


@pytest.mark.parametrize(("rises", "blamed"), [(0, []), (8, ["pending"])])
def test_the_first_time_it_is_filled_is_no_rise_of_low_points(
    training, rises, blamed
) -> None:
    """Looks by chance see a saw-tooth only high later on: its process tells."""
    early, late = (0, 0, 4, 12), (0, 12, 12, 12)  # by chance it lingers full later
    teeth = [
        (5 + n / 2, 400 + rises * n + 14 * min(n, 4) / 4 + (early, late)[n > 15][n % 4])
        for n in range(31)
    ]
    builder = training(seconds=20).grows(*teeth).runs(5, step=160)
    builder.asks(1, 1 << 20)
    builder.holds_list("pending", 2 << 20, [1, 11, 2, 8, 1, 5, 7, 11, 6, 8])
    rows = builder.inventory["entries"][0]["history"]
    for number, row in enumerate(rows):
        row[1] = rows[-1][1] - 15 + 1.5 * number
    assert [kept.holding.owner for kept in leaks(builder.build())] == blamed


@pytest.mark.parametrize(("stood", "blamed"), [(40, ["kept"]), (0, [])])
def test_waiting_at_the_limit_makes_no_leak_level(training, stood, blamed) -> None:
    """No step ended while the kernel looked for pages: nothing could grow."""
    course = ((5, 400), (15, 1400), (60, 1401))
    builder = training(seconds=60).grows(*course).runs(5, step=160)
    builder.asks(1, 1 << 20)
    builder.progress["time"] -= stood + 5
    builder.holds_list("kept", 6 << 20, [3, 60, 110, 160])
    rows = builder.inventory["entries"][0]["history"]
    for row, at in zip(rows, (6, 9, 12, 15), strict=True):
        row[1] = START + at
    assert [kept.holding.owner for kept in leaks(builder.build())] == blamed
