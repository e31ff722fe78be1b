from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kerascrash.model.case import Mark, Recording, Series
from kerascrash.report.charts.curves import LABEL_GAP
from kerascrash.report.charts.happenings import (
    NARROW,
    WIDE,
    epoch_ticks,
    stage_bands,
    stage_durations,
)
from kerascrash.report.charts.rows import build_rows
from kerascrash.report.charts.scale import byte_ticks, second_ticks, spell_elapsed
from kerascrash.report.charts.spark import spark_path
from kerascrash.report.charts.timeline import build_timelines
from kerascrash.report.charts.window import Window
from kerascrash.report.series import merged_points, thin

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis

GIB = 1 << 30


@pytest.mark.parametrize("top", [1, 7, 900, 5e5, 1.5 * GIB, 8 * GIB, 23.5 * GIB, 2**44])
def test_ticks_of_sizes_are_few_round_and_within(top: float) -> None:
    ticks = byte_ticks(top)
    values = [value for value, _ in ticks]
    assert values[0] == 0
    assert 2 <= len(values) <= 5
    assert values[-1] <= top
    assert len({label for _, label in ticks}) == len(ticks)
    assert all(v == 0 or (v / values[1]).is_integer() for v in values)


def test_ticks_of_sizes_read_as_people_say_them() -> None:
    assert [label for _, label in byte_ticks(8 * GIB)] == [
        "0", "2 GiB", "4 GiB", "6 GiB", "8 GiB",
    ]  # fmt: skip
    assert [label for _, label in byte_ticks(1.5 * GIB)] == [
        "0", "0.5 GiB", "1 GiB", "1.5 GiB",
    ]  # fmt: skip


@pytest.mark.parametrize("span", [0.002, 0.5, 3, 59, 61, 369, 7200, 90_000, 4e6, 1e8])
def test_ticks_of_time_are_few_and_within(span: float) -> None:
    ticks = second_ticks(span, 6)
    assert 1 <= len(ticks) <= 7
    assert ticks[-1] <= span * 1.0001


@pytest.mark.parametrize(
    ("seconds", "span", "spelt"),
    [
        (0, 9, "0"),
        (0.5, 3, "0.5 s"),
        (90, 100, "90 s"),
        (90, 300, "1.5 min"),
        (5400, 9000, "90 min"),
        (5400, 20_000, "1.5 h"),
        (43_200, 300_000, "0.5 d"),
    ],
)
def test_elapsed_time_is_spelt_short(seconds: float, span: float, spelt: str) -> None:
    assert spell_elapsed(seconds, span) == spelt


@pytest.mark.parametrize("span", [9, 59, 99, 101, 179, 181, 599, 3000, 9999, 1e5, 4e6])
def test_an_axis_of_time_has_one_unit_and_room_for_each_label(span: float) -> None:
    for most, width in ((10, WIDE), (4, NARROW)):
        ticks = second_ticks(span, most)
        labels = [spell_elapsed(tick, span) for tick in ticks]
        assert len({label.split(" ")[-1] for label in labels[1:]}) == 1
        apart = width * ticks[1] / span if len(ticks) > 1 else width
        assert max(map(len, labels)) * 6.2 < apart, labels


def test_thinning_keeps_the_ends_and_the_extremes() -> None:
    points = [(float(t), 100) for t in range(20_000)]
    points[7_777] = (7_777.0, 10**9)
    points[12_345] = (12_345.0, 1)
    thinned = thin(points, 50)
    assert len(thinned) <= 200
    assert {points[0], points[-1], points[7_777], points[12_345]} <= set(thinned)
    assert thinned == sorted(thinned)


def test_a_stage_within_a_stage_is_the_one_that_shows() -> None:
    marks = [
        Mark(0.0, "stage_begin", {"stage": "fit"}),
        Mark(40.0, "stage_begin", {"stage": "evaluate"}),
        Mark(60.0, "stage_end", {"stage": "evaluate"}),
        Mark(80.0, "stage_end", {"stage": "fit"}),
    ]
    bands = sorted(stage_bands(marks, Window(0, 100)), key=lambda b: b.at)
    assert [(b.stage, b.at, b.width) for b in bands] == [
        ("fit", 0, 40), ("evaluate", 40, 20), ("fit", 60, 20),
    ]  # fmt: skip
    assert stage_durations(marks, 100.0) == (("fit", 60.0), ("evaluate", 20.0))


def test_a_stage_that_never_ended_lasts_to_the_end() -> None:
    marks = [Mark(90.0, "stage_begin", {"stage": "fit"})]
    (band,) = stage_bands(marks, Window(0, 100))
    assert (band.at, band.width) == (90, 10)


