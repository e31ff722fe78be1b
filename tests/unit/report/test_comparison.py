"""The comparison as page, text and data: whole, small, and inert whatever it is fed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from kerascrash.model.comparison import Comparison, Course, Difference, Side
from kerascrash.report.charts.courses import build_courses
from kerascrash.report.comparison import document, html, text, view

GIB = 1 << 30
MIB = 1 << 20
HOSTILE = "</script><script>x=1</script><img src=x onerror=y>\x1b[31m\u202e{{7*7}}"


def course(seconds: int, per_second: int) -> Course:
    points = tuple((float(t - 12), 500 * MIB + t * per_second) for t in range(seconds))
    return Course(points, 2 * GIB, seconds - 12.0)


DIED = Side(
    "runs/died.bin", "/home/ada/train.py", "killed by the kernel: limit reached.",
    "host_oom_cgroup", "tensor_leak", "Trainer.history", 0.98, False, "84a219e2ad",
    1_795_441_402.0, 60.0, 2 * GIB, 329, course(60, 26 * MIB),
)  # fmt: skip
LIVED = replace(
    DIED, source="runs/lived.bin", sentence="ended cleanly.", cause="clean_exit",
    factor="none", lived=True, signature="a77e9aaca4", course=course(70, MIB),
)  # fmt: skip
DIFFERENCES = (
    Difference("holdings", "Trainer.history", GIB, None, "bytes", 0.9, "list of 329"),
    Difference("growth", "growth", 4e6, 20.0, "bytes per step", 0.8),
    Difference("batch", "batch size", 32, 128, "count", 0.5),
    Difference("versions", "tensorflow", "2.20.0", "2.21.0", "", 0.1),
    Difference("speed", "time of a step", 0.2, 0.1, "seconds", 0.1),
)
TITLES = {"holdings": "what the script held", "versions": "versions"}


@pytest.fixture
def comparison() -> Comparison:
    return Comparison(DIED, LIVED, DIFFERENCES, "fit", ("run B: no limits",), TITLES)


def test_the_headline_says_how_both_ended_and_what_differs_most(
    comparison: Comparison,
) -> None:
    ended, most = view.headline(comparison)
    assert ended == "Run A died, run B lived."
    assert most == (
        "What differs most: `Trainer.history` (what the script held), 1.0 GiB in run A "
        "and not in the other."
    )
    same = replace(comparison, b=DIED, differences=())
    assert view.headline(same) == (
        "Both runs died the same death.",
        "Nothing that was recorded differs.",
    )
    other = replace(comparison, b=replace(DIED, signature="ffffffffff"))
    assert view.headline(other)[0] == "Two different deaths."


@pytest.mark.parametrize(
    ("number", "change"),
    [(0, "only in A"), (1, "−3.8 MiB per step"), (2, "× 4"), (3, ""), (4, "× 0.5")],
)
def test_changes_in_words(number: int, change: str) -> None:
    assert view.change_text(DIFFERENCES[number]) == change


def test_the_page_is_whole_and_loads_nothing(comparison: Comparison) -> None:
    page = html.render(comparison)
    HTMLParser().feed(page)
    assert page.count("<section") == page.count("</section>") >= 4
    assert "default-src 'none'" in page
    assert "://" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert len(page.encode()) < 60_000
    chart = re.search(r"<figure.*?</figure>", page, re.DOTALL)
    assert chart is not None
    assert len(chart.group().encode()) < 30 * 1024
    assert "Run A reached 2.0 GiB and died 47 s after fit began." in chart.group()


def test_both_courses_begin_the_stage_at_the_same_place(comparison: Comparison) -> None:
    chart = build_courses(comparison)
    assert chart is not None
    assert chart.zero == pytest.approx(100 * 12 / 70, abs=0.1)
    assert [tick.label for tick in chart.x_ticks][:3] == ["−10 s", "0", "10 s"]
    assert {ending.label: ending.died for ending in chart.endings} == {
        "A": True,
        "B": False,
    }


def test_a_run_far_longer_does_not_flatten_the_other(comparison: Comparison) -> None:
    long = replace(LIVED, course=course(20_000, 10))
    chart = build_courses(replace(comparison, b=long))
    assert chart is not None
    assert [ending.label for ending in chart.endings] == ["A"]
    assert "Run B went on until 5 h 33 min." in chart.note


def test_without_readings_there_is_no_chart(comparison: Comparison) -> None:
    bare = replace(comparison, b=replace(LIVED, course=Course()))
    assert build_courses(bare) is None
    assert "<figure" not in html.render(bare)


@pytest.mark.parametrize("width", [40, 88, 160])
def test_text_keeps_within_the_width(comparison: Comparison, width: int) -> None:
    told = text.render(comparison, width)
    assert max(map(len, told.splitlines())) <= width
    flat = " ".join(told.split())
    assert "batch size: 32 → 128 (× 4)" in flat
    assert "\x1b" not in told


def test_data_hold_what_the_text_says(comparison: Comparison) -> None:
    told = json.loads(document.render(comparison))
    assert told["schema"] == "kerascrash.diff/1"
    assert told["differences"][0]["name"] == "Trainer.history"
    assert told["differences"][0]["b"] is None
    assert told["runs"]["B"]["lived"] is True
    assert len(told["courses"]["A"]["points"]) == 60


def test_hostile_names_stay_text(comparison: Comparison) -> None:
    spoilt = replace(
        comparison,
        a=replace(
            DIED, source=HOSTILE, script=HOSTILE, sentence=HOSTILE, culprit=HOSTILE
        ),
        differences=tuple(
            replace(each, name=HOSTILE + each.name, note=HOSTILE)
            for each in DIFFERENCES
        ),
        unknown=(HOSTILE,),
    )
    page = html.render(spoilt)
    calm = html.render(comparison)
    for tag in ("<script", "<img", "onerror=y>"):
        assert page.count(tag) == calm.count(tag)
    assert "{{7*7}}" in page
    for told in (page, text.render(spoilt), document.render(spoilt)):
        assert "\x1b" not in told
        assert "\u202e" not in told


def test_the_headline_names_what_explains_the_memory(comparison: Comparison) -> None:
    peak = Difference("memory", "at its peak", 2 * GIB, GIB, "bytes", 1.0)
    told = replace(comparison, differences=(peak, *DIFFERENCES))
    assert "Trainer.history" in view.headline(told)[1]
    trifle = replace(DIFFERENCES[0], weight=0.2)
    assert "at its peak" in view.headline(replace(told, differences=(peak, trifle)))[1]
