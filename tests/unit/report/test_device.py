"""Device memory in the reports: its course by step, and what was alive at the peak."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from kerascrash.model.case import Case, Recording, Series
from kerascrash.model.evidence import Unavailable
from kerascrash.report import html, jsonfile, markdown, terminal
from kerascrash.report.charts.bystep import build_step_chart

MIB = 1 << 20
START = 1_700_000_000.0
NONE = Unavailable("x", "absent")


def row_of(steps: int = 20, **changes: Any) -> dict[str, Any]:
    times = [START + n for n in range(steps)]
    live = {"op": "Mul", "shape": "[1024,2048]", "dtype": "float32", "count": 19}
    row = {
        "name": "GPU_0_bfc",
        "device": "GPU:0",
        "host": None,
        "peak_bytes": 390 * MIB,
        "capacity_bytes": 400 * MIB,
        "fragmentation": 0.25,
        "confidence": 1.0,
        "before_window_bytes": 30 * MIB,
        "reserved_bytes": 0,
        "live_at_peak": [{**live, "bytes": 152 * MIB}],
        "growing": [{**live, "bytes": 152 * MIB, "bytes_per_step": 8.0 * MIB}],
        "timeline": [[t, (10 + n) * MIB] for n, t in enumerate(times)],
        "steps": [
            [t, (200 + 10 * n) * MIB, (9 * n) * MIB] for n, t in enumerate(times)
        ],
        "windows": 1,
        "failed_request": {
            "requested_bytes": 64 * MIB,
            "op": "Relu",
            "free_bytes": 80 * MIB,
            "largest_free_bytes": 9 * MIB,
        },
    }
    return {**row, **changes}


def case_of(times: tuple[float, ...] = ()) -> Case:
    series = Series(
        "rss", "recorder", times, tuple((n + 1) << 30 for n in range(len(times)))
    )
    recording = Recording("x.bin", "sealed", series=(series,)) if times else NONE
    return Case("linux", NONE, NONE, recording, NONE)


def test_the_pool_by_step_stands_over_the_process_at_that_time() -> None:
    times = tuple(START - 2 + 0.5 * n for n in range(60))
    chart = build_step_chart(row_of(), case_of(times))
    assert chart is not None
    pool, host = chart.rows
    assert [line.name for line in pool.lines] == ["limit", "at its end", "peak"]
    assert [line.last for line in pool.lines] == ["400.0 MiB", "171.0 MiB", "390.0 MiB"]
    # In force 0 and 19 s after the begin: the fifth and the forty-third reading.
    assert "from 5.0 GiB to 43.0 GiB" in host.message
    assert chart.breaks == ()
    assert chart.axis.startswith("step")


def test_a_run_that_was_not_recorded_then_has_no_row() -> None:
    chart = build_step_chart(
        row_of(), case_of(tuple(START - 900 + n for n in range(9)))
    )
    assert chart is not None
    assert len(chart.rows) == 1


def test_windows_are_told_apart_and_a_slow_step_is_none() -> None:
    """The first step of a training takes long: it traces its functions."""
    begins = [START, START + 100, START + 200]
    times = [begin + n for begin in begins for n in (0, 40, 41, 42)]
    steps = [[time, MIB * (n + 1), MIB] for n, time in enumerate(times)]
    row = row_of() | {"steps": steps, "window_begins": begins}
    chart = build_step_chart(row, case_of())
    assert chart is not None
    assert chart.breaks == pytest.approx((100 * 3.5 / 11, 100 * 7.5 / 11), abs=0.01)


def test_without_steps_the_course_is_over_time() -> None:
    chart = build_step_chart(row_of() | {"steps": []}, case_of())
    assert chart is not None
    assert chart.axis == "time since the window began"
    assert build_step_chart(row_of() | {"steps": [], "timeline": []}, case_of()) is None


def test_every_format_tells_it(diagnosis: Any) -> None:
    with_pool = replace(diagnosis, allocators=(row_of(),))
    page = html.render(with_pool)
    assert 'class="bystep"' in page
    assert "Alive at the peak of" in page
    assert "Allocated before the window, of no known op" in page
    for text in (markdown.render(with_pool), terminal.render(with_pool)):
        assert "Device memory" in text
        assert "peak of each of 20 steps, 200.0 MiB to 390.0 MiB" in text
        assert "80.0 MiB free in pieces of 9.0 MiB" in " ".join(text.split())
        assert "8.0 MiB more each step" in text
    row = json.loads(jsonfile.render(with_pool))["allocators"][0]
    assert row["steps"][0] == [START, 200 * MIB, 0]


def test_a_run_without_a_pool_has_no_such_section(diagnosis: Any) -> None:
    without = replace(diagnosis, allocators=())
    assert "bystep" not in html.render(without).split("</style>")[1]
    assert "fragmented; refused" not in terminal.render(without)