def test_an_end_without_a_beginning_changes_nothing() -> None:
    marks = [Mark(10.0, "stage_end", {"stage": "fit"}), Mark(11.0, "stage_end", {})]
    assert stage_bands(marks, Window(0, 100)) == ()


@pytest.mark.parametrize("count", [1, 3, 30, 1000])
def test_labels_of_epochs_never_overlap(count: int) -> None:
    marks = [Mark(t * 100 / count, "epoch_begin", {"epoch": t}) for t in range(count)]
    ticks = epoch_ticks(marks, Window(0, 100))
    assert len(ticks) <= 200
    for width, shown in (
        (WIDE, [t for t in ticks if t.label]),
        (NARROW, [t for t in ticks if t.label and not t.wide]),
    ):
        assert shown
        for tick, following in itertools.pairwise(shown):
            apart = (following.at - tick.at) / 100 * width
            assert apart > 6 * len(tick.label), (tick, following)


def test_labels_at_the_right_edge_never_overlap() -> None:
    readings = {
        "rss": [(0.0, 1000), (100.0, 1001)],
        "cgroup_current": [(0.0, 1000), (100.0, 1000)],
        "cgroup_limit": [(0.0, 1002), (100.0, 1002)],
        "children_rss": [(0.0, 3), (100.0, 2)],
    }
    (row,) = build_rows(readings, Window(0, 100))
    heights = sorted(line.label_y for line in row.lines)
    assert len(heights) == 4
    assert all(b - a >= LABEL_GAP for a, b in itertools.pairwise(heights))
    assert heights[-1] <= row.height


def test_a_limit_far_above_is_told_and_not_drawn() -> None:
    readings = {
        "rss": [(0.0, GIB), (9.0, GIB)],
        "cgroup_limit": [(0.0, 64 * GIB), (9.0, 64 * GIB)],
    }
    (row,) = build_rows(readings, Window(0, 9))
    assert [line.name for line in row.lines] == ["process"]
    assert "64.0 GiB" in row.note
    unlimited = {**readings, "cgroup_limit": [(0.0, 2**63 - 4096)]}
    (row,) = build_rows(unlimited, Window(0, 9))
    assert row.note == ""


def test_every_point_lies_within_its_box() -> None:
    readings = {"rss": [(float(t), (t * 7919) % 5000 * 1000) for t in range(5000)]}
    (row,) = build_rows(readings, Window(1000, 4000))
    pairs = [p.split(" ") for p in row.lines[0].path[1:].split("L")]
    assert all(0 <= float(x) <= 1000 for x, _ in pairs)
    assert all(0 <= float(y) <= row.height for _, y in pairs)


def test_a_stretch_without_readings_is_a_gap(diagnosis: Diagnosis) -> None:
    whole, last = build_timelines(diagnosis.case)
    assert len(whole.gaps) == 1
    begin, end = whole.gaps[0]
    assert begin == pytest.approx(100 * 200 / 369.2, abs=0.5)
    assert end == pytest.approx(100 * 212 / 369.2, abs=0.5)
    assert last.gaps == ()


def test_from_the_last_reading_to_a_late_death_is_a_gap(diagnosis: Diagnosis) -> None:
    case = diagnosis.case
    assert case.death is not None
    whole, *_ = build_timelines(replace(case, death=case.death + 60))
    assert whole.gaps[-1][1] == 100
    assert whole.gaps[-1][0] == pytest.approx(100 * 369.2 / 429.2, abs=0.5)


def test_a_container_without_a_limit_is_told_too() -> None:
    readings = {
        "rss": [(0.0, GIB), (9.0, GIB)],
        "cgroup_current": [(0.0, GIB), (9.0, 2 * GIB)],
    }
    (row,) = build_rows(readings, Window(0, 9))
    assert row.message.endswith("its container held 2.0 GiB.")


def test_a_short_run_has_one_chart_and_a_single_reading_is_no_error(
    diagnosis: Diagnosis,
) -> None:
    series = (Series("rss", "recorder", (5.0,), (1000,)),)
    case = replace(
        diagnosis.case, recording=Recording("x.bin", "recording", series), death=5.0
    )
    (chart,) = build_timelines(case)
    assert chart.rows[0].lines[0].name == "process"


def test_readings_of_recorder_and_watcher_are_merged(diagnosis: Diagnosis) -> None:
    recording = diagnosis.case.recording
    assert isinstance(recording, Recording)
    points = merged_points(recording, "rss")
    assert points == sorted(points)
    assert len(points) == sum(len(s.times) for s in recording.series if s.name == "rss")


@pytest.mark.parametrize(
    "odd", [None, 5, [], [[1, 2, 3]], [["a", "b", "c"], [1]], [[0, 5, 1], [0, 5, 2]]]
)
def test_a_history_that_makes_no_curve_draws_none(odd: object) -> None:
    assert spark_path(odd) == ""
