from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from kerascrash.report import html
from kerascrash.report.held import inventory_rows
from kerascrash.report.templates import find_templates

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis

ORDER = [
    "advice",
    "timeline",
    "ledger",
    "forecast",
    "model",
    "evidence",
    "rivals",
    "stacks",
    "logs",
    "environment",
    "gaps",
    "sharing",
    "reading",
]
LOADING = {"src", "srcset", "poster", "data", "action", "background", "xlink:href"}
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Collects elements, their attributes, and whether every one is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_templates_are_those_of_this_checkout() -> None:
    assert (find_templates() / "report.html").is_file()


def test_every_element_is_closed_and_every_id_is_unique(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    ids = [a["id"] for _, a in parsed.elements if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in parsed.all("a") if a["href"].startswith("#")}
    assert targets <= set(ids)


def test_the_policy_names_the_only_script_by_its_hash(page: str) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:; "
        f"script-src 'sha256-{digest}'\">" in page
    )
    assert page.index("Content-Security-Policy") < page.index("<style")


def test_nothing_is_loaded_and_nothing_links_outside(page: str) -> None:
    for tag, attributes in Page(page).elements:
        assert not LOADING & set(attributes), (tag, attributes)
        assert attributes.get("href", "#")[0] == "#" or tag == "link"
        assert not any(name.startswith("on") for name in attributes)
    assert "://" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert "url(" not in re.sub(r"url\(#chart-\w+-hatch\)", "", page)
    assert "@import" not in page


def test_the_sections_come_in_the_order_of_the_design(page: str) -> None:
    found = re.findall(r'<section id="([a-z]+)"', page)
    assert found == ORDER
    headings = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(headings))


def test_what_scrolls_can_be_reached_by_keyboard(page: str) -> None:
    parsed = Page(page)
    scrolling = parsed.all("pre")
    scrolling += [a for a in parsed.all("div") if "scroll" in a.get("class", "")]
    assert len(scrolling) > 5
    for attributes in scrolling:
        assert attributes["tabindex"] == "0"
        assert attributes["role"] == "region"
    labels = [attributes["aria-label"] for attributes in scrolling]
    assert all(labels)
    assert len(labels) == len(set(labels))


def test_the_answer_comes_first(page: str) -> None:
    top = page[page.index("<h1") : page.index("<nav")]
    for said in (
        "Killed by the kernel: container memory limit (8.0 GiB) reached.",
        "very likely, 98",
        "Trainer.history",
        "train.py:41",
        "self.history.append(self.model(batch))",
        "Last checkpoint:",
        "Keep a number instead of the tensor",
        "saves about 7.3",
    ):
        assert said in top.replace("\u00a0", " "), said


def test_the_marked_line_is_the_culprits(page: str) -> None:
    hits = re.findall(r'<span class="l hit">.*?</span><code[^>]*>(.*?)</code>', page)
    assert [hit.strip() for hit in hits] == ["self.history.append(self.model(batch))"]


def test_charts_are_small_and_say_what_they_show(page: str) -> None:
    charts = re.findall(r'<figure class="chart".*?</figure>', page, re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        assert len(chart.encode()) <= 30 * 1024
        assert 'role="img"' in chart
        assert "The process went from" in chart
        assert "✕ died" in chart


def test_the_page_is_small_enough(page: str) -> None:
    assert len(page.encode()) <= 300 * 1024


def test_the_same_diagnosis_gives_the_same_bytes(
    diagnosis: Diagnosis, page: str
) -> None:
    assert html.render(diagnosis) == page


@pytest.mark.parametrize("fits", [None, 5, {}, {"batch_size": "x"}, {"low": None}])
def test_a_forecast_is_told_only_when_it_is_whole(
    diagnosis: Diagnosis, page: str, fits: object
) -> None:
    assert "A batch of 96 should fit" in page
    without = replace(diagnosis, forecast={"fits": fits})
    assert "should fit" not in html.render(without)


def test_an_empty_diagnosis_says_what_is_missing(empty_diagnosis: Diagnosis) -> None:
    page = html.render(empty_diagnosis)
    assert Page(page).open == []
    assert "Cannot tell how it died." in page
    assert "the script was not armed" in page
    assert '<h2 id="timeline-title"' not in page


def test_the_whole_page_grows_with_nothing_without_end(diagnosis: Diagnosis) -> None:
    recording = diagnosis.case.recording
    entries = recording.inventory["entries"] * 2000
    threads = recording.stacks["threads"] * 200
    huge = replace(
        recording,
        inventory={**recording.inventory, "entries": entries},
        stacks={"threads": [{**t, "frames": t["frames"] * 200} for t in threads]},
        marks=recording.marks * 500,
    )
    logs = tuple(replace(log, lines=log.lines * 3000) for log in diagnosis.case.logs)
    case = replace(diagnosis.case, recording=huge, logs=logs)
    big = replace(diagnosis, case=case, evidence=diagnosis.evidence * 2000)
    assert len(html.render(big).encode()) < 1 << 20


def test_threads_in_one_place_are_told_once(diagnosis: Diagnosis) -> None:
    recording = diagnosis.case.recording
    main, loader = recording.stacks["threads"]
    waiting = [{**loader, "name": f"Thread-{n}"} for n in range(280)]
    case = replace(
        diagnosis.case,
        recording=replace(recording, stacks={"threads": [main, *waiting]}),
    )
    page = html.render(replace(diagnosis, case=case))
    assert "Thread-0 and 279 more in the same place" in page
    assert "Thread-1 " not in page


def test_an_estimate_beyond_the_whole_process_is_no_size(diagnosis: Diagnosis) -> None:
    """A sampled size can be far off; what was never resident is not believed."""
    recording = diagnosis.case.recording
    entry = recording.inventory["entries"][0]
    fancy = {**entry, "owner": "iterator", "bytes": 84 << 30, "estimated": True}
    measured = {**fancy, "owner": "mapped", "estimated": False}
    case = replace(
        diagnosis.case,
        recording=replace(recording, inventory={"entries": [fancy, measured, entry]}),
    )
    rows = {row["owner"]: row["bytes"] for row in inventory_rows(case)["rows"]}
    assert list(rows) == ["mapped", entry["owner"], "iterator"]
    assert rows["iterator"] is None


def test_what_has_nothing_for_it_is_no_rival(page: str) -> None:
    rivals = page[page.index('id="rivals"') : page.index('id="stacks"')]
    assert "host_oom_global" in rivals  # the best one is always told
    assert "external_kill" not in rivals


def test_the_factor_is_told_where_nobody_can_be_blamed(diagnosis: Diagnosis) -> None:
    sentence = diagnosis.verdict.summary.splitlines()[0]
    nobody = replace(diagnosis.verdict, culprit=None, summary=sentence)
    page = html.render(replace(diagnosis, verdict=nobody))
    lead = re.search(r'<p class="lead">(.*?)</p>', page)
    assert lead is not None
    assert "grew by 4.0 MiB each step" in lead.group(1)
